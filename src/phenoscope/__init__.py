"""Phenoscope: a laboratory for the phenomena of deep learning.

Measure what training does to a network, reproduce the phenomena the field argues about, and judge the claims made
about them. Start with `Objective` and `sharpness`, or with `run("edge_of_stability")`.
"""

from phenoscope import (
    notebooks,  # noqa: F401 (it says how values show themselves)
    probes,
)
from phenoscope.comparing import SideBySide, compare
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine import Diagnosis, Panel, diagnose, measure, resume, run
from phenoscope.instruments import (
    Density,
    Eigenpair,
    Eigenpairs,
    LineCurvature,
    LossLine,
    LossPlane,
    Outcome,
    Sampled,
    Trace,
    alternation,
    batch_gradient_share,
    curved_noise_scale,
    density,
    eigenspace_overlap,
    eigenvalues,
    gradient_coherence,
    gradient_moments,
    gradient_norm,
    gradient_share,
    gradient_snr,
    gradient_stiffness,
    line_curvature,
    loss_line,
    loss_plane,
    noise_scale,
    relative_progress,
    sampling_error,
    sharpness,
    trace,
)
from phenoscope.objective import Objective, freeze
from phenoscope.store import load
from phenoscope.training import Recipe, train
from phenoscope.watching import Watch, watch

__version__ = "0.1.0"

__all__ = [
    "BadInput",
    "Density",
    "Diagnosis",
    "Eigenpair",
    "Eigenpairs",
    "LineCurvature",
    "LossLine",
    "LossPlane",
    "Objective",
    "Outcome",
    "Panel",
    "PhenoscopeError",
    "Recipe",
    "Sampled",
    "SideBySide",
    "Trace",
    "Watch",
    "alternation",
    "batch_gradient_share",
    "compare",
    "curved_noise_scale",
    "density",
    "diagnose",
    "eigenspace_overlap",
    "eigenvalues",
    "freeze",
    "gradient_coherence",
    "gradient_moments",
    "gradient_norm",
    "gradient_share",
    "gradient_snr",
    "gradient_stiffness",
    "line_curvature",
    "load",
    "loss_line",
    "loss_plane",
    "measure",
    "noise_scale",
    "probes",
    "relative_progress",
    "resume",
    "run",
    "sampling_error",
    "sharpness",
    "trace",
    "train",
    "watch",
]
