"""Tracking slowly changing operators: never below the truth after a crossing, for fewer products than cold."""

import itertools

import pytest
import torch
from torch.testing import assert_close

from oracles import normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, Tracker, eigenvalues
from phenoscope.objective import Matrix

P, TIMES = 60, 40


def family(t, turning=0.0005):
    """A slowly turning matrix whose first eigenvalue falls while another one rises and overtakes it half-way."""
    turn = normal(P, P, seed=1)
    vectors = torch.linalg.matrix_exp(turning * t * (turn - turn.T)) @ torch.linalg.qr(normal(P, P)).Q
    spectrum = torch.linspace(-0.5, 0.5, P, dtype=torch.float64)
    spectrum[0], spectrum[1] = 1.2 - 0.3 * t / TIMES, 0.6 + 0.9 * t / TIMES
    matrix = (vectors * spectrum) @ vectors.T
    return (matrix + matrix.T) / 2


def followed(tracker, **options):
    memory, readings, generator = None, [], seeded()
    for t in range(TIMES):
        operator = Matrix(family(t, **options))
        found, memory = tracker.measure(operator.multiply, torch.zeros(1, P, dtype=torch.float64), memory, generator)
        assert found.products == operator.products
        readings.append(found)
    return readings, memory


@pytest.mark.parametrize("guards", [0, 1])
@pytest.mark.parametrize("k", [1, 2])
def test_never_below_the_truth_and_cheaper_than_cold(k, guards):
    readings, memory = followed(Tracker(k, 1e-3, guards=guards, challenge_every=5))
    cold = 0
    for t, found in enumerate(readings):
        exact = torch.linalg.eigvalsh(family(t)).flip(0)[:k]
        assert found.outcomes == (Outcome.CONVERGED,)
        looked = t % 5 == 0
        assert (found.failure_probability.item() <= 1e-2) == looked
        if looked or guards:
            assert (found.values[0] > 0.97 * exact).all(), t
        cold += eigenvalues(Matrix(family(t)), k, tol=1e-3).products
    assert sum(found.products for found in readings) < 0.6 * cold
    assert memory.count == TIMES
    assert memory.vectors.shape == (1, k, P)


def test_without_guards_and_challenges_it_stays_behind():
    """The nearest wrong cousin: one warm vector follows the eigenvalue that has been overtaken."""
    readings, _ = followed(Tracker(1, 1e-2, guards=0, challenge_every=1000), turning=0.0)
    exact = torch.linalg.eigvalsh(family(TIMES - 1, turning=0.0))[-1]
    assert readings[-1].outcomes == (Outcome.CONVERGED,)
    assert readings[-1].values.item() < 0.75 * exact


def test_rows_are_followed_together():
    tracker, generator, memory = Tracker(1, 1e-6), seeded(), None
    for t in range(6):
        matrices = torch.stack([family(t), family(TIMES - t)])
        found, memory = tracker.measure(Matrix(matrices).multiply, matrices[:, 0], memory, generator)
        assert_close(found.values[:, 0], torch.linalg.eigvalsh(matrices)[:, -1], rtol=1e-9, atol=0)


def test_a_standing_operator_costs_its_block():
    tracker, generator = Tracker(1, 1e-3, guards=1), seeded()
    like = torch.zeros(1, P, dtype=torch.float64)
    _, memory = tracker.measure(Matrix(family(0)).multiply, like, None, generator)
    found, _ = tracker.measure(Matrix(family(0)).multiply, like, memory, generator)
    assert found.products == 2


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(("every", "planted"), [(10, 15), (20, 21), (20, 39)])
def test_a_planted_direction_is_found_within_twenty_measurements(k, every, planted):
    """Orthogonal to all that is tracked, and planted while the tracker is calm: nothing but a challenge can see it."""
    tracker, generator, memory = Tracker(k, 1e-2, challenge_every=every), seeded(), None
    like, seen = torch.zeros(1, P, dtype=torch.float64), None
    for t in range(planted + 20):
        matrix = family(0.1 * t)
        if t == planted:
            hidden = normal(P, seed=4)
            hidden -= memory.vectors[0].T @ (memory.vectors[0] @ hidden)
            hidden /= hidden.norm()
        if t >= planted:
            matrix = matrix + 1.5 * torch.outer(hidden, hidden)
        found, memory = tracker.measure(Matrix(matrix).multiply, like, memory, generator)
        exact = torch.linalg.eigvalsh(matrix)[-1].item()
        if t >= planted and seen is None and found.values[0, 0] > 0.98 * exact:
            seen = t - planted
    assert seen is not None
    assert seen > 0  # it was hidden at first, so the test tests something
    assert found.values[0, 0] > 0.98 * exact


def falling(t):
    """A matrix that hardly turns, whose first eigenvalue falls from 5 below the second, 4, in the 31st reading."""
    turn = normal(P, P, seed=1)
    vectors = torch.linalg.qr(normal(P, P)).Q @ torch.linalg.matrix_exp(1e-5 * t * (turn - turn.T))
    first = torch.tensor([5.0 if t < 30 else 0.5, 4.0, 3.0])
    spectrum = torch.cat([first, torch.linspace(-1, 1, P - 3)]).double()
    matrix = (vectors * spectrum) @ vectors.T
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize("k", [1, 2])
def test_a_value_that_falls_below_those_beside_it_is_not_the_largest(k):
    """The guards rest, and the vector still is one of the operator's, with a residual of nothing."""
    tracker, generator, memory, used = Tracker(k, 1e-2, challenge_every=100), seeded(), None, []
    for t in range(40):
        found, memory = tracker.measure(Matrix(falling(t)).multiply, falling(t)[:1], memory, generator)
        assert_close(found.values[0], torch.linalg.eigvalsh(falling(t)).flip(0)[:k], rtol=0.01, atol=0)
        used.append(found.products)
    assert used[28] == k  # they rested


