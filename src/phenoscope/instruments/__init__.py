"""Pure functions that measure: an objective, operator or tensors in, a reading with its evidence out."""

from phenoscope.instruments.bench import Bench
from phenoscope.instruments.counts import Count, Loss
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
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.registry import INSTRUMENTS, Instrument
from phenoscope.instruments.sampling import Sampled, sampling_error
from phenoscope.instruments.spectrum import Eigenpair, Eigenpairs, eigenvalues, sharpness
from phenoscope.instruments.trace import Trace, trace
from phenoscope.instruments.tracking import Tracker, Tracking

__all__ = [
    "INSTRUMENTS",
    "Alternation",
    "Bench",
    "Count",
    "Density",
    "Eigenpair",
    "Eigenpairs",
    "Extremes",
    "GradientNorm",
    "Instrument",
    "Loss",
    "Outcome",
    "Reading",
    "RelativeProgress",
    "Sampled",
    "Trace",
    "Tracker",
    "Tracking",
    "alternation",
    "density",
    "eigenvalues",
    "gradient_norm",
    "relative_progress",
    "sampling_error",
    "sharpness",
    "trace",
]
