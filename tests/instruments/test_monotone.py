"""Monotone lines: by hand, by brute force over all pairs of places, and on networks."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import phenoscope as ps
from oracles import CE, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point
from phenoscope.instruments import Outcome
from phenoscope.objective import Objective


def one_parameter(function):
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    ones = torch.ones(1, 1, dtype=torch.float64)
    return Objective(model, lambda y, _: function(y).mean(), (ones, ones))


def from_to(function, start, end, **options):
    return ps.monotonicity(one_parameter(function), torch.tensor([start]), torch.tensor([end]), **options)


def test_a_parabola_falls_to_its_vertex():
    found = from_to(lambda y: y**2, -3.0, 1.0, points=41)
    assert (found.value, found.monotone) == (0.75, False)
    assert found.climb == pytest.approx(1.0)
    assert found.plateau == pytest.approx(0.05)  # y² = 9 - 0.8 at y = -2.86; the grid's next place is -2.8


def test_a_cliff_has_a_plateau_and_falls_all_the_way():
    found = from_to(lambda y: -torch.sigmoid(40 * (y - 0.8)), 0.0, 1.0, points=101)
    assert found.monotone
    assert found.plateau == pytest.approx(0.8 + math.log(1 / 9) / 40, abs=0.011)


def test_what_does_not_change_neither_falls_nor_climbs():
    found = from_to(lambda y: 0 * y + 2, 0.0, 1.0)
    assert (found.value, found.climb) == (0.0, 0.0)
    assert math.isnan(found.plateau)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4))
@settings(max_examples=15, deadline=None)
def test_the_climb_is_the_largest_rise_between_any_two_places(waves):
    """By brute force over all pairs."""

    def function(y):
        return sum(a * torch.sin((k + 1) * 3 * y) for k, a in enumerate(waves)) + 0 * y

    found = from_to(function, 0.0, 2.0)
    losses = found.losses.tolist()
    largest = max(later - before for i, before in enumerate(losses) for later in losses[i:])
    assert found.climb == pytest.approx(largest, abs=1e-12)
    assert found.value == sum(b < a - found.noise for a, b in itertools.pairwise(losses)) / 50


def test_networks_and_what_is_not_finite():
    objective = Objective(mlp(), CE, (normal(40, 4), labels(3, 40)))
    start, end = mlp(seed=3), mlp(seed=4)
    found, back = ps.monotonicity(objective, start, end), ps.monotonicity(objective, point(end), point(start))
    assert found.value == pytest.approx(1 - back.value)
    assert found.losses[0] == objective.loss(point(start))
    broken = from_to(lambda y: torch.where(y > 0.5, y / 0.0, y), 0.0, 1.0)
    assert broken.outcome is Outcome.NOT_FINITE
    with pytest.raises(BadInput, match="at least 3 points"):
        ps.monotonicity(objective, start, end, points=2)
