"""Probes: instruments with a name, a unit and a schedule, read along training.

A probe is a spec with four parts: `units`, what each of its series is measured in; `due(step)`;
`needs_curvature(step)`, so that loss, gradient and products come from one graph; and `update(moment, memory)`, which
gives readings and the memory for the next call. Readings of a step are rows, one a member of the cohort. A memory is
stored with every checkpoint: it is `None`, a number, text, a tensor, a tuple, list or dictionary of such, or a frozen
dataclass marked with `storable`.
"""

from phenoscope.core.trees import storable
from phenoscope.probes.alignment import FeatureAlignment
from phenoscope.probes.averaged import Averaged
from phenoscope.probes.averaging import Floors, TwoStepMean, WithoutTop
from phenoscope.probes.curvature import AlongFirst, EffectiveSharpness, Following, Sharpness
from phenoscope.probes.eigenspaces import Eigenspaces, Spaces
from phenoscope.probes.examples import ExampleChanges
from phenoscope.probes.instruments import Instruments, Rescaled
from phenoscope.probes.kernels import KernelChange
from phenoscope.probes.margins import LayerBalance, Margins
from phenoscope.probes.mark import Mark
from phenoscope.probes.mini_batches import BatchSharpness
from phenoscope.probes.oscillation import CentralOscillation, Oscillation
from phenoscope.probes.outliers import Outliers
from phenoscope.probes.probe import Moment, Probe, Reading, Rows, announced, series_units, writes
from phenoscope.probes.products import FlowSharpness
from phenoscope.probes.progress import Accuracy, GradientNorm, HeldOutLoss, LearningRate, Loss, RelativeProgress
from phenoscope.probes.reading import due, heavy, read
from phenoscope.probes.reliance import BlockReliance
from phenoscope.probes.sparsity import Density, EarlyBirds, Explored
from phenoscope.probes.tracked import Tracked
from phenoscope.probes.units import DeadUnits, Features
from phenoscope.probes.valley import Foretold, SelfStabilisation, ValleyFloor, Watched
from phenoscope.record import COMPANIONS

__all__ = [
    "COMPANIONS",
    "Accuracy",
    "AlongFirst",
    "Averaged",
    "BatchSharpness",
    "BlockReliance",
    "CentralOscillation",
    "DeadUnits",
    "Density",
    "EarlyBirds",
    "EffectiveSharpness",
    "Eigenspaces",
    "ExampleChanges",
    "Explored",
    "FeatureAlignment",
    "Features",
    "Floors",
    "FlowSharpness",
    "Following",
    "Foretold",
    "GradientNorm",
    "HeldOutLoss",
    "Instruments",
    "KernelChange",
    "LayerBalance",
    "LearningRate",
    "Loss",
    "Margins",
    "Mark",
    "Moment",
    "Oscillation",
    "Outliers",
    "Probe",
    "Reading",
    "RelativeProgress",
    "Rescaled",
    "Rows",
    "SelfStabilisation",
    "Sharpness",
    "Spaces",
    "Tracked",
    "TwoStepMean",
    "ValleyFloor",
    "Watched",
    "WithoutTop",
    "announced",
    "due",
    "heavy",
    "read",
    "series_units",
    "storable",
    "writes",
]
