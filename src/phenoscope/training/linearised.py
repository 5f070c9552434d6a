"""A model replaced by its first-order Taylor expansion in the parameters: the twin with frozen features."""

import copy
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call, jvp

from phenoscope.core import points


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
        self.point = nn.Parameter(start.clone())
        self.register_buffer("origin", start)
        self._model = (copy.deepcopy(model).eval().requires_grad_(False),)  # in a tuple: no submodule of this one

    @property
    def expanded(self) -> nn.Module:
        """The model at θ₀, frozen."""
        return self._model[0]

    @property
    def layout(self) -> points.Layout:
        """Where the parameters of the model that was expanded lie in the point."""
        return self._layout

    def values(self, point: Tensor) -> dict[str, Tensor]:
        """A point's parameters by their names in the model that was expanded."""
        return self._layout.unravel(point)

    def forward(self, *inputs: Any) -> Tensor:
        def model_at(flat: Tensor) -> Tensor:
            return functional_call(self._model[0], self._layout.unravel(flat), inputs)

        origin = self.get_buffer("origin")
        pushed = jvp(model_at, (origin,), (self.point - origin,))  # the outputs and their change
        return pushed[0] + pushed[1]


def layout_of(model: nn.Module) -> points.Layout:
    """Where each parameter lies in a model's point; of a linearised one, those of the model that was expanded."""
    return model.layout if isinstance(model, Linearised) else points.layout(model)
