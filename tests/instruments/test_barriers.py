"""Barriers and paths: against closed forms, loops over the points, and dense grids; ends, statistics, errors."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, drawn, labels, mlp, normal
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point, write
from phenoscope.instruments import Outcome, Path, path_barrier
from phenoscope.objective import Objective

EXACT = {"rtol": 1e-9, "atol": 1e-12}


def one_parameter(function, dtype=torch.float64):
    """The loss that is this function of the one weight."""
    model = nn.Linear(1, 1, bias=False, dtype=dtype)
    nn.init.zeros_(model.weight)
    return Objective(model, lambda y, _: function(y).mean(), (torch.ones(1, 1, dtype=dtype),) * 2)


def between(function, start=0.0, end=1.0, **options):
    return ps.barrier(one_parameter(function), torch.tensor([start]), torch.tensor([end]), **options)


def classifying(model):
    return Objective(model, CE, (normal(40, 4), labels(3, 40)))


def two(make=mlp):
    return point(make(seed=1)), point(make(seed=2))


def looped(objective, points, read):
    """The oracle: each point is written into the model."""
    start, found = objective.point, []
    for each in points:
        write(each, objective.model)
        found.append(read(objective))
    write(start, objective.model)
    return torch.stack([torch.as_tensor(value, dtype=torch.float64) for value in found])


def test_the_two_conventions_on_a_quartic_solved_by_hand():
    """(w² - 1)² + w/4 from -1 to 1: it is 1 at w = 0 up to the slope, and the ends are -1/4 and 1/4."""
    found = between(lambda w: (w**2 - 1) ** 2 + w / 4, -1.0, 1.0, tol=1e-9)
    roots = np.roots([4, 0, -4, 0.25])  # the derivative
    peak = roots[np.abs(roots) < 0.5].real.item()
    assert found.value == pytest.approx((peak**2 - 1) ** 2 + peak / 4, abs=1e-8)  # the mean of the ends is 0
    assert found.location == pytest.approx((peak + 1) / 2, abs=1e-4)
    assert found.excess == pytest.approx(1.0, abs=1e-8)  # the slope is the chord
    assert found.excess_location == pytest.approx(0.5, abs=1e-4)


def test_a_slope_has_half_its_fall_as_value_and_no_excess():
    found = between(lambda w: 3 * w)
    assert (found.value, found.location) == (1.5, 1.0)
    assert abs(found.excess) <= 1e-12


@given(
    st.lists(st.floats(-1, 1), min_size=8, max_size=8),
    st.lists(st.floats(-1, 1), min_size=8, max_size=8),
)
@settings(max_examples=25, deadline=None)
def test_the_maximum_lies_within_the_grid_error(sines, cosines):
    """Of random trigonometric polynomials, against a grid of 20,001 points."""

    def function(w):
        parts = zip(range(1, 9), sines, cosines, strict=True)
        return sum(a * torch.sin(2 * math.pi * k * w) + b * torch.cos(2 * math.pi * k * w) for k, a, b in parts) + 0 * w

    found = between(function)
    dense = function(torch.linspace(0, 1, 20_001, dtype=torch.float64))
    assert found.maximum <= dense.max() + 1e-6
    assert found.maximum + found.grid_error >= dense.max() - 1e-9
    assert found.grid_error <= 1e-3 * (dense.max() - dense.min()) + 1e-9


def test_a_peak_between_the_points_of_the_first_grid_is_found():
    """A plain grid of 11 points misses two thirds of this one."""

    def function(w):
        return torch.exp(-(((w - 0.45) / 0.03) ** 2))

    plain = function(torch.linspace(0, 1, 11, dtype=torch.float64)).max()
    assert plain < 0.1
    assert between(function, points=11).maximum == pytest.approx(1.0, abs=1e-3)


def test_the_same_point_twice_is_no_barrier_at_all():
    objective = classifying(mlp())
    found = ps.barrier(objective, objective.point, objective.point)
    assert (found.value, found.excess, found.grid_error) == (0.0, 0.0, 0.0)


def test_a_permuted_copy_computes_the_same_behind_a_barrier():
    model = drawn(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), 5)
    copied = drawn(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), 5)
    order = torch.arange(8).roll(3)
    with torch.no_grad():
        for name in ("weight", "bias"):
            getattr(copied[0], name).copy_(getattr(model[0], name)[order])
        copied[2].weight.copy_(model[2].weight[:, order])
    found = ps.barrier(classifying(model), model, copied)
    assert float(found.losses[0]) == pytest.approx(float(found.losses[-1]), rel=1e-12)
    assert found.value > 0.01


def test_losses_and_errors_are_those_of_a_loop_and_the_ends_those_of_the_points():
    objective, (start, end) = classifying(mlp()), two()
    found = ps.barrier(objective, start, end, errors=True)
    rows = [(1 - t) * start + t * end for t in found.places.tolist()]
    assert_close(found.losses, looped(objective, rows, lambda each: each.loss()), **EXACT)
    assert_close(found.errors, looped(objective, rows, lambda each: 1 - each.accuracy()), **EXACT)
    assert found.losses[0] == objective.loss(start)
    assert found.losses[-1] == objective.loss(end)
    assert found.error_value == float(found.errors.max() - (found.errors[0] + found.errors[-1]) / 2)


def test_batches_count_by_their_examples():
    (start, end), data = two(), (normal(40, 4), labels(3, 40))
    whole, ragged = (ps.barrier(Objective(mlp(), CE, data, batch_size=size), start, end) for size in (None, 17))
    assert_close(whole.losses, ragged.losses, **EXACT)


def normalised(seed):
    model = drawn(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)), seed)
    model(3 * normal(20, 4, seed=9) + 1)
    return model.eval()


def test_normalisation_statistics_are_those_of_each_point():
    """By hand: the layer normalises with mean and variance of what comes to it at that point."""
    start, end = normalised(1), normalised(2)
    inputs, targets = normal(40, 4), labels(3, 40)
    before = {name: value.clone() for name, value in start.state_dict().items()}
    found = ps.barrier(Objective(start, CE, (inputs, targets)), start, end)

    def by_hand(each):
        first, norm, _, last = each.model
        seen = inputs @ first.weight.T + first.bias
        seen = (seen - seen.mean(0)) / (seen.var(0, unbiased=False) + norm.eps).sqrt() * norm.weight + norm.bias
        return CE(torch.tanh(seen) @ last.weight.T + last.bias, targets)

    rows = [(1 - t) * point(start) + t * point(end) for t in found.places.tolist()]
    expected = looped(Objective(start, CE, (inputs, targets)), rows, by_hand)
    assert_close(found.losses, expected, rtol=1e-9, atol=1e-12)
    stored = ps.barrier(Objective(start, CE, (inputs, targets)), start, end, statistics="stored")
    assert (stored.losses[[0, -1]] - found.losses[[0, -1]]).abs().max() > 0.01  # statistics of the start, everywhere
    assert ("recomputed" in found.evidence, "stored" in stored.evidence) == (True, True)
    for name, value in start.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_loss_that_is_not_finite_on_the_way_is_an_infinite_barrier():
    found = between(lambda w: torch.where(w > 0.5, w / 0.0, w), 0.4, 0.6)
    assert (found.value, found.outcome) == (math.inf, Outcome.NOT_FINITE)


def test_a_path_that_is_rough_at_every_scale_says_what_it_does_not_know():
    found = between(lambda w: torch.sin(1e5 * w))
    assert found.outcome is Outcome.UNDETERMINED
    assert found.grid_error > 0.01


def casteljau(controls, t):
    while len(controls) > 1:
        controls = [(1 - t) * a + t * b for a, b in itertools.pairwise(controls)]
    return controls[0]


@given(st.integers(2, 6), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_points_of_curves_and_chains(count, t):
    """Bezier against repeated interpolation (de Casteljau), chains against numpy's interpolation."""
    controls = normal(count, 3, seed=count)
    place = torch.tensor([t], dtype=torch.float64)
    assert_close(Path(controls, "bezier").points(place)[0], casteljau(list(controls), t), **EXACT)
    grid = np.linspace(0, 1, count)
    expected = [np.interp(t, grid, column) for column in controls.T.numpy()]
    assert_close(Path(controls).points(place)[0], torch.tensor(expected), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["polygon", "bezier"])