@pytest.mark.parametrize("k", [1, 3])
def test_a_direction_that_was_found_is_kept(k):
    """All else stands still, and so the vectors of two readings ago are more alike than those of the last, by rounding;
    but one of them is another.
    """
    tracker, generator, memory = Tracker(k, 1e-2), seeded(), None
    hidden = torch.linalg.qr(normal(P, P)).Q[:, -1]
    for t in range(40):
        matrix = family(0) + (3.0 * torch.outer(hidden, hidden) if t >= 20 else 0.0)
        found, memory = tracker.measure(Matrix(matrix).multiply, matrix[:1], memory, generator)
        exact = torch.linalg.eigvalsh(matrix).flip(0)[:k]
        assert_close(found.values[0], exact, rtol=0.01, atol=0)


def test_guards_rest_while_nothing_happens():
    tracker, generator, memory, used = Tracker(2, 1e-2, challenge_every=100), seeded(), None, []
    like = torch.zeros(1, P, dtype=torch.float64)
    for _ in range(22):
        found, memory = tracker.measure(Matrix(family(0)).multiply, like, memory, generator)
        used.append(found.products)
    assert used[1:] == [3, *[2] * 9] * 2 + [3]


def swinging(t):
    """A matrix that turns slowly, and far back and forth with every step."""
    turn, swing = normal(P, P, seed=1), normal(P, P, seed=2)
    way = 0.0005 * t * (turn - turn.T) + 0.02 * (t % 2) * (swing - swing.T)
    vectors = torch.linalg.matrix_exp(way) @ torch.linalg.qr(normal(P, P)).Q
    spectrum = torch.linspace(-0.5, 0.5, P, dtype=torch.float64)
    spectrum[0], spectrum[1] = 1.5, 1.0
    matrix = (vectors * spectrum) @ vectors.T
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize("k", [1, 2])
def test_every_other_measurement_is_followed_where_the_operator_swings(k, monkeypatch):
    """As many right values for fewer products than from the last vectors, as at the edge of stability."""

    def products():
        tracker, generator, memory, used = Tracker(k, 1e-2, challenge_every=10), seeded(), None, []
        for t in range(TIMES):
            matrix = swinging(t)
            like = torch.zeros(1, P, dtype=torch.float64)
            found, memory = tracker.measure(Matrix(matrix).multiply, like, memory, generator)
            exact = torch.linalg.eigvalsh(matrix)[-k:].flip(0)
            assert_close(found.values[0], exact, rtol=0.03, atol=0)
            used.append(found.products)
        return sum(used[8:])

    foreseen = products()
    monkeypatch.setattr(Tracker, "_foreseen", lambda _, memory, skips: memory.vectors)
    assert foreseen < 0.7 * products()


def close(t):
    """A matrix whose first eigenvalues lie near one another, and whose first vectors turn into one another."""
    turn = torch.zeros(P, P, dtype=torch.float64)
    turn[:4, :4] = normal(4, 4, seed=1)
    vectors = torch.linalg.qr(normal(P, P)).Q @ torch.linalg.matrix_exp(0.02 * t * (turn - turn.T))
    spectrum = torch.cat([torch.tensor([1.5, 1.3, 1.2, 1.1]).double(), torch.linspace(-0.2, 0.2, P - 4).double()])
    matrix = (vectors * spectrum) @ vectors.T
    return (matrix + matrix.T) / 2


def test_companions_save_products_where_eigenvalues_are_close(monkeypatch):
    """The same values as without them, where directions are the residuals and a step that of the power method."""

    def products():
        tracker, generator, memory, used = Tracker(1, 1e-3, guards=0, challenge_every=20), seeded(), None, []
        for t in range(TIMES):
            matrix = close(t)
            found, memory = tracker.measure(Matrix(matrix).multiply, matrix[:1], memory, generator)
            assert found.outcomes == (Outcome.CONVERGED,)
            assert_close(found.values[0], torch.linalg.eigvalsh(matrix)[-1:], rtol=1e-4, atol=0)
            used.append(found.products)
        return sum(used)

    with_them = products()
    monkeypatch.setattr("phenoscope.instruments.spectra.tracking.COMPANIONS", 0)
    assert with_them < 0.85 * products()


@pytest.mark.parametrize(("shift", "falls"), [(0.0, True), (-3.0, False)])
def test_known_products_carry_the_vectors_further(shift, falls):
    """On an operator that stands still each reading takes one product, and is nearer than the last: what a plain warm
    start never is. Where all eigenvalues are negative a power step would lead away, and none is made.
    """
    matrix = family(0) + shift * torch.eye(P, dtype=torch.float64)
    tracker, generator, memory, residuals = Tracker(1, 0.1, guards=0, challenge_every=100), seeded(), None, []
    for _ in range(5):
        found, memory = tracker.measure(Matrix(matrix).multiply, matrix[:1], memory, generator)
        residuals.append(found.residuals.item())
    steps = list(itertools.pairwise(residuals[1:]))
    assert all(later < 0.8 * earlier for earlier, later in steps) == falls
    assert falls or all(later == pytest.approx(earlier, rel=1e-6) for earlier, later in steps)


@pytest.mark.parametrize("options", [{"k": 0}, {"guards": -1}, {"challenge_every": 0}, {"tol": 0.0}])
def test_mistakes_are_refused(options):
    with pytest.raises(BadInput, match="a tracker needs"):
        Tracker(**options)
