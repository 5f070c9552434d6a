"""Complexes of simplexes: gradients by autograd, low loss inside, volumes that are kept from collapsing."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout, point
from phenoscope.methods.complexes import joints_gradient
from phenoscope.objective import Objective


def classifying():
    return Objective(mlp(), CE, (normal(40, 4), labels(3, 40)))


def sheet():
    """(w₁² + w₂² - 1)²: low on a cylinder of five dimensions."""
    model = nn.Linear(5, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    inputs = torch.eye(5, dtype=torch.float64)
    return Objective(model, lambda outputs, _: (outputs[:2].square().sum() - 1).square(), (inputs, inputs[:, :1]))


LEFT, RIGHT = torch.eye(5, dtype=torch.float64)[0], -torch.eye(5, dtype=torch.float64)[0]


def test_the_gradient_of_the_connectors_is_that_of_the_mean_loss():
    model, (inputs, targets) = mlp(), (normal(40, 4), labels(3, 40))
    solutions = torch.stack([point(mlp(seed=seed)) for seed in (3, 4, 5)])
    joints = torch.stack([point(mlp(seed=seed)) for seed in (6, 7)]).requires_grad_()
    shares = torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3], [0.0, 0.9, 0.1]], dtype=torch.float64)
    total = 0.0
    for own, (first, second, third) in zip(solutions, shares, strict=True):
        parameters = layout(model).unravel(first * own + second * joints[0] + third * joints[1])
        total = total + CE(functional_call(model, parameters, inputs), targets) / 3
    (expected,) = torch.autograd.grad(total, joints)
    found = joints_gradient(classifying(), solutions, joints.detach(), shares)
    assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_loss_is_lower_inside_than_before_training_and_than_between_the_solutions():
    solutions = torch.stack([LEFT, RIGHT])
    trained, before = (ps.connecting_complex(sheet(), solutions, steps=steps) for steps in (500, 0))
    assert trained.value < before.value / 3
    assert trained.value < ps.simplex(sheet(), solutions).value / 3
    assert len(trained.simplexes) == 2
    assert_close(trained.simplexes[1].losses.mean() / 2 + trained.simplexes[0].losses.mean() / 2,
                 torch.tensor(trained.value, dtype=torch.float64))  # fmt: skip
    assert trained.standard_error < 0.1 * before.value


def test_a_pull_on_the_volume_keeps_it():
    """Without it the connectors draw together."""
    solutions = torch.stack([LEFT, RIGHT])
    free, pulled = (ps.connecting_complex(sheet(), solutions, pull=pull, steps=300) for pull in (0.0, 0.1))
    assert pulled.log_volume > free.log_volume + 3
    assert pulled.fatness > free.fatness


def test_the_same_generator_gives_the_same_complex():
    solutions, options = [mlp(seed=3), mlp(seed=4)], {"connectors": 2, "steps": 5, "batch": 10, "draws": 20}
    one, two, other = (
        ps.connecting_complex(classifying(), solutions, **options, generator=seeded(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one.connectors, two.connectors)
    assert one.value == two.value
    assert not torch.equal(one.connectors, other.connectors)


@pytest.mark.parametrize("options", [{"connectors": 0}, {"steps": -1}, {"pull": -1.0}, {"rate": 0.0}], ids=str)
def test_bad_input_is_told(options):
    with pytest.raises(BadInput, match="a complex needs at least 2 solutions"):
        ps.connecting_complex(sheet(), torch.stack([LEFT, RIGHT]), **options)


def test_solutions_that_are_too_few_or_equal_are_told():
    with pytest.raises(BadInput, match="a complex needs at least 2 solutions"):
        ps.connecting_complex(sheet(), LEFT[None])
    with pytest.raises(BadInput, match="the solutions are one point"):
        ps.connecting_complex(sheet(), torch.stack([LEFT, LEFT]))