def test_losses_along_a_bent_path_are_those_of_a_loop(kind):
    objective = classifying(mlp())
    path = Path(torch.stack([*two(), point(mlp(seed=3)), point(mlp(seed=4))]), kind)
    found = path_barrier(objective, path)
    assert_close(found.losses, looped(objective, path.points(found.places), lambda each: each.loss()), **EXACT)
    assert torch.equal(path.points(torch.tensor([0.0, 1.0])), path.controls[[0, -1]])


def test_lengths():
    """A chain of 3 and 4; a parabola whose arc length is known."""
    chain = Path(torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]]))
    assert (chain.length, chain.distance) == (7.0, 5.0)
    parabola = Path(torch.tensor([[-1.0, 1.0], [0.0, -1.0], [1.0, 1.0]], dtype=torch.float64), "bezier")  # y = x²
    assert parabola.length == pytest.approx(math.sqrt(5) + math.asinh(2) / 2, rel=1e-4)


def test_single_precision_ends_are_exact():
    model = mlp().float()
    objective = Objective(model, CE, (normal(40, 4).float(), labels(3, 40)))
    start, end = (each.float() for each in two())
    found = ps.barrier(objective, start, end)
    assert found.losses[-1] == objective.loss(end)


def squares():
    return Objective(mlp(), nn.MSELoss(), (normal(5, 4), normal(5, 3, seed=1)))


