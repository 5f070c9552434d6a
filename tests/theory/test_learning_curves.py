"""Learning curves of kernel regression: mode by mode against simulations, and against what they must add up to."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.theory import effective_ridge, kernel_learning, ridge_risk


def simulated(n, values, target, *, noise, ridge, draws):
    """Squared errors of each coefficient, by regression on Gaussian eigenfunctions: (draws, p)."""
    rng, errors = np.random.default_rng(0), []
    for _ in range(draws):
        features = rng.normal(size=(n, len(values)))
        y = features @ target + math.sqrt(noise) * rng.normal(size=n)
        kernel = features * values @ features.T + ridge * np.eye(n)
        errors.append((values * (features.T @ np.linalg.solve(kernel, y)) - target) ** 2)
    return np.array(errors)


@pytest.mark.parametrize(("noise", "ridge"), [(0.0, 1e-9), (0.2, 1e-9), (0.2, 1.0)])
def test_each_mode_as_simulated(noise, ridge):
    order = np.arange(1, 121.0)
    values, target = order**-1.2, np.cos(order) / order
    errors = simulated(60, values, target, noise=noise, ridge=ridge, draws=1500)
    found = kernel_learning(60, values, target, noise=noise, ridge=ridge)
    for modes in (slice(0, 2), slice(2, 10), slice(10, 40), slice(40, 120)):
        means = errors[:, modes].sum(axis=1)
        spread = means.std() / math.sqrt(len(means))
        expected = found.modes[modes].sum()
        assert expected == pytest.approx(means.mean(), abs=4 * spread + 0.05 * expected)
    # what is not learned, alone, is far too little
    assert np.square((1 - found.learned) * target).sum() < 0.8 * errors.sum(axis=1).mean()


@given(
    n=st.integers(1, 40),
    power=st.floats(0.5, 2.5),
    noise=st.floats(0.0, 1.0),
    ridge=st.floats(1e-6, 10.0),
)
def test_modes_add_up_to_the_risk_and_learning_to_the_examples(n, power, noise, ridge):
    order = np.arange(1, 61.0)
    found = kernel_learning(n, order**-power, 1 / order, noise=noise, ridge=ridge)
    # the risk of a regression on features of that covariance, whose parameters are v/√λ
    assert found.risk == pytest.approx(
        ridge_risk(n, order**-power, order ** (power / 2) / order, noise=noise, ridge=ridge), rel=1e-9, abs=1e-12
    )
    assert found.learned.sum() + ridge / found.kappa == pytest.approx(n, rel=1e-6)
    assert found.kappa == pytest.approx(effective_ridge(n, order**-power, ridge=ridge))
    assert np.all(np.diff(found.learned) <= 0)


def test_flat_spectra_by_hand():
    found = kernel_learning(25, np.ones(100), np.full(100, 0.1), noise=0.0)
    assert found.kappa == pytest.approx(3.0)  # 100/(1 + κ) = 25
    assert found.learned == pytest.approx(np.full(100, 0.25))
    # E = (3/4)² · 25/(25 - 100/16), of which each mode has a hundredth
    assert found.risk == pytest.approx(0.75)
    assert found.modes == pytest.approx(np.full(100, 0.0075))
    assert kernel_learning(100, np.ones(50), np.ones(50)).risk == 0.0
    assert kernel_learning(50, np.ones(50), np.ones(50), noise=1.0).risk == math.inf


def test_what_does_not_go_together_is_refused():
    with pytest.raises(BadInput, match="a finite coefficient for each eigenvalue"):
        kernel_learning(10, np.ones(3), np.ones(4))
    with pytest.raises(BadInput, match="a noise of at least 0"):
        kernel_learning(10, np.ones(3), np.ones(3), noise=-1.0)
    with pytest.raises(BadInput, match="positive eigenvalues"):
        kernel_learning(10, np.zeros(3), np.ones(3))
