"""Two exact solutions: the functions, the smallest barrier against a grid of scales, and the bound for two units."""

import itertools

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.methods import TwoFeatures
from phenoscope.methods.two_features import losses

INPUTS = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)]


def found(**options):
    (last,) = TwoFeatures(**options).readings()
    return last.values


def loss_by_hand(units):
    """One network, unit by unit and input by input."""
    outputs = [sum(max(a * x + b * y, 0.0) * v for a, b, v in units) for x, y in INPUTS]
    return sum((output - 1) ** 2 for output in outputs) / 4


def test_the_losses_on_a_line_are_those_of_a_loop():
    one, other = (torch.randn(4, 3, generator=torch.Generator().manual_seed(s)).double() for s in (1, 2))
    places = torch.linspace(0, 1, 5, dtype=torch.float64)
    expected = [loss_by_hand((one + t * (other - one)).tolist()) for t in places]
    torch.testing.assert_close(losses(one, other, places), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("hidden", [2, 4, 6])
def test_both_solutions_are_exact_and_use_their_feature_alone(hidden):
    task = TwoFeatures(hidden, seed=3)
    for feature in (0, 1):
        units = task.solution(feature, "any")
        assert loss_by_hand(units.tolist()) < 1e-28
        assert not units[:, 1 - feature].any()
        assert len(units) == hidden


def test_the_smallest_barrier_of_two_units_is_that_of_a_grid_of_scales_and_above_its_bound():
    task = TwoFeatures(2)
    one, other = task.solution(0, "first"), task.solution(1, "second")
    logs = torch.linspace(-2, 2, 81, dtype=torch.float64)
    grid = torch.cartesian_prod(logs, logs).exp()[..., None]  # (grid, units, 1)
    places, best = torch.linspace(0, 1, 211, dtype=torch.float64), float("inf")
    for order in itertools.permutations(range(2)):
        moved = other[list(order)]
        scaled = torch.cat((moved[:, :2] * grid, moved[:, 2:] / grid), dim=-1)
        best = min(best, float(losses(one, scaled, places).max(dim=-1).values.min()))
    smallest = found(hidden=2)["smallest barrier"]
    assert smallest == pytest.approx(best, rel=0.02)
    assert 0.25 <= smallest <= found(hidden=2)["barrier as built"]


def test_solutions_of_one_feature_come_together_and_more_units_bring_others_nearer():
    assert found(hidden=4, other="same feature", steps=100)["smallest barrier"] < 1e-4
    two, four = (found(hidden=hidden, steps=100)["smallest barrier"] for hidden in (2, 4))
    assert four < 0.3 * two
    assert found(hidden=4, steps=2)["orders"] == 24


def test_the_same_seed_finds_the_same_and_others_other_shares():
    one, again, other = (found(hidden=4, steps=5, seed=seed) for seed in (0, 0, 1))
    assert one == again
    assert one["barrier as built"] != other["barrier as built"]


def test_other_sizes_are_refused():
    with pytest.raises(BadInput, match=r"2, 4 or 6"):
        TwoFeatures(8)
    with pytest.raises(BadInput, match=r"`other`|other"):
        TwoFeatures(2, "no feature")
