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
from phenoscope.instruments.eigenspaces import EigenspaceOverlap, eigenspace_overlap
from phenoscope.instruments.extremes import Extremes
from phenoscope.instruments.gradient_coherence import Coherence, Stiffness, gradient_coherence, gradient_stiffness
from phenoscope.instruments.gradient_noise import NoiseScale, curved_noise_scale, noise_scale
from phenoscope.instruments.gradient_share import (
    BatchGradientShare,
    GradientShare,
    batch_gradient_share,
    gradient_share,
)
from phenoscope.instruments.gradient_snr import SignalToNoise, gradient_snr
from phenoscope.instruments.landscape import line_curvature, loss_line, loss_plane
from phenoscope.instruments.moments import GradientMoments, gradient_moments
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.pictures import Axis, LineCurvature, LossLine, LossPlane, Picture
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.registry import INSTRUMENTS, Instrument
from phenoscope.instruments.sampling import Sampled, sampling_error
from phenoscope.instruments.spectrum import Eigenpair, Eigenpairs, eigenvalues, sharpness
from phenoscope.instruments.symmetries import Absent, Symmetry, deviation, symmetries
from phenoscope.instruments.trace import Trace, trace
from phenoscope.instruments.tracking import Tracker, Tracking

__all__ = [
    "INSTRUMENTS",
    "Absent",
    "Alternation",
    "Axis",
    "BatchGradientShare",
    "Bench",
    "Coherence",
    "Count",
    "Density",
    "Eigenpair",
    "Eigenpairs",
    "EigenspaceOverlap",
    "Extremes",
    "GradientMoments",
    "GradientNorm",
    "GradientShare",
    "Instrument",
    "LineCurvature",
    "Loss",
    "LossLine",
    "LossPlane",
    "NoiseScale",
    "Outcome",
    "Picture",
    "Reading",
    "RelativeProgress",
    "Sampled",
    "SignalToNoise",
    "Stiffness",
    "Symmetry",
    "Trace",
    "Tracker",
    "Tracking",
    "alternation",
    "batch_gradient_share",
    "curved_noise_scale",
    "density",
    "deviation",
    "eigenspace_overlap",
    "eigenvalues",
    "gradient_coherence",
    "gradient_moments",
    "gradient_norm",
    "gradient_share",
    "gradient_snr",
    "gradient_stiffness",
    "line_curvature",
    "loss_line",
    "loss_plane",
    "noise_scale",
    "relative_progress",
    "sampling_error",
    "sharpness",
    "symmetries",
    "trace",
]
