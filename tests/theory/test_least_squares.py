"""Risks of least squares against simulations, closed cases, and the formulas next to them that are wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.theory import (
    degrees_of_freedom,
    effective_ranks,
    effective_ridge,
    optimal_ridge,
    random_feature_risk,
    ridge_risk,
    ridgeless_risk,
)


def simulated(n, eigenvalues, theta, *, noise, ridge=0.0, draws=300, seed=0):
    """The mean excess risk of the estimates themselves, and its standard error."""
    rng, risks = np.random.default_rng(seed), []
    for _ in range(draws):
        x = rng.normal(size=(n, len(theta))) * np.sqrt(eigenvalues)
        y = x @ theta + math.sqrt(noise) * rng.normal(size=n)
        gram = x.T @ x + ridge * np.eye(len(theta))
        found = np.linalg.pinv(x) @ y if ridge == 0 else np.linalg.solve(gram, x.T @ y)
        risks.append((eigenvalues * (found - theta) ** 2).sum())
    return np.mean(risks), np.std(risks) / math.sqrt(draws)


@pytest.mark.parametrize(("n", "p"), [(30, 3), (30, 15), (30, 45), (30, 120), (5, 1), (4, 9)])
def test_without_a_ridge_as_simulated(n, p):
    theta = np.ones(p) / math.sqrt(p)
    mean, error = simulated(n, np.ones(p), theta, noise=1.0, draws=2000 if p < 50 else 500)
    assert ridgeless_risk(n, p) == pytest.approx(mean, abs=4 * error)
    if p < n / 2:  # the formula with n in both numerators is far off
        assert abs(n / (n - p - 1) - mean) > 20 * error


def test_without_a_ridge_in_closed_cases():
    assert ridgeless_risk(60, 120, noise=0.0) == 0.5
    assert ridgeless_risk(60, 30, noise=0.0) == 0.0
    assert all(ridgeless_risk(60, p) == math.inf for p in (59, 60, 61))
    assert ridgeless_risk(60, 61, noise=0.0) == pytest.approx(1 / 61)
    assert ridgeless_risk(60, 10**8, noise=3.0) == pytest.approx(1.0, abs=1e-5)  # nothing is learned
    # features that are left out are noise, and their share is lost
    assert ridgeless_risk(60, 30, noise=0.0, omitted=2.0) == pytest.approx(2 + ridgeless_risk(60, 30, noise=2.0))


@pytest.mark.parametrize("ridge", [0.0, 3.0])
@pytest.mark.parametrize(("n", "power"), [(60, 1.2), (100, 0.5), (250, 1.0)])
def test_any_covariance_as_simulated(n, power, ridge):
    values = np.arange(1, 201) ** -power
    theta = np.cos(np.arange(200.0))
    mean, error = simulated(n, values, theta, noise=0.3, ridge=ridge, draws=60)
    assert ridge_risk(n, values, theta, noise=0.3, ridge=ridge) == pytest.approx(mean, abs=4 * error + 0.03 * mean)


@pytest.mark.parametrize(("n", "p"), [(1000, 300), (1000, 4000)])
def test_both_meet_in_the_limit(n, p):
    flat = np.ones(p)
    assert ridge_risk(n, flat, flat / math.sqrt(p)) == pytest.approx(ridgeless_risk(n, p), rel=5e-3)
    assert ridge_risk(p, flat, flat) == math.inf


@settings(deadline=None)
@given(n=st.integers(1, 80), p=st.integers(1, 80), ridge=st.floats(1e-6, 1e3))
def test_the_effective_ridge_solves_its_equation(n, p, ridge):
    values = np.linspace(0.1, 2.0, p)
    kappa = effective_ridge(n, values, ridge=ridge)
    assert kappa > 0
    assert degrees_of_freedom(values, kappa) + ridge / kappa == pytest.approx(n, rel=1e-9)


@pytest.mark.parametrize(("n", "p"), [(40, 20), (40, 40), (40, 100)])
def test_no_other_ridge_is_better_than_the_optimal_one(n, p):
    flat, theta = np.ones(p), np.ones(p) / math.sqrt(p)
    best = optimal_ridge(p, noise=0.5)
    risks = [ridge_risk(n, flat, theta, noise=0.5, ridge=factor * best) for factor in (0.5, 0.8, 1.0, 1.25, 2.0)]
    assert min(risks) == risks[2]
    means = [simulated(n, flat, theta, noise=0.5, ridge=factor * best, seed=1) for factor in (0.3, 1.0, 3.0)]
    assert means[1][0] < min(means[0][0], means[2][0])  # on the same draws


@pytest.mark.parametrize("k", [40, 80, 400])
def test_random_features_as_simulated(k):
    """Features are random mixtures of the kernel's eigenfunctions, which are Gaussian here."""
    rng, values, n = np.random.default_rng(0), np.arange(1, 401) ** -1.5, 80
    target, risks = np.arange(1, 401) ** -1.0, []
    for _ in range(60):
        modes = rng.normal(size=(n, 400))
        mixture = np.sqrt(values)[:, None] * rng.normal(size=(400, k)) / math.sqrt(k)
        features, y = modes @ mixture, modes @ target + math.sqrt(0.1) * rng.normal(size=n)
        dual = np.linalg.solve(features @ features.T + 0.05 * np.eye(n), y)
        risks.append(np.square(mixture @ (features.T @ dual) - target).sum())
    mean, error = np.mean(risks), np.std(risks) / math.sqrt(60)
    found = random_feature_risk(n, k, values, target, noise=0.1, ridge=0.05)
    assert found == pytest.approx(mean, abs=3 * error + 0.05 * mean)
    kernel = ridge_risk(n, values, target / np.sqrt(values), noise=0.1, ridge=0.05)
    assert found > 1.05 * kernel  # fewer features than make the kernel


def test_effective_ranks():
    assert effective_ranks(np.ones(50)) == (0, 50.0, 50.0)
    k, r, spread = effective_ranks([8.0, 4.0, 1.0, 1.0, 1.0], n=3)
    assert (k, r, spread) == (2, 3.0, 3.0)
    assert effective_ranks([1.0, 0.5], n=10) == (2, 0.0, 0.0)
    steep = np.arange(1, 2001) ** -2.0
    assert (
        effective_ranks(steep, n=50)[0] > 40
    )  # no flat tail: nearly as many directions stand out as there are examples
    flat_tail = np.concatenate([np.full(5, 100.0), np.full(5000, 0.01)])
    assert effective_ranks(flat_tail, n=50)[0] == 5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: ridgeless_risk(0, 3), "`n` must be at least 1, got 0"),
        (lambda: ridgeless_risk(3, 3, noise=-1.0), "`noise` must be a finite number of at least 0"),
        (lambda: ridge_risk(3, [1.0, 0.0], [1.0, 1.0]), "positive eigenvalues"),
        (lambda: ridge_risk(3, [1.0, 2.0], [1.0]), "with a coefficient each, got shapes"),
        (lambda: optimal_ridge(3, signal=0.0), "Give `signal` above 0"),
        (lambda: random_feature_risk(5, 5, [1.0], [1.0], ridge=0.0), "Give a small one for none"),
        (lambda: effective_ranks([1.0, 2.0]), "in falling order"),
    ],
    ids=range(7),
)
def test_mistakes_are_refused(wrong, says):
    with pytest.raises(BadInput, match=says):
        wrong()
