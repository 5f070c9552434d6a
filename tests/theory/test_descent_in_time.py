"""The risk along gradient descent against gradient descent."""

import math

import numpy as np
import pytest

from phenoscope.core.errors import BadInput
from phenoscope.theory import descent_risk

STEPS = (0, 3, 30, 300, 1200)


def descended(n, eigenvalues, theta, *, noise, rate, scales, draws=25, seed=0):
    """The mean excess risk at some steps of gradient descent itself, and its standard error."""
    rng, risks = np.random.default_rng(seed), []
    for _ in range(draws):
        x = rng.normal(size=(n, len(theta))) * np.sqrt(eigenvalues)
        y = x @ theta + math.sqrt(noise) * rng.normal(size=n)
        weights, found = np.zeros(len(theta)), []
        for step in range(STEPS[-1] + 1):
            if step in STEPS:
                found.append((eigenvalues * (weights - theta) ** 2).sum())
            weights = weights - rate * scales * (x.T @ (x @ weights - y)) / n
        risks.append(found)
    return np.mean(risks, axis=0), np.std(risks, axis=0) / math.sqrt(draws)


@pytest.mark.parametrize("equal", [False, True], ids=["one rate", "a rate each"])
def test_as_gradient_descent(equal):
    values = np.repeat([1.0, 0.01], [12, 3])
    theta = np.repeat([1 / math.sqrt(12), 4.0], [12, 3])
    scales = 1 / values if equal else np.ones_like(values)
    mean, error = descended(900, values, theta, noise=20.0, rate=0.05, scales=scales)
    times = 0.05 * np.array(STEPS)
    risk = descent_risk(900, values, theta, times, noise=20.0, rates=scales if equal else None)
    np.testing.assert_allclose(risk, mean, atol=4 * error.max() + 0.02 * mean.max())
    other = descent_risk(900, values, theta, times, noise=20.0, rates=None if equal else 1 / values)
    assert np.abs(other - mean).max() > 10 * error.max()  # the other rates would be seen


def test_two_scales_make_two_valleys_and_one_scale_one():
    values = np.repeat([1.0, 1e-3], [50, 5])
    theta = np.sqrt(np.repeat([1 / 50, 100.0], [50, 5]))
    times = np.geomspace(0.01, 1e5, 400)

    def valleys(rates):
        risk = descent_risk(1000, values, theta, times, noise=10.0, rates=rates)
        return int(((risk[1:-1] < risk[:-2]) & (risk[1:-1] < risk[2:])).sum() + (risk[-1] < risk[-2])), risk.min()

    (two, late), (one, best) = valleys(None), valleys(1 / values)
    assert (two, one) == (2, 1)
    assert best < late


def test_in_closed_cases():
    assert descent_risk(10, [2.0, 1.0], [3.0, 1.0], [0.0])[0] == 19.0
    assert descent_risk(10, [2.0, 1.0], [3.0, 1.0], [1e9], noise=5.0)[0] == pytest.approx(1.0)
    assert descent_risk(10, [1.0], [1.0], [1.0], noise=0.0)[0] == pytest.approx(math.exp(-2))
    assert descent_risk(10, [1.0], [1.0], [1.0], noise=10.0, rates=[0.0])[0] == 1.0  # never descended
    assert descent_risk(10, [1.0], [0.0], [math.log(2)], noise=10.0)[0] == pytest.approx(0.25)  # half of the noise


@pytest.mark.parametrize(
    "bad", [{"n": 0}, {"eigenvalues": [0.0]}, {"noise": -1.0}, {"times": [-1.0]}, {"rates": [-1.0]},
            {"rates": [1.0, 1.0]}, {"coefficients": [1.0, 2.0]}], ids=lambda bad: next(iter(bad)),
)  # fmt: skip
def test_what_makes_no_sense_is_refused(bad):
    given = {"n": 5, "eigenvalues": [1.0], "coefficients": [1.0], "times": [0.0, 1.0]} | bad
    with pytest.raises(BadInput, match="descent"):
        descent_risk(**given)
