"""The flow of a logistic loss: against a general solver from the definition, and against the two ways it can end."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from phenoscope.core.errors import PhenoscopeError
from phenoscope.methods import logistic_flow as module
from phenoscope.methods.logistic_flow import logistic_flow

RNG = np.random.default_rng(0)
Z, WEIGHTS, AGAINST = RNG.normal(size=(5, 8)), RNG.uniform(0.5, 1, 5), np.array([0.4, 0.2, 0, 0, 0])


def loss(w, decay=0.0, z=Z):
    m = z @ w
    return WEIGHTS @ np.logaddexp(0, -m) + AGAINST @ np.logaddexp(0, m) + decay / 2 * w @ w


def gradient(w, decay):
    m = Z @ w
    return (AGAINST / (1 + np.exp(-m)) - WEIGHTS / (1 + np.exp(m))) @ Z + decay * w


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_is_the_flow_of_the_gradient_in_plain_time(decay):
    start = RNG.normal(size=8)
    found = list(logistic_flow(Z, WEIGHTS, scale=0.3, steps=4, start=start, against=AGAINST, decay=decay))
    times = [2.0**step for step in range(5)]
    plain = solve_ivp(lambda _, w: -0.3 * gradient(w, decay), (0, 16), start, t_eval=times, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose([time for time, _ in found], np.log(times))
    np.testing.assert_allclose([w for _, w in found], plain.y.T, atol=1e-5)


def test_the_gradient_of_this_test_is_that_of_its_loss():
    w, h = RNG.normal(size=8), 1e-6
    slopes = [(loss(w + h * e, 0.1) - loss(w - h * e, 0.1)) / (2 * h) for e in np.eye(8)]
    np.testing.assert_allclose(slopes, gradient(w, 0.1), atol=1e-8)


def test_comes_to_rest_at_the_minimum_where_there_is_one():
    start = RNG.normal(size=8)
    *_, (_, w) = logistic_flow(Z, WEIGHTS, scale=1.0, steps=60, start=start, against=AGAINST, decay=0.01)
    np.testing.assert_allclose(w, minimize(loss, start, args=(0.01,), tol=1e-12).x, atol=1e-5)


def test_at_times_at_which_rounding_would_move_what_has_come_to_rest():
    """Two examples come to log(c/k) each; the third one, which is at right angles to them, grows like log t."""
    z = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    found = list(
        logistic_flow(
            z, np.array([2.0, 3.0, 1.0]), scale=1.0, steps=300, start=np.zeros(3), against=np.array([1.0, 1.0, 0.0])
        )
    )
    np.testing.assert_allclose((z @ found[-1][1])[:2], np.log([2, 3]), atol=1e-9)
    # of dm/dt = 1 / (1 + exp(m)) the solution is m + exp(m) = t + 1
    assert (z @ found[10][1])[2] + math.exp((z @ found[10][1])[2]) == pytest.approx(1025, rel=1e-5)
    assert (z @ found[-1][1])[2] == pytest.approx(300 * math.log(2), rel=1e-6)


def test_a_solver_that_gives_up_is_an_error(monkeypatch):
    def gives_up(*given, **options):
        found = solve_ivp(*given, **options)
        found.success, found.message = False, "the step became too small"
        return found

    monkeypatch.setattr(module, "solve_ivp", gives_up)
    with pytest.raises(PhenoscopeError, match="up to the time 2\\^3: the step became too small"):
        list(logistic_flow(Z, WEIGHTS, scale=1.0, steps=3, start=np.zeros(8)))
