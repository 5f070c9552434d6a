"""Diagonal linear networks: linear regression whose coefficients are differences of squares."""

import math

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import sizes
from phenoscope.core.specs import spec


@spec
class DiagonalLinear:
    """f(x) = ⟨u∘u - v∘v, x⟩, with every entry of u and v at `init_scale` at the start, so that f starts at 0.

    Gradient flow on the squared error finds, among all solutions, one with a small l1 norm where the start is small,
    and a small l2 norm where it is large (Woodworth et al. 2020, arXiv:2002.09277).

    Attributes:
        init_scale: α, positive.
    """

    init_scale: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.init_scale < math.inf:
            raise BadInput(f"`init_scale` of DiagonalLinear must be positive and finite, got {self.init_scale}.")

    def build(
        self, generator: Generator, *, inputs: tuple[int, ...], outputs: int, dtype: torch.dtype = torch.float32
    ) -> "Diagonal":
        """The network at its start; arguments as in `MLP.build`, and nothing is drawn.

        Raises:
            BadInput: more than one output.
        """
        sizes("the shape of one input", inputs)
        if outputs != 1:
            raise BadInput(f"a diagonal linear network has one output, got {outputs}. Give it a regression.")
        return Diagonal(torch.full((math.prod(inputs),), self.init_scale, dtype=dtype))


class Diagonal(nn.Module):
    """The module: u and v, (d,) each."""

    def __init__(self, start: Float[Tensor, " d"]) -> None:
        super().__init__()
        self.u, self.v = nn.Parameter(start.clone()), nn.Parameter(start.clone())

    def forward(self, inputs: Float[Tensor, "n ..."]) -> Float[Tensor, "n 1"]:
        """One number an example."""
        return inputs.flatten(1) @ (self.u.square() - self.v.square())[:, None]
