"""Stacks of dense layers: which networks are one, and that their outputs at many points are the network's own."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import drawn, normal
from phenoscope.models.activations import ACTIVATIONS, Activation
from phenoscope.objective import SquaredError
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.slices import stacks

EXACT = {"rtol": 1e-12, "atol": 1e-13}
MIXING = torch.cat([torch.ones(7, 1, dtype=torch.float64), normal(7, 2, seed=3)], dim=1)


def looked_at(model, inputs):
    """The network, the corners of a slice, and the stack that is found."""
    network = Network(drawn(model), SquaredError(), draws=False)
    points = normal(3, network.layout.size, seed=5)
    corners = network.layout.unravel(points)
    return network, points, stacks.stack(network, corners, inputs)


def check(model, inputs):
    network, points, found = looked_at(model, inputs)
    assert found is not None
    expected = [network.outputs(network.layout.unravel(row @ points), inputs).mT for row in MIXING]
    assert_close(found.outputs(MIXING), torch.stack(expected), **EXACT)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("bias", [True, False])
def test_perceptrons_of_every_activation(activation, bias):
    parts = [nn.Linear(4, 5, bias=bias), Activation(activation), nn.Linear(5, 6), Activation(activation)]
    check(nn.Sequential(nn.Flatten(), *parts, nn.Dropout(0.0).eval(), nn.Linear(6, 3, bias=bias)), normal(8, 2, 2))


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU(approximate="tanh"), nn.ELU(0.7)])
@pytest.mark.parametrize("cached", [1, 100, 2**19])
def test_modules_of_pytorch_whatever_fits_the_cache(activation, cached, monkeypatch):
    monkeypatch.setattr(stacks, "CACHED", cached)
    check(nn.Sequential(nn.Linear(4, 5), activation, nn.Linear(5, 3)), normal(6, 4))


@pytest.mark.parametrize("examples", [1, 7, 24, 25])
def test_many_examples_are_taken_in_parts(examples, monkeypatch):
    """Also where the model looks at all of them at once: that is done before they are divided."""
    monkeypatch.setattr(stacks, "CACHED", 180)

    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(4, 5), nn.Linear(5, 3)

        def forward(self, x):
            return self.last((self.first(x - x.mean(dim=0))).tanh())

    inputs = normal(examples, 4)
    check(Centred(), inputs)
    _, _, found = looked_at(Centred(), inputs)
    assert found is not None
    assert len(found.layers) == -(-examples // 6)


def test_a_layer_that_is_used_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.dense = nn.Linear(3, 4), nn.Linear(4, 4)

        def forward(self, x):
            return self.dense(self.dense((self.first(2 * x)).tanh()).tanh())

    check(Twice(), normal(5, 3))


class Other(nn.Module):
    """A dense layer, and then something that is no layer of a stack."""

    def __init__(self, then):
        super().__init__()
        self.dense, self.then = nn.Linear(4, 4), then

    def forward(self, x):
        return self.then(self.dense(x), x, self.dense.weight)


def added(found, x, weight):
    found += 1.0
    return found


def overwritten(found, x, weight):
    found[0] = 0.0
    return found.tanh()


def data_overwritten(found, x, weight):
    copied = x.clone()
    copied[:] = found
    return nn.functional.linear(copied, weight)


OTHERS = {
    "in place": added,
    "assigned": overwritten,
    "data assigned": data_overwritten,
    "relu in place": lambda found, x, weight: nn.functional.relu(found, inplace=True),
    "elu in place": lambda found, x, weight: nn.functional.elu(found, inplace=True),
    "skip": lambda found, x, weight: found.tanh() + x,
    "earlier": lambda found, x, weight: (found.tanh(), nn.functional.linear(found, weight))[1],
    "looks": lambda found, x, weight: found.tanh() if float(found.sum()) > 0 else found,
    "own weight": lambda found, x, weight: nn.functional.linear(found, weight * 2),
    "transposed": lambda found, x, weight: nn.functional.linear(found.mT, weight[:, :1].expand(-1, 6)),
    "softmax": lambda found, x, weight: found.softmax(dim=1),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_more_than_a_stack_is_none(name):
    assert looked_at(Other(OTHERS[name]), normal(6, 4))[2] is None


def test_neither_are_convolutions_nor_sequences():
    assert looked_at(nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(4, 3)), normal(6, 1, 4))[2] is None
    assert looked_at(nn.Sequential(nn.Linear(4, 3)), normal(6, 5, 4))[2] is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tanh_is_right_to_rounding_from_tiny_to_huge(dtype):
    positive = torch.logspace(-30, 4, 2001, dtype=dtype)
    values = torch.cat([-positive, torch.zeros(1, dtype=dtype), positive, torch.tensor([torch.inf], dtype=dtype)])
    assert_close(stacks.tanh(values.clone()), values.tanh(), rtol=6 * torch.finfo(dtype).eps, atol=0)
    assert stacks.tanh(torch.tensor([torch.nan], dtype=dtype)).isnan().all()
