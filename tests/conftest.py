"""Numeric code runs with shapes and types checked, on one thread (small networks are several times slower on two).

Specs outside it refuse wrong types in their own words, which their tests read; so the checker leaves them alone.
"""

import torch
from jaxtyping import install_import_hook

collect_ignore_glob = ["*conftest.py"]  # no doctests here, and two modules of that name cannot both be collected

CHECKED = ("core", "objective", "instruments", "theory", "training")

install_import_hook([f"phenoscope.{package}" for package in CHECKED], "typechecking.checked")
torch.set_num_threads(1)
