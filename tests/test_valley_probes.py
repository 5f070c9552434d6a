"""The floor of the valley and what is foretold there, against dense Hessians and third derivatives by hand."""

import itertools

import pytest
import torch
from torch.autograd.functional import hessian, jacobian

from phenoscope.probes import SelfStabilisation, ValleyFloor, read
from phenoscope.probes.valley import ALTERNATING
from phenoscope.training import Adam, train
from small import losses, path, recipe

LR = 0.8
RECIPE = recipe(LR, steps=12)
POINTS = path(RECIPE)
EDGE = 2 / LR


def readings(probe, recipes):
    """The series of the last row, as dictionaries from step to value."""
    memories, found = [None], {}
    for state in train(recipes):
        rows, memories = read((probe,), state, memories)
        for row in rows:
            found.setdefault(row.name, {})[row.step] = row.values[-1].item()
    return found


def loss(point):
    return losses(RECIPE, point)


def slope(point):
    return jacobian(loss, point)


def valley(point):
    """The displacement along the top eigenvector, and the floor."""
    values, vectors = torch.linalg.eigh(hessian(loss, point))
    away = (vectors[:, -1] @ slope(point)) / values[-1]
    return away.item(), point - away * vectors[:, -1]


def sharpness(point):
    return torch.linalg.eigvalsh(hessian(loss, point))[-1]


def test_the_floor_and_how_often_its_sharpness_has_risen_to_the_edge():
    made = recipe(LR, steps=12, start=None)
    found = readings(ValleyFloor(tol=1e-9, challenge_every=1), [made])
    expected = [(sharpness(valley(point)[1]) / EDGE).item() for point in POINTS]
    assert [*found["floor sharpness / threshold"].values()] == pytest.approx(expected, rel=1e-6)
    away = [abs(valley(point)[0]) for point in POINTS]
    assert [*found["displacement from floor"].values()] == pytest.approx(away, rel=1e-5, abs=1e-9)
    count, counts = 0, [0]
    for before, after in itertools.pairwise(expected):
        count += before < 1 <= after
        counts.append(count)
    assert [*found["crossings of the edge"].values()] == counts


def test_crossings_are_counted_from_below_only(monkeypatch):
    """A sharpness that is prescribed: above at first (which counts for nothing), below, above, and so on."""
    from phenoscope.probes import valley as module

    levels = iter([1.1, 0.9, 1.0, 1.2, 0.8, 0.7, 1.3])
    plain = module.Tracker.measure
    calls = []

    def measured(self, *arguments):
        found, tracking = plain(self, *arguments)
        calls.append(1)
        if len(calls) % 2 == 0:
            found.values[:] = EDGE * next(levels)
        return found, tracking

    monkeypatch.setattr(module.Tracker, "measure", measured)
    found = readings(ValleyFloor(), [recipe(LR, steps=6)])
    assert [*found["crossings of the edge"].values()] == [0, 0, 1, 1, 1, 1, 2]


def foretold(steps):
    """The two numbers, and both maps from step 5 on, by dense derivatives and plain numbers."""
    floor = valley(POINTS[5])[1]
    whole, gradient = hessian(loss, floor), slope(floor)
    values, vectors = torch.linalg.eigh(whole)
    u, top = vectors[:, -1], values[-1].item()
    third = jacobian(lambda here: hessian(loss, here, create_graph=True) @ u @ u, floor)
    flat = torch.eye(len(u), dtype=torch.float64) - torch.outer(u, u)
    g, s = flat @ gradient, flat @ third
    alpha, beta = -(g @ s).item(), (s @ s).item()
    said = {"mapped": [], "local": [], "free": []}
    weights = torch.tensor([-1.0, 10, -45, 120, -210, 252, -210, 120, -45, 10, -1], dtype=torch.float64) / 1024
    a = near = free = (weights @ torch.stack(POINTS[:11]) @ u).item()
    y, up, moved = top - EDGE, top - EDGE, torch.zeros_like(u)
    for _ in range(steps):
        over = top - EDGE + (s @ moved).item()
        said["mapped"].append((1 + y / EDGE, abs(a)))
        said["local"].append((1 + over / EDGE, abs(near)))
        said["free"].append(abs(free))
        free, up = -(1 + LR * up) * free, up + LR * alpha
        a, y = -(1 + LR * y) * a, y + LR * (alpha - beta * a * a / 2)
        moved = moved - LR * flat @ (g + whole @ moved + near * near / 2 * s)
        near = -(1 + LR * over) * near
    return alpha, beta, said


def test_what_is_foretold_from_the_first_eleven_points():
    found = readings(SelfStabilisation(), [recipe(LR, steps=12)])
    alpha, beta, said = foretold(8)
    assert found["sharpening rate"] == {5: pytest.approx(alpha, rel=1e-4)}
    assert found["restoring coefficient"] == {5: pytest.approx(beta, rel=1e-4)}
    for kind in ("mapped", "local"):
        ratios, swings = zip(*said[kind], strict=True)
        series = found[f"{kind} sharpness / threshold"]
        assert sorted(series) == list(range(5, 13))
        assert [series[step] for step in range(5, 13)] == pytest.approx(list(ratios), rel=1e-4)
        assert [*found[f"{kind} displacement"].values()] == pytest.approx(list(swings), rel=1e-3)
    assert [*found["mapped displacement"].values()] != pytest.approx([*found["local displacement"].values()], rel=1e-3)
    assert [*found["displacement without cubic term"].values()] == pytest.approx(said["free"], rel=1e-3)
    assert said["free"] != pytest.approx([swing for _, swing in said["mapped"]], rel=1e-3)


def test_the_swing_is_what_alternates_and_not_what_is_off_the_floor():
    """A smooth path beside a swing: of a polynomial of the ninth degree nothing is left."""
    steps = torch.arange(11, dtype=torch.float64)
    smooth = 3 + 0.5 * steps - 0.02 * steps**3 + 1e-5 * steps**7 + 1e-7 * steps**9
    swing = 1e-6 * (-1) ** (steps + 5)
    weights = torch.tensor(ALTERNATING, dtype=torch.float64)
    assert (weights @ (smooth + swing)).item() == pytest.approx(1e-6, rel=1e-3)


@pytest.mark.parametrize(("kind", "seed"), [("mapped", 1), ("local", 3)])
def test_crossings_that_are_foretold_are_those_of_what_is_foretold(kind, seed):
    found = readings(SelfStabilisation(), [recipe(0.6, seed=seed, steps=100)])
    count, counts, ratios = 0, [0], [*found[f"{kind} sharpness / threshold"].values()]
    for before, after in itertools.pairwise(ratios):
        count += before < 1 <= after
        counts.append(count)
    assert [*found[f"{kind} crossings"].values()] == counts
    assert counts[-1] >= 1  # else nothing was tested


@pytest.mark.parametrize("probe", [ValleyFloor(tol=1e-8), SelfStabilisation()], ids=lambda probe: type(probe).__name__)
def test_a_row_of_a_cohort_reads_what_it_reads_alone(probe):
    rows = [recipe(0.3, seed=5), recipe(LR, seed=2)]
    together, alone = readings(probe, rows), readings(probe, rows[1:])
    assert together.keys() == alone.keys()
    for name, series in alone.items():
        if not name.endswith(".residual"):
            assert together[name] == pytest.approx(series, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("probe", [ValleyFloor(), SelfStabilisation()], ids=lambda probe: type(probe).__name__)
def test_where_the_rule_has_no_threshold_nothing_is_read(probe):
    assert readings(probe, [recipe(rule=Adam(0.01), steps=2)]) == {}
