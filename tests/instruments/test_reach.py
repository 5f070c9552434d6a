"""Reach: closed forms, and where the loss leaves its second order."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.instruments import Outcome
from phenoscope.objective import Objective


def one_parameter(function):
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    ones = torch.ones(1, 1, dtype=torch.float64)
    return Objective(model, lambda y, _: function(y).mean(), (ones, ones))


FORTH = torch.tensor([2.0], dtype=torch.float64)


TENTHS = st.integers(-10, 50).map(lambda tenths: tenths / 10)


@given(TENTHS, TENTHS, st.sampled_from([0.01, 0.1, 1.0]))
@settings(max_examples=15, deadline=None)
def test_of_a_parabola_it_is_what_its_second_order_says(slope, curvature, rise):
    """The smaller positive root, by numpy's polynomials."""
    found = ps.reach(one_parameter(lambda y: slope * y + curvature / 2 * y**2), FORTH, rise)
    discriminant = slope**2 + 2 * curvature * rise
    if discriminant < 0 or (curvature <= 0 and slope <= 0):
        assert found.quadratic == math.inf
        return
    if math.isinf(found.quadratic) or discriminant < 1e-6:
        return
    assert slope * found.quadratic + curvature / 2 * found.quadratic**2 == pytest.approx(rise, rel=1e-6)
    assert found.value == pytest.approx(found.quadratic, rel=1e-4)
    assert abs(found.value - found.quadratic) <= found.residual * 1.01


def test_a_quartic_ends_sooner_than_its_second_order():
    """y²/2 + y⁴ = 3/2 at y = 1; its second order says √3."""
    found = ps.reach(one_parameter(lambda y: y**2 / 2 + y**4), FORTH, 1.5)
    assert found.value == pytest.approx(1.0, rel=1e-4)
    assert found.share == pytest.approx(1 / math.sqrt(3), rel=1e-4)


def test_the_first_crossing_counts():
    found = ps.reach(one_parameter(lambda y: 1 - torch.cos(y)), FORTH, 1.0)  # again and again, first at π/2
    assert found.value == pytest.approx(math.pi / 2, rel=1e-3)


def test_a_loss_that_never_rises_has_no_reach():
    found = ps.reach(one_parameter(lambda y: -(y**2)), FORTH, 0.1)
    assert (found.value, found.quadratic, found.outcome) == (math.inf, math.inf, Outcome.UNDEFINED)
    assert ps.reach(one_parameter(lambda y: y), 0 * FORTH).outcome is Outcome.UNDEFINED


def test_networks_have_risen_there_and_the_length_of_the_direction_does_not_matter():
    objective = Objective(mlp(), CE, (normal(40, 4), labels(3, 40)))
    along, start, before = normal(len(objective.point), seed=3), objective.point, objective.loss()
    found, again = ps.reach(objective, along), ps.reach(objective, 7 * along, hessian=objective.hessian())
    assert found.value == pytest.approx(again.value)
    unit = along / along.norm()
    for share, sign in ((0.999, -1), (1.001, 1)):
        write(start + share * found.value * unit, objective.model)
        assert sign * (objective.loss() - before - 0.1) > 0
    write(start, objective.model)
    assert_close(torch.tensor(found.curvature), unit @ (objective.hessian() @ unit), check_dtype=False)
    assert_close(torch.tensor(found.slope), unit @ objective.gradient(), check_dtype=False)


def test_bad_input_is_told():
    objective = one_parameter(lambda y: y**2)
    with pytest.raises(BadInput, match="a positive rise"):
        ps.reach(objective, FORTH, 0.0)
    with pytest.raises(BadInput, match="a direction of shape"):
        ps.reach(objective, torch.ones(2, dtype=torch.float64))
