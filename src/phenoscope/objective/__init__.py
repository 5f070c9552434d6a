"""A loss as a function of the point: model x loss x data, and the matrices it offers as products."""

from phenoscope.objective.batches import freeze
from phenoscope.objective.linearisation import Linearisation
from phenoscope.objective.losses import CrossEntropy, SquaredError
from phenoscope.objective.network import Buffers, Network
from phenoscope.objective.objective import Objective
from phenoscope.objective.operators import GaussNewton, Hessian, Matrix, Operator

__all__ = [
    "Buffers",
    "CrossEntropy",
    "GaussNewton",
    "Hessian",
    "Linearisation",
    "Matrix",
    "Network",
    "Objective",
    "Operator",
    "SquaredError",
    "freeze",
]
