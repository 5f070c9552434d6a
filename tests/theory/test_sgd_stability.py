"""Thresholds of SGD against the second moment over every mini-batch there is."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.theory import coherence, coherence_threshold, sgd_threshold, trace_threshold

BOUNDS = (coherence_threshold, trace_threshold)


def drawn(n, d, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * rng.uniform(0.3, 2.0, size=(n, 1))


def radius(x, batch, lr):
    """The spectral radius of the map of second moments, over all 2ⁿ mini-batches with their chances."""
    n, d = x.shape
    chance, total = batch / n, np.zeros((d * d, d * d))
    for chosen in itertools.product((0, 1), repeat=n):
        weight = chance ** sum(chosen) * (1 - chance) ** (n - sum(chosen))
        step = np.eye(d) - lr / batch * (x.T * np.array(chosen)) @ x
        total += weight * np.kron(step, step)
    return np.abs(np.linalg.eigvals(total)).max()


@pytest.mark.parametrize(("n", "d", "batch"), [(4, 2, 1), (5, 3, 2), (6, 3, 5), (6, 1, 3), (3, 3, 1)])
def test_at_the_threshold_the_second_moment_neither_grows_nor_falls(n, d, batch):
    x = drawn(n, d, n + d)
    lr = sgd_threshold(x, batch)
    assert radius(x, batch, lr) == pytest.approx(1, abs=1e-10)
    assert radius(x, batch, 1.001 * lr) > 1 + 1e-5
    assert radius(x, batch, 0.999 * lr) < 1 - 1e-6
    assert lr < 0.99 * 2 / np.linalg.eigvalsh(x.T @ x / n)[-1] or batch > 1  # that of gradient descent is another


@pytest.mark.parametrize("seed", range(3))
def test_with_all_examples_only_the_largest_eigenvalue_counts(seed):
    x = drawn(6, 4, seed)
    assert sgd_threshold(x, 6) == pytest.approx(2 / np.linalg.eigvalsh(x.T @ x / 6)[-1], rel=1e-10)


def test_directions_without_curvature_and_rotations_change_nothing():
    x = drawn(6, 3, 0)
    wide = np.concatenate([x, np.zeros((6, 2))], axis=1)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    for measure in (sgd_threshold, *BOUNDS):
        assert measure(wide @ turn, 2) == pytest.approx(measure(x, 2), rel=1e-9)
        assert measure(3 * x, 2) == pytest.approx(measure(x, 2) / 9, rel=1e-9)


def test_closed_forms():
    """Orthogonal examples: each coordinate has 1 - 2ηh + η²h²n/B, h = 1/n. Parallel: 1 - 2η + η²(1 + 1/B - 1/n)."""
    for batch in (1, 2, 5):
        assert sgd_threshold(np.eye(5), batch) == pytest.approx(2 * batch)
        assert sgd_threshold(np.ones((5, 1)), batch) == pytest.approx(2 / (1 + 1 / batch - 1 / 5))
    assert coherence(np.eye(5)) == pytest.approx(1)
    assert coherence(-np.ones((5, 2))) == pytest.approx(5)
    assert coherence_threshold(np.eye(5), 5) == pytest.approx(10)  # without noise it is 2/λ₁


@given(st.integers(2, 7), st.integers(1, 4), st.integers(0, 10_000), st.data())
@settings(max_examples=60, deadline=None)
def test_bounds_are_bounds(n, d, seed, data):
    x, batch = drawn(n, d, seed), data.draw(st.integers(1, n))
    exact = sgd_threshold(x, batch)
    for bound in BOUNDS:
        assert bound(x, batch) >= exact * (1 - 1e-9)
    assert coherence(x) >= 1 - 1e-12
    assert coherence(x) <= n * (1 + 1e-12)


def test_long_examples_count_in_the_bound_by_the_trace():
    """The mean of ‖x‖⁴, not the square of the mean."""
    x = np.diag([3.0, 1.0, 1.0, 1.0])
    assert trace_threshold(x, 1) == pytest.approx(2 * 12 / 4 / (84 / 16 + 0.75 * 84 / 4))


@pytest.mark.parametrize(("x", "batch"), [(np.ones(3), 1), (np.zeros((3, 2)), 1), (np.eye(3), 4), (np.eye(3), 0)])
def test_what_has_no_threshold_is_refused(x, batch):
    for measure in (sgd_threshold, *BOUNDS):
        with pytest.raises(BadInput, match="finite vectors"):
            measure(x, batch)
