"""A model replaced by its first-order Taylor expansion in the parameters: the twin with frozen features."""

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, jvp

from phenoscope.core import points
from phenoscope.objective.evaluation.dense_rows import Stack, stack_of

ORIGIN = "origin"
"""The buffer with θ₀."""


class Linearised(nn.Module):
    """f(θ₀) + J(θ₀)(θ - θ₀) as a module whose one parameter is θ: every instrument works on it.

    The Jacobian is never stored: a forward pass carries the product J (θ - θ₀) along, and reverse passes go
    through it. With squared error the Hessian is constant, equal to the Gauss-Newton matrix of the model at θ₀.

    Args:
        model: expanded around its trainable parameters as they are; a copy is kept, in evaluation mode.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        start = points.point(model)
        self._layout = points.layout(model)
        self._whole = stack_of(model)
        self.point = nn.Parameter(start.clone())
        self.register_buffer(ORIGIN, start)
        self._origins: Tensor | None = None
        self._model = (copy.deepcopy(model).eval().requires_grad_(False),)  # in a tuple: no submodule of this one

    @property
    def expanded(self) -> nn.Module:
        """The model at θ₀, frozen."""
        return self._model[0]

    @property
    def layout(self) -> points.Layout:
        """Where the parameters of the model that was expanded lie in the point."""
        return self._layout

    @property
    def stack(self) -> Stack | None:
        """The expansion as that of a stack of dense layers, if the model says that it is one; to be tried."""
        if self._whole is None:
            return None
        return dataclasses.replace(self._whole, origin=self._everywhere)

    def together(self, others: Sequence["Linearised"]) -> "Linearised":
        """One module for the rows of a cohort, of which each keeps its own θ₀: this one's first, then the others'."""
        made = copy.deepcopy(self)
        made._origins = torch.stack([each.get_buffer(ORIGIN) for each in (self, *others)])
        return made

    def row(self, index: int) -> "Linearised":
        """The expansion of one of the rows alone, at its θ₀."""
        made = copy.deepcopy(self)
        if made._origins is not None:
            origin, made._origins = made._origins[index].clone(), None
            made.register_buffer(ORIGIN, origin)
            with torch.no_grad():
                for name, value in self._layout.unravel(origin).items():
                    made.expanded.get_parameter(name).copy_(value)
        return made

    def origin_of(self, rows: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
        """θ₀ of so many rows."""
        return self._everywhere.expand_as(rows)

    def values(self, point: Tensor) -> dict[str, Tensor]:
        """A point's parameters by their names in the model that was expanded."""
        return self._layout.unravel(point)

    def forward(self, *inputs: Any) -> Tensor:
        def model_at(flat: Tensor) -> Tensor:
            return functional_call(self._model[0], self._layout.unravel(flat), inputs)

        origin = self.get_buffer(ORIGIN)
        pushed = jvp(model_at, (origin,), (self.point - origin,))  # the outputs and their change
        return pushed[0] + pushed[1]

    @property
    def _everywhere(self) -> Tensor:
        return self.get_buffer(ORIGIN) if self._origins is None else self._origins


def layout_of(model: nn.Module) -> points.Layout:
    """Where each parameter lies in a model's point; of a linearised one, those of the model that was expanded."""
    return model.layout if isinstance(model, Linearised) else points.layout(model)
