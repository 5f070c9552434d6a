"""Coupled features: descent against the minimum, what does not depend on what, and another optimiser."""

import numpy as np
import pytest
from scipy.optimize import minimize

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, CoupledFeatures


def found(**options):
    made = CoupledFeatures(**({"penalty": 0.1, "steps": 4000} | options))
    assert isinstance(made, Computation)
    (reading,) = made.readings()
    assert (reading.step, set(reading.values)) == (made.steps, set(made.units))
    return reading.values


def cost(made, features):
    def loss(weights):
        answers = features @ weights
        fit = np.square(answers - 1) / 2 if made.cost == "squared error" else np.logaddexp(0, -answers)
        size = np.square(answers).mean() if made.cost == "logit penalty" else weights @ weights
        return fit.mean() + made.penalty * size / 2

    return loss


@pytest.mark.parametrize("cost_of", ["decay", "logit penalty", "squared error"])
@pytest.mark.parametrize("together", [True, False])
def test_descent_ends_at_the_minimum_that_is_predicted_and_that_another_solver_finds(cost_of, together):
    made = CoupledFeatures(2.0, cost_of, together, penalty=0.1, steps=4000, seed=3)
    features = made.features() * [2.0, 1.0]
    weights = minimize(cost(made, features), np.zeros(2), method="BFGS", options={"gtol": 1e-11}).x
    expected = np.sqrt(np.square(features).mean(axis=0)) * weights
    (reading,) = made.readings()
    assert reading.values["strong response"] == pytest.approx(expected[0], rel=1e-4)
    assert reading.values["weak response"] == pytest.approx(expected[1], rel=1e-4)
    assert reading.values["predicted weak response"] == pytest.approx(reading.values["weak response"], rel=1e-6)
    assert reading.values["slope"] < 1e-7


def test_both_features_point_to_the_label_and_stand_in_the_examples_asked_for():
    both, apart = CoupledFeatures().features(), CoupledFeatures(together=False).features()
    assert both.shape == (20, 2)
    assert 0.5 <= both.min() < both.max() <= 1.5
    assert np.array_equal(apart > 0, np.repeat(np.eye(2), 10, axis=0) > 0)
    assert np.array_equal(both, CoupledFeatures(strength=3.0, cost="logit penalty").features())
    assert not np.array_equal(both, CoupledFeatures(seed=1).features())


def test_a_strong_feature_starves_the_weak_one_only_where_examples_share_them_and_weights_are_what_costs():
    weak = {
        name: [found(strength=s, **options)["weak response"] for s in (0.5, 2.0)]
        for name, options in (
            ("decay", {}),
            ("logit penalty", {"cost": "logit penalty"}),
            ("apart", {"together": False}),
        )
    }
    assert weak["decay"][1] < 0.7 * weak["decay"][0]
    for name in ("logit penalty", "apart"):
        assert weak[name][1] == pytest.approx(weak[name][0], rel=1e-6)


def test_a_descent_that_has_not_arrived_says_so():
    early = found(steps=2)
    assert early["slope"] > 1e-3
    assert early["weak response"] != pytest.approx(early["predicted weak response"], rel=0.01)


@pytest.mark.parametrize("bad", [{"strength": 0.0}, {"penalty": -1.0}, {"examples": 5}, {"examples": 2}, {"steps": 0}])
def test_what_cannot_be_trained_is_refused(bad):
    with pytest.raises(BadInput, match="coupled features need a positive strength"):
        CoupledFeatures(**bad)


def test_another_cost_is_refused():
    with pytest.raises(BadInput, match="cost must be one of 'decay'"):
        CoupledFeatures(cost="hinge")
