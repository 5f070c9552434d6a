"""Models with gradient checkpoints: their derivatives are those of the same model without."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils import checkpoint

from oracles import labels, normal
from phenoscope.objective import Objective


class Checkpointed(nn.Module):
    """Two parts that are run again in the backward pass; `None` runs them once."""

    def __init__(self, reentrant):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 3, 3), nn.GELU())
        self.second = nn.Sequential(nn.Linear(12, 6), nn.Tanh(), nn.Dropout(0.5))
        self.last, self.reentrant = nn.Linear(6, 3), reentrant

    def forward(self, images):
        hidden = self.part(self.first, images).flatten(1)
        return self.last(self.part(self.second, hidden))

    def part(self, part, inputs):
        if self.reentrant is None:
            return part(inputs)
        return checkpoint.checkpoint(part, inputs, use_reentrant=self.reentrant)


def built(reentrant):
    torch.manual_seed(0)
    model = Checkpointed(reentrant).double().eval()
    return model, (normal(5, 1, 4, 4, seed=1), labels(3, 5))


@pytest.mark.parametrize("reentrant", [False, True])
def test_curvature_is_that_without(reentrant):
    """At a point that is not the model's own: what is run again would see its own parameters."""
    model, data = built(reentrant)
    plain = Objective(built(None)[0], nn.CrossEntropyLoss(), data)
    found = Objective(model, nn.CrossEntropyLoss(), data)
    elsewhere = plain.point + normal(len(plain.point), seed=2)
    block = normal(len(elsewhere), 2, seed=3)
    for point in (None, elsewhere):
        assert_close(found.gradient(point), plain.gradient(point), rtol=1e-12, atol=1e-14)
        for matrix in ("hessian", "gauss_newton", "empirical_fisher"):
            expected = plain.operator(matrix, point) @ block
            assert_close(found.operator(matrix, point) @ block, expected, rtol=1e-10, atol=1e-12)


def test_afterwards_checkpoints_are_as_they_were():
    model, data = built(False)
    before = checkpoint.CheckpointFunction, checkpoint._checkpoint_without_reentrant_generator
    Objective(model, nn.CrossEntropyLoss(), data).hessian()
    assert before == (checkpoint.CheckpointFunction, checkpoint._checkpoint_without_reentrant_generator)
    runs = []
    model.second.register_forward_pre_hook(lambda *_: runs.append(1))
    model(data[0]).sum().backward()
    assert len(runs) == 2  # run again in the backward pass
