"""A loss as a function of the point: model x loss x data, and the matrices it offers as products."""

from phenoscope.objective.batches import freeze
from phenoscope.objective.evaluation.network import Buffers, Network
from phenoscope.objective.kinds import LossKind
from phenoscope.objective.linearisation import Linearisation, OperatorName
from phenoscope.objective.losses import CrossEntropy, PenalisedCrossEntropy, SquaredError
from phenoscope.objective.objective import Objective
from phenoscope.objective.operators import (
    EmpiricalFisher,
    Fisher,
    GaussNewton,
    GradientCovariance,
    Hessian,
    Matrix,
    Operator,
)
from phenoscope.objective.processes import Processes
from phenoscope.objective.refusals import NotFinite
from phenoscope.objective.singles import ExampleGradients
from phenoscope.objective.wrapped import Derived, Restricted, Scaled

__all__ = [
    "Buffers",
    "CrossEntropy",
    "Derived",
    "EmpiricalFisher",
    "ExampleGradients",
    "Fisher",
    "GaussNewton",
    "GradientCovariance",
    "Hessian",
    "Linearisation",
    "LossKind",
    "Matrix",
    "Network",
    "NotFinite",
    "Objective",
    "Operator",
    "OperatorName",
    "PenalisedCrossEntropy",
    "Processes",
    "Restricted",
    "Scaled",
    "SquaredError",
    "freeze",
]
