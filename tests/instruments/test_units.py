"""Dead units, counted by hand; what rectifies is seen by what it does."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from oracles import normal
from phenoscope.instruments import dead_units
from phenoscope.models.layers import Dense
from phenoscope.models.mlp import Activation
from phenoscope.objective import Objective


def network(activation, biases, inputs=3):
    """A hidden layer whose biases decide which of its units can be above 0 for inputs of the unit box."""
    weight = normal(len(biases), inputs).clamp(-1, 1)
    hidden = Dense(weight, torch.tensor(biases, dtype=torch.float64))
    return nn.Sequential(nn.Flatten(), hidden, activation, Dense(normal(2, len(biases)), None))


def objective(model, count=20, batch_size=None):
    inputs = torch.rand(count, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Objective(model, mse_loss, (inputs, torch.zeros(count, 2, dtype=torch.float64)), batch_size=batch_size)


BIASES = [-10.0, 10.0, -10.0, 5.0, -10.0]


@pytest.mark.parametrize("activation", [nn.ReLU(), Activation("relu")])
@pytest.mark.parametrize("batch_size", [None, 7])
def test_dead_is_never_above_zero(activation, batch_size):
    made = objective(network(activation, BIASES), batch_size=batch_size)
    found = dead_units(made)
    assert (found.dead, found.units, found.layers) == (3, 5, 1)
    assert found.value == 0.6
    assert "3 of 5 units in 1 rectifying" in str(found)


@pytest.mark.parametrize("lit", [0, 3])
def test_a_unit_that_one_example_of_any_batch_lights_is_alive(lit):
    inputs = -torch.ones(4, 1, dtype=torch.float64)
    inputs[lit] = 1.0
    model = nn.Sequential(Dense(torch.ones(1, 1, dtype=torch.float64), None), nn.ReLU())
    made = Objective(model, mse_loss, (inputs, torch.zeros(4, 1, dtype=torch.float64)), batch_size=3)
    assert dead_units(made).value == 0.0


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.Identity(), Activation("leaky_relu"), nn.Softplus()])
def test_other_activations_have_no_dead_units(activation):
    found = dead_units(objective(network(activation, BIASES)))
    assert found.units == 0
    assert math.isnan(found.value)
    assert "no module" in str(found)


def test_layers_add_up_and_hooks_are_removed():
    deep = nn.Sequential(*network(nn.ReLU(), BIASES), nn.ReLU())
    with torch.no_grad():
        deep[3].weight.copy_(torch.tensor([[1.0] * 5, [-1.0] * 5]))
    found = dead_units(objective(deep))
    assert (found.dead, found.units, found.layers) == (4, 7, 2)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in deep.modules())


def shared(rectify, *widths):
    """Layers that all use one and the same rectifying module behind them; the first is dead throughout."""
    layers = []
    for number, (before, after) in enumerate(itertools.pairwise((3, *widths))):
        bias = torch.full((after,), -100.0 if number == 0 else 1.0, dtype=torch.float64)
        bias[0] -= 200.0 if number else 0.0
        layers += [Dense(normal(after, before).clamp(-1, 1), bias), rectify]
    return nn.Sequential(*layers, Dense(normal(2, widths[-1]), None))


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("widths", [(4, 4), (4, 6)])
@pytest.mark.parametrize("inplace", [False, True])
def test_a_module_that_stands_at_two_places_is_counted_at_each(widths, inplace, batch_size):
    found = dead_units(objective(shared(nn.ReLU(inplace=inplace), *widths), batch_size=batch_size))
    assert (found.dead, found.units, found.layers) == (widths[0] + 1, sum(widths), 2)


def test_a_module_that_overwrites_its_input_is_seen():
    kept, overwritten = (dead_units(objective(network(nn.ReLU(inplace=given), BIASES))) for given in (False, True))
    assert kept == overwritten
    assert overwritten.units == 5
