"""What stands above instruments and training: members that are computed rather than trained."""

from phenoscope.methods.computation import Computation, Found, numbers
from phenoscope.methods.linear_sgd import LinearSGD
from phenoscope.methods.trainability import TrainabilityGrid, View

__all__ = ["Computation", "Found", "LinearSGD", "TrainabilityGrid", "View", "numbers"]
