"""What stands above instruments and training: members that are computed rather than trained."""

from phenoscope.methods.computation import Computation, Found, numbers

__all__ = ["Computation", "Found", "numbers"]
