"""Phenoscope: a laboratory for the phenomena of deep learning.

Measure what training does to a network, reproduce the phenomena the field argues about, and judge the claims made
about them. Start with `Objective` and `sharpness`, or with `run("edge_of_stability")`.
"""

from phenoscope import probes
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine import Panel, measure, run
from phenoscope.instruments import (
    Eigenpair,
    Eigenpairs,
    Outcome,
    Trace,
    alternation,
    eigenvalues,
    gradient_norm,
    relative_progress,
    sharpness,
    trace,
)
from phenoscope.objective import Objective, freeze
from phenoscope.store import load
from phenoscope.training import Recipe, train

__version__ = "0.1.0"

__all__ = [
    "BadInput",
    "Eigenpair",
    "Eigenpairs",
    "Objective",
    "Outcome",
    "Panel",
    "PhenoscopeError",
    "Recipe",
    "Trace",
    "alternation",
    "eigenvalues",
    "freeze",
    "gradient_norm",
    "load",
    "measure",
    "probes",
    "relative_progress",
    "run",
    "sharpness",
    "trace",
    "train",
]
