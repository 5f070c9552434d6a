"""Operations without a second derivative: torch leaves them out of a product without a word; here they are refused."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from phenoscope import BadInput, Objective


class Sine(torch.autograd.Function):
    """sin, with a backward pass that torch must not differentiate again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grads[0] * x.cos()


class Skipping(nn.Module):
    """With a way around the operation, only a part of the product would be missing."""

    def __init__(self, *, once: bool) -> None:
        super().__init__()
        self.inner, self.outer, self.once = nn.Linear(3, 3), nn.Linear(3, 2), once

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.inner(x)
        return self.outer((Sine.apply(hidden) if self.once else hidden.sin()) + hidden)


@pytest.mark.parametrize("which", ["hessian", "gauss_newton"])
def test_once_differentiable_operation_is_refused(which: Any) -> None:
    data = torch.ones(4, 3), torch.zeros(4, 2)
    with pytest.raises(BadInput, match="differentiated only once"):
        Objective(Skipping(once=True), nn.MSELoss(), data).operator(which)
    Objective(Skipping(once=False), nn.MSELoss(), data).operator(which)


def test_loss_and_gradient_of_such_a_model_are_fine() -> None:
    torch.manual_seed(0)
    data = torch.ones(4, 3), torch.zeros(4, 2)
    once, twice = Skipping(once=True), Skipping(once=False)
    twice.load_state_dict(once.state_dict())
    mine, other = (Objective(model, nn.MSELoss(), data) for model in (once, twice))
    torch.testing.assert_close(mine.gradient(), other.gradient())
