"""The largest margin in the variation norm: by hand, against a fine grid of directions, and from below and above."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from phenoscope.core.errors import BadInput
from phenoscope.theory import largest_margin, variation_margin


def on_a_grid(x, y, count):
    """The program over a grid of the circle and the kinks, written with a free margin and split coefficients."""
    kinks = np.arctan2(x[:, 1], x[:, 0])[:, None] + np.array([-np.pi / 2, np.pi / 2])
    angles = np.append(2 * np.pi * (np.arange(count) + 0.5) / count, kinks)
    count = len(angles)
    units = y[:, None] * np.maximum(x @ np.stack([np.cos(angles), np.sin(angles)]), 0)
    rows = np.hstack([-units, units, np.ones((len(x), 1))])
    ball = np.append(np.ones(2 * count), 0)[None]
    found = linprog(
        np.append(np.zeros(2 * count), -1), A_ub=np.vstack([rows, ball]), b_ub=np.append(np.zeros(len(x)), 1),
        bounds=[(0, None)] * (2 * count) + [(None, None)],
    )  # fmt: skip
    return -found.fun


def outputs(found, x):
    return np.maximum(x @ found.directions.T, 0) @ found.coefficients


@pytest.mark.parametrize("seed", range(4))
def test_is_that_of_a_fine_grid_of_directions(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(7, 2)), rng.choice([-1.0, 1.0], size=7)
    assert variation_margin(x, y, directions=50).value == pytest.approx(on_a_grid(x, y, 4000), rel=2e-3)


def test_by_hand():
    one = variation_margin(np.array([[0.0, 3.0, 4.0]]), np.array([-1.0]))
    assert one.value == pytest.approx(5, rel=1e-3)
    assert np.sign(one.coefficients).tolist() == [-1.0] * len(one.coefficients)
    # an even function needs a unit on each side, an odd one of the same points, too
    for second in (1.0, -1.0):
        both = variation_margin(np.array([[2.0, 0.0], [-2.0, 0.0]]), np.array([1.0, second]))
        assert both.value == pytest.approx(1, rel=1e-3)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), d=st.integers(2, 4), n=st.integers(2, 8))
def test_its_network_has_its_margin_and_its_norm(seed, d, n):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], size=n)
    found = variation_margin(x, y, directions=300)
    assert found.value <= found.bound
    if found.value > 0:
        assert (y * outputs(found, x)).min() == pytest.approx(found.value, rel=1e-6)
        assert np.abs(found.coefficients).sum() == pytest.approx(1)
        np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1)
    half = variation_margin(x / 2, y, directions=300)
    assert half.value == pytest.approx(found.value / 2, rel=2e-3)


def test_it_is_no_less_than_that_of_any_network_and_not_that_of_linear_functions():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 3)), rng.choice([-1.0, 1.0], size=10)
    w, a = rng.normal(size=(3000, 3)), rng.normal(size=3000)
    best = variation_margin(x, y)
    units = np.maximum(x @ (w / np.linalg.norm(w, axis=1, keepdims=True)).T, 0)
    drawn = largest_margin(y[:, None] * units, norm="l1").value
    assert drawn < best.value * 1.001
    assert drawn > best.value * 0.8
    assert (y * (units @ a)).min() / np.abs(a).sum() < best.value
    assert largest_margin(y[:, None] * x).value == 0  # no linear function is right on these


def test_the_first_directions_do_not_matter():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(15, 3)), rng.choice([-1.0, 1.0], size=15)
    few, many = (variation_margin(x, y, directions=count).value for count in (100, 3000))
    assert few == pytest.approx(many, rel=3e-3)
    assert few == variation_margin(x, y, directions=100).value


def test_what_makes_no_sense():
    for x, y in ((np.ones((2, 2)), np.ones(3)), (np.ones(2), np.ones(2)), (np.ones((2, 2)), np.zeros(2))):
        with pytest.raises(BadInput, match="a target of 1 or -1 each"):
            variation_margin(x, y)
