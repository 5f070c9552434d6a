"""Products of large matrices on the processor, by the faster of PyTorch's two libraries for them.

In single precision and with 512-bit instructions oneDNN took half the time of PyTorch's default, MKL, on the AMD
processor of `benchmarks/README.md`: 200 against 100 GFlop/s on one thread. Both are single precision throughout.
"""

import functools

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

LARGE = 2**21
"""Multiplications from which on the conversion of one side pays."""


def inner(left: Float[Tensor, "n k"], right: Float[Tensor, "m k"]) -> Float[Tensor, "n m"]:
    """Inner products of the rows of two matrices, without a graph.

    Args:
        left: whichever has fewer rows: it is copied.
        right: the other.
    """
    left, right = left.detach(), right.detach()
    plain = left.dtype == torch.float32 and left.device.type == "cpu"
    if plain and left.numel() * len(right) >= LARGE and _wide():
        return linear(left.to_mkldnn(), right).to_dense()
    return left @ right.mT


@functools.cache
def _wide() -> bool:
    return torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