WRONG = {
    "shape": (lambda o: ps.barrier(o, o.point, o.point[:-1]), "one finite flat vector"),
    "nan": (lambda o: ps.barrier(o, o.point, o.point * math.nan), "one finite flat vector"),
    "points": (lambda o: ps.barrier(o, o.point, o.point, points=2), "at least 3 points"),
    "tolerance": (lambda o: ps.barrier(o, o.point, o.point, tol=0.0), "must be positive"),
    "errors": (lambda o: ps.barrier(squares(), o.point, o.point, errors=True), "errors are counted for classes"),
    "one control": (lambda o: Path(o.point[None]), "at least 2 finite control points"),
    "places": (lambda o: Path(torch.stack([o.point, o.point])).points(torch.tensor([1.5])), "from 0 to 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_input_is_told(name):
    call, says = WRONG[name]
    with pytest.raises(BadInput, match=says):
        call(classifying(mlp()))


def test_any_reading_along_a_path():
    """The curvature 12 w² - 4 of (w² - 1)² on the way from one minimum over the top, by a chain; the model stays."""
    model = nn.Linear(1, 1, bias=False).double()
    ones = torch.ones(1, 1, dtype=torch.float64)
    objective = Objective(model, lambda outputs, target: (outputs**2 - target).square().mean(), (ones, ones))
    before = model.weight.detach().clone()
    path = Path(torch.tensor([[-1.0], [0.0], [2.0]], dtype=torch.float64))
    found = path.readings(objective, ps.sharpness, torch.tensor([0.0, 0.25, 0.5, 1.0]))
    assert [reading.value.item() for reading in found] == pytest.approx([8.0, -1.0, -4.0, 44.0])
    assert torch.equal(model.weight, before)
    with pytest.raises(BadInput, match="from 0 to 1"):
        path.readings(objective, ps.sharpness, torch.tensor([1.5]))
