"""Activation functions by name."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda inputs: inputs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "erf": torch.erf,  # erf(x), not the erf(x/√2) of Saad & Solla 1995
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": functional.softplus,
    "quadratic": torch.square,
}
"""Activation functions by the names that models take."""

PULLS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "identity": lambda outputs, slope: slope,
    "tanh": lambda outputs, slope: torch.ops.aten.tanh_backward(slope, outputs),
    "sigmoid": lambda outputs, slope: torch.ops.aten.sigmoid_backward(slope, outputs),
    "relu": lambda outputs, slope: torch.ops.aten.threshold_backward(slope, outputs, 0),
}
"""From the outputs of a function and the derivative in them to that in its inputs, for those whose outputs suffice."""


class Activation(nn.Module):
    """An activation function from the table.

    Attributes:
        entrywise: tells who evaluates many networks at once that it acts on every entry alone.
    """

    entrywise = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    @property
    def pull(self) -> Callable[[Tensor, Tensor], Tensor] | None:
        """The way back through it, from `PULLS`; `None` where autograd must find it."""
        return PULLS.get(self.name)

    def forward(self, inputs: Tensor) -> Tensor:
        """The function of each entry; the shape stays."""
        return ACTIVATIONS[self.name](inputs)

    def extra_repr(self) -> str:
        """The function's name, for `print(model)`."""
        return self.name
