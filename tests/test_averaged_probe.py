"""Averages along training, against means written out over the points that training passed, and against torch's own."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

import phenoscope as ps
from phenoscope.probes import Averaged
from phenoscope.training import train
from small import losses, path, recipe

MADE = recipe(0.4, steps=12)


def read(probe, *recipes):
    """The series of the first recipe's row as {name: {step: value}}."""
    memory, found = None, {}
    for state in train(recipes):
        if probe.due(state.step):
            rows, memory = probe.update(state, memory)
            for row in rows:
                found.setdefault(row.name, {})[row.step] = row.values[0].item()
    return found


@pytest.mark.parametrize(
    ("probe", "weights"),
    [
        (Averaged(every=3), {3: {0: 1, 1: 1, 2: 1, 3: 1}, 12: dict.fromkeys(range(13), 1)}),
        (Averaged(every=4, since=2, take=3), {4: {2: 1}, 8: {2: 1, 5: 1, 8: 1}, 12: {2: 1, 5: 1, 8: 1, 11: 1}}),
        (Averaged(every=6, decay=0.5), {6: {i: 0.5 ** (6 - i) for i in range(7)}}),
        (Averaged(every=5, decay=0.9, take=2), {10: {i: 0.9 ** ((10 - i) // 2) for i in (0, 2, 4, 6, 8, 10)}}),
    ],
    ids=["mean", "since and take", "exponential", "exponential, every other"],
)
def test_it_reads_the_network_at_the_weighted_mean(probe, weights):
    points, found = path(MADE), read(probe, MADE)
    for step, counted in weights.items():
        mean = sum(weight * points[at] for at, weight in counted.items()) / sum(counted.values())
        assert found["averaged loss"][step] == pytest.approx(losses(MADE, mean).item(), rel=1e-10)
    assert found["averaged loss"].keys() == {step for step in range(probe.since, 13) if step % probe.every == 0}


def test_test_examples_and_accuracies_are_read_there():
    found, points = read(Averaged(every=12, name="swa"), MADE), torch.stack(path(MADE))
    assert found.keys() == {"swa loss", "swa test loss", "swa train accuracy", "swa test accuracy"}
    for part, name in (("train", "swa loss"), ("test", "swa test loss")):
        objective = ps.training.objective_of(MADE, part)
        assert found[name][12] == pytest.approx(objective.loss(points.mean(dim=0)).item(), rel=1e-10)
        assert found[f"swa {part} accuracy"][12] == objective.accuracy(points.mean(dim=0)).item()


def test_a_row_of_a_cohort_has_its_own_average():
    others = [recipe(0.4, steps=12, seed=seed) for seed in (0, 3)]
    alone, together = read(Averaged(every=6), others[0]), read(Averaged(every=6), *others)
    for name, series in alone.items():
        assert together[name] == pytest.approx(series, rel=1e-9)


def test_two_averages_go_along_one_run(tmp_path):
    watched = (Averaged(every=4, name="mean"), Averaged(every=4, decay=0.5, name="ema"))
    arm = ps.phenomenon.Arm("main", MADE, watched)
    claim = ps.claims.Claim(
        "the mean is no worse", "by hand",
        ps.claims.last_value(ps.claims.Measured("mean loss")), ps.claims.AtLeast(0.0), on="main",
    )  # fmt: skip
    made = ps.phenomenon.Phenomenon("tiny", "Tiny", "Is it?", "A test.", (arm,), (claim,), scale="smoke")
    done = ps.run(made, seeds=1, out=tmp_path)
    record = done.records["main"][0]
    assert record.series["mean loss"].values[-1] == pytest.approx(read(watched[0], MADE)["mean loss"][12])
    assert record.series["ema loss"].values[-1] == pytest.approx(read(watched[1], MADE)["ema loss"][12])


@pytest.mark.parametrize("normalised", [False, True])
def test_along_a_loop_of_ones_own_it_is_torchs_average(tmp_path, normalised):
    """With normalisation the statistics at the average are those of the data, not those stored along the way."""
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(20, 3, generator=generator), torch.randn(20, 1, generator=generator)
    middle = [nn.BatchNorm1d(4)] if normalised else []
    model, loss = nn.Sequential(nn.Linear(3, 4), *middle, nn.Tanh(), nn.Linear(4, 1)), nn.MSELoss()
    optimizer, averaged = torch.optim.SGD(model.parameters(), lr=0.1), AveragedModel(model)
    with ps.watch(model, loss, data, optimizer, probes=[Averaged(every=5)], run=tmp_path / "own"):
        for _ in range(10):
            averaged.update_parameters(model)
            optimizer.zero_grad()
            loss(model(data[0]), data[1]).backward()
            optimizer.step()
        averaged.update_parameters(model)
    series = ps.load(tmp_path / "own").record.series["averaged loss"]
    assert np.array_equal(series.steps, [0, 5, 10])
    averaged.train(normalised)
    assert series.values[-1] == pytest.approx(loss(averaged(data[0]), data[1]).item(), rel=1e-5)


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"take": 0}, {"decay": 1.0}, {"decay": 0.0}, {"since": -1}, {"name": ""}]
)
def test_averages_that_make_no_sense_are_refused(options):
    with pytest.raises(ps.BadInput):
        Averaged(**options)
