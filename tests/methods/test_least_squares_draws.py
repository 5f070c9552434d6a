"""Least squares as a member: the same draws the same risk, theory that the draws know nothing of, and its controls."""

import dataclasses
import math

import pytest

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, LeastSquares
from phenoscope.theory import optimal_ridge, ridge_risk


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("options", [{}, {"decay": 2.0, "noise": 0.0}, {"start": 0.3}])
@pytest.mark.parametrize("features", [10, 90])
def test_simulation_meets_theory(features, options):
    found = last(LeastSquares(features, 30, steps=600, **options))
    assert found["risk"] == pytest.approx(found["exact risk"], abs=4 * found["risk.standard error"])
    apart = abs(found["risk"] - found["exact risk of the smallest norm"]) > 6 * found["risk.standard error"]
    assert apart == ("start" in options and features > 30)
    wrong = abs(found["risk"] - found["risk by one numerator"]) > 6 * found["risk.standard error"]
    assert wrong == (features < 30 or "start" in options)


def test_the_tuned_ridge_is_the_tuned_ridge():
    for features in (60, 240):
        found = last(LeastSquares(features, 120, steps=100, tuned=True))
        ridge = optimal_ridge(features, noise=0.25)
        one = [1.0] * features
        exact = ridge_risk(120, one, [features**-0.5] * features, noise=0.25, ridge=ridge)
        assert found["risk"] == pytest.approx(exact, rel=0.03)
        assert found["risk"] < last(LeastSquares(features, 120, steps=100))["risk"]
        assert "exact risk" not in found


def test_at_the_threshold_there_is_no_number_for_an_infinite_risk():
    found = last(LeastSquares(30, 30, steps=50))
    assert "exact risk" not in found
    assert math.isfinite(found["median risk"])
    assert last(LeastSquares(30, 30, noise=0.0, steps=20))["risk"] < 1e-12


def test_draws_are_the_seeds():
    one = LeastSquares(20, 30, steps=40, seed=3)
    assert isinstance(one, Computation)
    assert last(one) == last(one)
    assert last(one)["risk"] != last(dataclasses.replace(one, seed=4))["risk"]
    steps = [found.step for found in one.readings()]
    assert steps == [20, 40]
    assert set(last(one)) - {"risk.standard error"} == set(one.units)


@pytest.mark.parametrize("options", [{"features": 0}, {"signal": 0.0}, {"noise": -1.0}, {"steps": 1}])
def test_mistakes_are_refused(options):
    with pytest.raises(BadInput, match="least squares needs"):
        LeastSquares(**{"features": 3, **options})
    with pytest.raises(BadInput, match="a ridge regression has no start"):
        LeastSquares(3, tuned=True, start=1.0)
