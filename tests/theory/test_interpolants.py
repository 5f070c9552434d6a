"""Where mirror descent ends: against a general constrained solver, its limits, and the potentials next door."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from phenoscope.core.errors import BadInput
from phenoscope.theory import (
    Entropy,
    Euclidean,
    HyperbolicEntropy,
    Power,
    nearest_interpolant,
    shortest_interpolant,
)


def problem(n=3, d=6, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, x @ np.abs(rng.normal(size=d)), np.abs(rng.normal(size=d)) + 0.2


def hyperbolic(b, a):
    return b * np.arcsinh(b / (2 * a)) - np.sqrt(b**2 + 4 * a**2)


POTENTIALS = {
    "euclidean": (Euclidean(), lambda b: b**2 / 2),
    "entropy": (Entropy(), lambda b: b * np.log(b) - b),
    "power": (Power(1.5), lambda b: np.abs(b) ** 1.5 / 1.5),
    "hyperbolic": (HyperbolicEntropy(0.3), lambda b: hyperbolic(b, 0.3)),
    "hyperbolic, a scale each": (
        HyperbolicEntropy(np.linspace(0.1, 2, 6)),
        lambda b: hyperbolic(b, np.linspace(0.1, 2, 6)),
    ),
}


@pytest.mark.parametrize("name", POTENTIALS)
def test_it_has_the_smallest_divergence_of_all_solutions(name):
    mirror, potential = POTENTIALS[name]
    x, y, start = problem()

    def divergence(b):
        return (potential(b) - potential(start) - mirror.to_dual(start) * (b - start)).sum()

    found = nearest_interpolant(x, y, mirror, start)
    bounds = [(1e-9, None)] * 6 if name == "entropy" else None
    rules = {"type": "eq", "fun": lambda b: x @ b - y}
    other = minimize(divergence, np.full(6, 0.5), constraints=rules, bounds=bounds, method="SLSQP", tol=1e-12)
    assert found.residual < 1e-12
    np.testing.assert_allclose(found.point, other.x, atol=2e-4)
    assert divergence(found.point) <= other.fun + 1e-9


@pytest.mark.parametrize("name", POTENTIALS)
def test_the_parts_of_a_mirror_belong_together(name):
    mirror, potential = POTENTIALS[name]
    b, e = np.array([0.3, 1.0, 2.0, 0.7, 0.1, 4.0]), 1e-6
    z = mirror.to_dual(b)
    np.testing.assert_allclose(mirror.to_primal(z), b, rtol=1e-12)
    np.testing.assert_allclose(z, (potential(b + e) - potential(b - e)) / (2 * e), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(b, (mirror.conjugate(z + e) - mirror.conjugate(z - e)) / (2 * e), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        mirror.slope(z), (mirror.to_primal(z + e) - mirror.to_primal(z - e)) / (2 * e), rtol=1e-6
    )


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
def test_the_shortest_is_shorter_than_other_solutions(norm):
    x, y, _ = problem(5, 12, 3)
    found = shortest_interpolant(x, y, norm=norm)
    measure = {"l1": 1, "l2": 2, "linf": np.inf}[norm]
    empty = np.linalg.svd(x)[2][5:]  # what no example sees
    moves = np.random.default_rng(0).normal(size=(500, 7)) @ empty
    assert found.residual < 1e-10
    assert abs(found.gap) < 1e-9
    least = np.linalg.norm(found.point, measure)
    assert all(np.linalg.norm(found.point + size * move, measure) >= least for move in moves for size in (1e-3, 0.1))
    if norm == "l1":
        assert (np.abs(found.point) > 1e-9).sum() == 5  # a vertex, which the l2 one is not


def test_the_hyperbolic_entropy_lies_between_l1_and_l2():
    x, y, _ = problem(10, 30, 5)
    gaps = []
    for norm in ("l1", "l2"):
        goal = shortest_interpolant(x, y, norm=norm).point
        ends = [nearest_interpolant(x, y, HyperbolicEntropy(a), np.zeros(30)).point for a in (1e-12, 1e-3, 1.0, 1e3)]
        gaps.append([np.linalg.norm(end - goal) / np.linalg.norm(goal) for end in ends])
    assert gaps[0] == sorted(gaps[0])
    assert gaps[1] == sorted(gaps[1], reverse=True)
    assert gaps[0][0] < 0.1
    assert gaps[1][-1] < 1e-4


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-8, 1e-3, 1.0, 1e4]))
def test_it_fits_and_stays_in_the_span(seed, scale):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(4, 9)), rng.normal(size=4)
    mirror = HyperbolicEntropy(scale)
    found = nearest_interpolant(x, y, mirror, np.zeros(9))
    assert found.residual < 1e-9
    z = mirror.to_dual(found.point)
    assert np.linalg.norm(z - x.T @ np.linalg.lstsq(x.T, z, rcond=None)[0]) < 1e-7 * np.linalg.norm(z)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(BadInput, match="needs x"):
        nearest_interpolant(np.eye(2), np.ones(3), Euclidean(), np.zeros(2))
    with pytest.raises(BadInput, match="positive"):
        HyperbolicEntropy(0.0)
    with pytest.raises(BadInput, match="power"):
        Power(1.0)
    with pytest.raises(BadInput, match="no solution"):
        shortest_interpolant(np.array([[1.0], [1.0]]), np.array([0.0, 1.0]), norm="l1")
