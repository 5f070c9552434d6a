"""The loss without the swing: in the mean of two steps and on the valley's floor, against dense matrices by hand."""

import itertools

import pytest
import torch
from torch.autograd.functional import hessian

import phenoscope as ps
from phenoscope.core.errors import BadInput
from phenoscope.probes import TwoStepMean, WithoutTop, read
from phenoscope.training import train
from small import losses, path, recipe

RECIPE = recipe(0.8, steps=10)
POINTS = path(RECIPE)


def readings(probe, recipes):
    """The series of the last row, as dictionaries from step to value."""
    memories, found = [None], {}
    for state in train(recipes):
        rows, memories = read((probe,), state, memories)
        for row in rows:
            found.setdefault(row.name, {})[row.step] = row.values[-1].item()
    return found


def at(point):
    return losses(RECIPE, point).item()


def floor(point, k):
    """The minimum of the loss's quadratic model at a point along its k sharpest directions that curve upwards."""
    values, vectors = torch.linalg.eigh(hessian(lambda here: losses(RECIPE, here), point))
    here = point.clone().requires_grad_()
    (slope,) = torch.autograd.grad(losses(RECIPE, here), here)
    for i in range(1, k + 1):
        if values[-i] > 0:
            point = point - vectors[:, -i] * (vectors[:, -i] @ slope) / values[-i]
    return point


@pytest.mark.parametrize("after", [0, 4])
def test_the_mean_of_two_steps(after):
    found = readings(TwoStepMean(after), [RECIPE])
    middles = [at((one + other) / 2) for one, other in itertools.pairwise(POINTS)]
    assert sorted(found["two-step mean / mean loss"]) == list(range(after, 10))
    for step, ratio in found["two-step mean / mean loss"].items():
        assert ratio == pytest.approx(2 * middles[step] / (at(POINTS[step]) + at(POINTS[step + 1])), rel=1e-10)
    assert sorted(found["rise of the two-step mean"]) == list(range(after + 1, 10))
    for step, rise in found["rise of the two-step mean"].items():
        assert rise == pytest.approx(middles[step] / middles[step - 1] - 1, rel=1e-8, abs=1e-12)
        assert 0 < found["rise of the two-step mean.residual"][step] < 1e-14


def test_the_floor_of_the_valley():
    found = readings(WithoutTop((1, 3), after=2, tol=1e-9, guards=3, challenge_every=1), [RECIPE])
    for k in (1, 3):
        below = [at(floor(point, k)) for point in POINTS]
        series = found[f"rise without top {k}"]
        assert sorted(series) == list(range(2, 10))
        for step, rise in series.items():
            assert rise == pytest.approx(below[step + 1] / below[step] - 1, rel=1e-6, abs=1e-10)
    assert found["rise without top 1"] != found["rise without top 3"]


def test_where_nothing_curves_upwards_the_floor_is_where_training_is():
    """All 26 directions: some curve downwards, and along those the point must not go up to the ridge."""
    values = torch.linalg.eigvalsh(hessian(lambda here: losses(RECIPE, here), POINTS[0]))
    assert values[0] < -1e-3
    found = readings(WithoutTop((26,), tol=1e-9, guards=0, challenge_every=1), [recipe(0.8, steps=1)])
    expected = at(floor(POINTS[1], 26)) / at(floor(POINTS[0], 26)) - 1
    assert found["rise without top 26"][0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("probe", [TwoStepMean(), WithoutTop((1, 2), tol=1e-9)], ids=lambda probe: type(probe).__name__)
def test_a_row_of_a_cohort_reads_what_it_reads_alone(probe):
    rows = [recipe(0.3, seed=5), recipe(1.2, seed=2)]
    together, alone = readings(probe, rows), readings(probe, rows[1:])
    assert together.keys() == alone.keys()
    for name, series in alone.items():
        if not name.endswith(".residual"):
            assert together[name] == pytest.approx(series, rel=1e-7, abs=1e-10)


def test_they_read_a_loop_of_ones_own(tmp_path):
    model, data = torch.nn.Linear(3, 1, bias=False).double(), torch.eye(3).double()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 2.0, -1.0]]))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batch = (data * torch.tensor([2.0, 1.0, 0.5]), torch.zeros(3, 1).double())
    probes = [TwoStepMean(), WithoutTop((1,), tol=1e-9)]
    with ps.watch(model, torch.nn.MSELoss(), batch, optimizer, probes=probes, run=tmp_path / "mine"):
        for _ in range(3):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(batch[0]), batch[1]).backward()
            optimizer.step()
    series = ps.load(tmp_path / "mine").series
    found = {name: series.filter(series["name"] == name)["value"].to_list() for name in TwoStepMean().units}
    stretch = torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64)
    start = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)

    def loss(steps, w=start):
        point = sum(w * (1 - 2 / 3 * stretch) ** step for step in steps) / len(steps)
        return (stretch * point**2).sum().item() / 3

    expected = [
        2 * loss((t, t + 1)) / (loss((t,)) + loss((t + 1,))) for t in range(len(found["two-step mean / mean loss"]))
    ]
    assert len(expected) >= 2
    assert found["two-step mean / mean loss"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("counts", [(), (0,), (2, 2)])
def test_counts_that_make_no_series_are_refused(counts):
    with pytest.raises(BadInput, match="`counts` of WithoutTop are different numbers of at least 1"):
        WithoutTop(counts)
