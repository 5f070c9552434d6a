"""Pure functions that measure: an objective, operator or tensors in, a reading with its evidence out."""

from phenoscope.instruments.density import Density, density
from phenoscope.instruments.descent import (
    Alternation,
    GradientNorm,
    RelativeProgress,
    alternation,
    gradient_norm,
    relative_progress,
)
from phenoscope.instruments.extremes import Extremes
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.spectrum import Eigenpair, Eigenpairs, eigenvalues, sharpness
from phenoscope.instruments.trace import Trace, trace
from phenoscope.instruments.tracking import Tracker, Tracking

__all__ = [
    "Alternation",
    "Density",
    "Eigenpair",
    "Eigenpairs",
    "Extremes",
    "GradientNorm",
    "Outcome",
    "RelativeProgress",
    "Trace",
    "Tracker",
    "Tracking",
    "alternation",
    "density",
    "eigenvalues",
    "gradient_norm",
    "relative_progress",
    "sharpness",
    "trace",
]
