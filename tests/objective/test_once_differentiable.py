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


def aligned(outputs: Tensor, targets: Tensor) -> Tensor:
    """The loss of one sequence of labels that is as long as all outputs."""
    lengths = torch.tensor([len(outputs)]), torch.tensor([2])
    return nn.functional.ctc_loss(outputs.log_softmax(-1)[:, None], torch.ones(1, 2, dtype=torch.long), *lengths)


def bags() -> Objective:
    tokens = torch.tensor([[0, 1], [2, 3], [1, 1]])
    return Objective(nn.Sequential(nn.EmbeddingBag(4, 3), nn.Linear(3, 2)), nn.MSELoss(), (tokens, torch.ones(3, 2)))


class Donated(torch.autograd.Function):
    """Raises what compiled graphs do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            raise RuntimeError("This backward function was compiled with non-empty donated buffers which requires ...")
        return grads[0]


class Compiled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Donated.apply(x)


WITHOUT = {
    "bags": (bags, "operation without a second derivative: .*embedding_bag"),
    "alignments": (
        lambda: Objective(nn.Linear(3, 4), aligned, (torch.ones(6, 3), torch.zeros(6))),
        "operation without a second derivative: .*ctc_loss",
    ),
    "compiled": (
        lambda: Objective(
            nn.Sequential(nn.Linear(3, 2), Compiled()), nn.MSELoss(), (torch.ones(4, 3), torch.zeros(4, 2))
        ),
        r"compiled graphs have no second derivatives.*model\._orig_mod",
    ),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_operations_that_pytorch_cannot_differentiate_twice_are_refused_in_words(name: str) -> None:
    make, says = WITHOUT[name]
    objective = make()
    assert bool(torch.isfinite(objective.gradient()).all())
    with pytest.raises(BadInput, match=says):
        objective.hessian() @ torch.ones(len(objective.point))
