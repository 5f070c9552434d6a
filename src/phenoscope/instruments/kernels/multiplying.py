"""Products of large matrices on the processor, by the faster of PyTorch's two libraries for them.

In single precision and with 512-bit instructions oneDNN took half the time of PyTorch's default, MKL, on the AMD
processor of `benchmarks/README.md`: 200 against 100 GFlop/s on one thread. Both are single precision throughout.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear
from torch.overrides import TorchFunctionMode

LARGE = 2**21
"""Multiplications from which on the conversion of one side pays."""


def inner(left: Float[Tensor, "n k"], right: Float[Tensor, "m k"]) -> Float[Tensor, "n m"]:
    """Inner products of the rows of two matrices, without a graph.

    Args:
        left: whichever has fewer rows: it is copied.
        right: the other.
    """
    left, right = left.detach(), right.detach()
    if _pays(left, left.numel() * len(right)):
        return linear(left.to_mkldnn(), right).to_dense()
    return left @ right.mT


class FasterDense(TorchFunctionMode):
    """While it is entered, large dense layers with constant parameters are computed so, forwards and backwards."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is linear:
            found = _dense(*args, **(kwargs or {}))
            if found is not None:
                return found
        return func(*args, **(kwargs or {}))


def _dense(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor | None:
    """The layer's output, or nothing where it is for PyTorch to decide."""
    if weight.requires_grad or (bias is not None and bias.requires_grad) or weight.ndim < 2 or input.ndim < 2:
        return None
    if not _pays(input, input.numel() * len(weight)) or weight.dtype != input.dtype:
        return None
    return linear(input.to_mkldnn(), weight, bias).to_dense()


def _pays(left: Tensor, multiplications: int) -> bool:
    plain = left.dtype == torch.float32 and left.device.type == "cpu" and left.layout is torch.strided
    return plain and multiplications >= LARGE and _wide()


@functools.cache
def _wide() -> bool:
    return torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
