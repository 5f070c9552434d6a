"""What stands above instruments and training: what needs both, and members that are computed rather than trained."""

from phenoscope.methods.computation import Computation, Found, numbers
from phenoscope.methods.curves import Curve, curve
from phenoscope.methods.linear_sgd import LinearSGD
from phenoscope.methods.trainability import TrainabilityGrid, View

__all__ = ["Computation", "Curve", "Found", "LinearSGD", "TrainabilityGrid", "View", "curve", "numbers"]
