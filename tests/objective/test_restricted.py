"""The loss as a function of some parameters alone: their block of every matrix, and the model left as it is."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import CE, PROBLEMS, drawn, labels, normal
from phenoscope.core.errors import BadInput
from phenoscope.objective import Objective

WHICH = ("hessian", "gauss_newton", "fisher", "empirical_fisher", "gradient_covariance")


def perceptron():
    return drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)))


def objective(model=None):
    return Objective(
        model or drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))), CE, (normal(10, 4), labels(3, 10))
    )


@pytest.mark.parametrize("which", WHICH)
def test_its_matrices_are_blocks_and_its_gradient_a_part(which):
    whole = objective()
    some, chosen = whole.restricted("0.bias", "2.*"), whole.chosen("0.bias", "2.*")
    assert_close(some.point, whole.point[chosen])
    assert_close(some.gradient(), whole.gradient()[chosen])
    assert some.loss() == whole.loss()
    dense = whole.operator(which) @ torch.eye(len(whole.point), dtype=torch.float64)
    block = some.operator(which) @ torch.eye(len(some.point), dtype=torch.float64)
    assert_close(block, dense[chosen][:, chosen], rtol=1e-8, atol=1e-12)


def test_the_model_is_left_as_it_is_and_followed():
    whole = objective()
    some = whole.restricted("2.*")
    assert all(parameter.requires_grad for parameter in whole.model.parameters())
    assert some.model.get_parameter("2.weight") is whole.model.get_parameter("2.weight")
    with torch.no_grad():
        whole.model.get_parameter("0.weight").mul_(2.0)
    assert some.loss() == whole.loss()


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_architecture_can_be_restricted(name):
    made = PROBLEMS[name]()
    whole = Objective(made.model, made.loss, made.data, **made.options)
    first = next(n for n, p in made.model.named_parameters() if p.requires_grad)
    some, chosen = whole.restricted(first), whole.chosen(first)
    vector = normal(int(chosen.sum()), seed=4)
    padded = torch.zeros_like(whole.point).masked_scatter(chosen, vector)
    assert_close(some.hessian() @ vector, (whole.hessian() @ padded)[chosen], rtol=1e-8, atol=1e-10)


def test_what_layers_hold_that_cannot_be_copied_is_shared():
    model = perceptron()
    model[0].held = model[0].weight * 2  # made by an operation: `copy.deepcopy` refuses it
    whole = objective(model)
    assert_close(whole.restricted("2.bias").gradient(), whole.gradient()[whole.chosen("2.bias")])


def test_frozen_parameters_stay_frozen():
    model = perceptron()
    model[0].weight.requires_grad_(False)
    assert len(objective(model).restricted("0.*").point) == 5
    with pytest.raises(BadInput, match=r"no trainable parameter's name fits '0.weight'"):
        objective(model).restricted("0.weight")
    with pytest.raises(BadInput, match="no trainable parameter's name fits ''"):
        objective(model).restricted()
