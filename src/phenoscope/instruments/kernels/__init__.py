"""Kernels of networks: tangent and conjugate kernels as matrices or operators, and what can be read from them."""

from phenoscope.instruments.kernels.costs import Cost
from phenoscope.instruments.kernels.empirical import EmpiricalKernel, empirical_ntk
from phenoscope.instruments.kernels.operator import TangentKernel
from phenoscope.instruments.kernels.readings import (
    KernelModes,
    conjugate_kernel,
    effective_rank,
    kernel_alignment,
    kernel_change,
    kernel_distance,
    kernel_modes,
)

__all__ = [
    "Cost",
    "EmpiricalKernel",
    "KernelModes",
    "TangentKernel",
    "conjugate_kernel",
    "effective_rank",
    "empirical_ntk",
    "kernel_alignment",
    "kernel_change",
    "kernel_distance",
    "kernel_modes",
]
