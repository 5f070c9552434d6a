"""Kernels of networks: tangent and conjugate kernels as matrices or operators, and what can be read from them."""

from phenoscope.instruments.kernels.costs import Cost
from phenoscope.instruments.kernels.empirical import EmpiricalKernel, empirical_ntk
from phenoscope.instruments.kernels.operator import TangentKernel

__all__ = ["Cost", "EmpiricalKernel", "TangentKernel", "empirical_ntk"]
