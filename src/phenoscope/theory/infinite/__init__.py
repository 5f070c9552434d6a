"""Networks of infinite width: layers to describe them by, and their kernels.

ps.infinite_kernel([ps.infinite.dense(1.4), ps.infinite.relu(), ps.infinite.dense()], x)
"""

from phenoscope.theory.infinite.kernel import infinite_kernel
from phenoscope.theory.infinite.layers import (
    Convolution,
    Dense,
    Flatten,
    Layer,
    Nonlinearity,
    Pool,
    Residual,
    activation,
    average_pool,
    conv,
    dense,
    erf,
    flatten,
    gelu,
    global_average_pool,
    identity,
    leaky_relu,
    relu,
    residual,
    tanh,
)

__all__ = [
    "Convolution",
    "Dense",
    "Flatten",
    "Layer",
    "Nonlinearity",
    "Pool",
    "Residual",
    "activation",
    "average_pool",
    "conv",
    "dense",
    "erf",
    "flatten",
    "gelu",
    "global_average_pool",
    "identity",
    "infinite_kernel",
    "leaky_relu",
    "relu",
    "residual",
    "tanh",
]
