"""The checker that the import hook puts around every function of the numeric packages."""

import random
from collections.abc import Callable
from typing import Any

import beartype
from beartype._check.code import codemain

# Beartype draws from Python's global random state to look into containers; tests compare that state.
codemain.getrandbits = random.Random(0).getrandbits


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Beartype, with an int passing for a float as PEP 484 has it."""
    return beartype.beartype(function, conf=beartype.BeartypeConf(is_pep484_tower=True))
