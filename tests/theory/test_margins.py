"""Largest margins against other solvers, brute force, and the norm next door."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.svm import SVC

from phenoscope.core.errors import BadInput
from phenoscope.theory import dual_length, largest_margin, length, margin
from phenoscope.theory.margins import angle

NORMS = ("l1", "l2", "linf", "fourier l1")


def cloud(n, d, seed):
    """Examples on one side of a random plane."""
    rng = np.random.default_rng(seed)
    z, normal = rng.normal(size=(n, d)), rng.normal(size=d)
    return z * np.sign(z @ normal)[:, None]


@pytest.mark.parametrize("norm", NORMS)
def test_in_the_plane_as_by_going_around(norm):
    z = cloud(6, 2, 1)
    angles = np.linspace(0, 2 * np.pi, 200_001)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    margins = (z @ circle).min(axis=0)
    near = circle[:, margins > 0]  # the plane is gone around finely, and the norm taken where it matters
    rough = max(least / length(w, norm) for least, w in zip(margins[margins > 0], near.T, strict=True))
    found = largest_margin(z, norm=norm)
    assert found.value == pytest.approx(rough, rel=1e-4)
    assert found.value >= rough
    assert abs(found.gap) < 1e-7


def test_the_euclidean_one_is_the_support_vector_machine():
    z = cloud(30, 10, 2)
    both = np.vstack([z, -z])  # without an offset by symmetry
    machine = SVC(kernel="linear", C=1e8, tol=1e-10).fit(both, np.repeat([1, -1], 30))
    w = machine.coef_[0]
    found = largest_margin(z)
    np.testing.assert_allclose(found.direction, w / np.linalg.norm(w), atol=1e-5)
    assert found.value == pytest.approx(1 / np.linalg.norm(w), rel=1e-5)
    assert set(np.flatnonzero(found.weights > 1e-8)) == {place % 30 for place in machine.support_}


def test_the_fourier_one_as_a_general_solver_finds_it():
    z = cloud(5, 6, 3)
    rng, best = np.random.default_rng(0), 0.0
    rules = {"type": "ineq", "fun": lambda w: z @ w - 1}
    for _ in range(20):
        w = minimize(lambda w: length(w, "fourier l1"), rng.normal(size=6), constraints=rules, method="SLSQP").x
        best = max(best, margin(z, w, norm="fourier l1"))
    found = largest_margin(z, norm="fourier l1")
    assert found.value == pytest.approx(best, rel=1e-3)
    assert found.value > best * (1 - 1e-6)


def test_a_norm_of_the_classifier_is_not_that_of_the_distances():
    """The l1 margin is the distance in the largest coordinate; the norm next door gives another classifier."""
    z = np.array([[3.0, 1.0], [2.9, -0.5]])
    assert largest_margin(z, norm="l1").direction.round(6).tolist() == [1.0, 0.0]
    assert (
        largest_margin(z, norm="linf").value > largest_margin(z, norm="l2").value > largest_margin(z, norm="l1").value
    )
    assert largest_margin(z, norm="l1").value == pytest.approx(2.9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(NORMS), st.integers(1, 8), st.integers(1, 5))
def test_the_certificate_holds(seed, norm, n, d):
    """A value that is reached, a bound that weights prove, and no gap worth the name, separable or not."""
    z = np.random.default_rng(seed).normal(size=(n, d))
    found = largest_margin(z, norm=norm)
    assert found.weights.min() >= 0
    assert found.weights.sum() == pytest.approx(1)
    assert found.bound == pytest.approx(dual_length(found.weights @ z, norm))
    if found.value:
        assert margin(z, found.direction, norm=norm) == pytest.approx(found.value)
        assert length(found.direction, norm) == pytest.approx(1)
    else:
        assert not found.direction.any()
    assert -1e-9 <= found.gap < 1e-6


@pytest.mark.parametrize("norm", NORMS)
def test_what_cannot_be_separated_has_no_margin(norm):
    z = cloud(8, 3, 4)
    found = largest_margin(np.vstack([z, -z[:1]]), norm=norm)
    assert found.value == 0
    assert found.bound < 1e-9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(NORMS))
def test_dual_norms_belong_together(seed, norm):
    rng = np.random.default_rng(seed)
    v, w = rng.normal(size=(2, 5))
    assert v @ w <= length(w, norm) * dual_length(v, norm) + 1e-12
    tried = rng.normal(size=(2000, 5)) * 10 ** rng.uniform(-3, 0, size=(2000, 5))
    reached = max(abs(v @ each) / length(each, norm) for each in tried)
    assert reached <= dual_length(v, norm) + 1e-12
    assert reached > 0.5 * dual_length(v, norm)


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, 2)), np.zeros(3), np.array([[np.nan, 1.0]])], ids=["empty", "flat", "nan"]
)
def test_what_is_no_matrix_is_refused(wrong):
    with pytest.raises(BadInput, match="finite matrix"):
        largest_margin(wrong)
    with pytest.raises(BadInput, match="norm"):
        largest_margin(np.eye(2), norm="l3")


def test_small_angles_are_exact():
    one, other = np.array([1.0, 0.0]), np.array([3.0, 3e-11])
    assert angle(one, other) == pytest.approx(1e-11, rel=1e-6, abs=0)  # where the cosine is 1
    assert angle(one, -one) == pytest.approx(math.pi)
