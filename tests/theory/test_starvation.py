"""Responses of coupled features at the minimum: against another solver of another problem, and cases by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.special import expit

from phenoscope.core.errors import BadInput
from phenoscope.theory import logistic_responses


def primal(features, decay):
    """By minimising over the weights instead of the dual variables."""

    def loss(weights):
        return np.logaddexp(0, -features @ weights).mean() + decay * weights @ weights / 2

    found = minimize(loss, np.zeros(features.shape[1]), method="BFGS", options={"gtol": 1e-10})
    return np.sqrt(np.square(features).mean(axis=0)) * found.x


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.floats(0.01, 1.0), st.integers(0, 2**20))
def test_the_dual_finds_the_minimum_of_the_primal(n, k, decay, seed):
    features = np.random.default_rng(seed).normal(size=(n, k)) * np.logspace(0, 0.7, k)
    assert logistic_responses(features, decay) == pytest.approx(primal(features, decay), abs=2e-5)


@pytest.mark.parametrize("strength", [0.3, 1.0, 30.0])
def test_one_feature_solves_a_scalar_equation(strength):
    weight = brentq(lambda w: 0.1 * w - strength * expit(-strength * w), 0, 1e3, xtol=1e-15)
    features = np.full((5, 1), strength)
    assert logistic_responses(features, 0.1).tolist() == pytest.approx([strength * weight], rel=1e-9)


def test_features_of_different_examples_do_not_meet_and_those_of_the_same_do():
    together, apart = np.array([[1.0, 1.0], [1.0, 1.0]]), np.eye(2)
    weak = {
        name: [logistic_responses(features * [s, 1.0], 0.05)[1] for s in (0.5, 1.0, 2.0, 4.0)]
        for name, features in (("together", together), ("apart", apart))
    }
    assert np.diff(weak["together"]).max() < -0.1
    assert weak["apart"] == pytest.approx([weak["apart"][0]] * 4, rel=1e-9)


def test_what_has_no_minimum_is_refused():
    for features, decay in ((np.ones(3), 0.1), (np.ones((2, 1)), 0.0), (np.full((2, 1), np.nan), 0.1)):
        with pytest.raises(BadInput, match="responses need features"):
            logistic_responses(features, decay)
