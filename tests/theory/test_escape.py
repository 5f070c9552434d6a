"""Escape times and shares: closed forms, and the generator of the diffusion on a grid, solved as a linear system."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, sparse
from scipy.sparse.linalg import spsolve

from phenoscope.core.errors import BadInput
from phenoscope.theory import first_passage_time, kramers_time, stationary_density


def solved(x, drift, diffusion, end):
    """τ on the grid from f τ' + D τ'' = -1, with τ = 0 at the last point and a wall before the first."""
    gap, inner = x[1] - x[0], x < end - 1e-9
    f, d = drift[inner], diffusion[inner]
    up, down = d / gap**2 + f / (2 * gap), d / gap**2 - f / (2 * gap)
    middle = -up - down
    middle[0] += down[0]
    matrix = sparse.diags([down[1:], middle, up[:-1]], [-1, 0, 1], format="csc")
    return spsolve(matrix, -np.ones(len(f)))


@settings(deadline=None, max_examples=15)
@given(st.floats(0.3, 2.0), st.floats(-0.8, 0.8), st.floats(0.5, 3.0))
def test_times_solve_the_backward_equation(temperature, shape, steep):
    x = np.linspace(-6, 3, 9001)
    drift = -steep * (x**3 - x)
    diffusion = temperature * np.exp(shape * np.tanh(x))  # by Stratonovich's rule it would be another equation
    expected = solved(x, drift, diffusion, 1.0)[np.argmin(np.abs(x + 1))]
    assert first_passage_time(x, drift, diffusion, -1.0, 1.0) == pytest.approx(expected, rel=5e-3)
    mirrored = first_passage_time(-x[::-1], -drift[::-1], diffusion[::-1], 1.0, -1.0)
    assert mirrored == pytest.approx(first_passage_time(x, drift, diffusion, -1.0, 1.0), rel=1e-9)


def test_the_time_of_an_ornstein_uhlenbeck_process():
    x = np.linspace(-10, 3, 20_001)
    by_hand = integrate.quad(lambda y: math.sqrt(math.pi / 2) * math.exp(y**2 / 2) * math.erfc(-y / math.sqrt(2)), 0, 2)
    assert first_passage_time(x, -x, np.ones_like(x), 0.0, 2.0) == pytest.approx(by_hand[0], rel=1e-6)


def test_a_steady_drift_takes_the_distance_over_its_speed():
    x = np.linspace(-30, 5, 40_001)
    assert first_passage_time(x, np.full_like(x, 2.0), np.ones_like(x), 0.0, 4.0) == pytest.approx(2.0, rel=1e-5)
    mirrored = first_passage_time(-x[::-1], np.full_like(x, -2.0), np.ones_like(x), 0.0, -4.0)
    assert mirrored == pytest.approx(2.0, rel=1e-5)


def test_noise_that_depends_on_the_place():
    """Drift -x and D = 1 + x² settle at p ∝ (1 + x²)^(-3/2); by Stratonovich's rule it would be (1 + x²)^(-1)."""
    x = np.linspace(-40, 40, 80_001)
    found = stationary_density(x, -x, 1 + x**2)
    shape = (1 + x**2) ** -1.5
    np.testing.assert_allclose(found, shape / integrate.trapezoid(shape, x), rtol=1e-4)


def test_the_time_comes_to_kramers_as_the_barrier_grows():
    """The loss h (x² - 1)²: the curvatures are 8h at the minima and 4h at the top."""
    x, off = np.linspace(-2.5, 2.5, 40_001), []
    for barrier in (4.0, 8.0, 16.0):
        drift = -4 * barrier * x * (x**2 - 1)
        exact = first_passage_time(x, drift, np.ones_like(x), -1.0, 1.0)
        off.append(exact / kramers_time(barrier, 1.0, 8 * barrier, 4 * barrier) - 1)
    assert off[0] > off[1] > off[2] > 0
    assert off[1] / off[2] == pytest.approx(2, rel=0.15)  # the error is of the order of T/h
    assert off[2] < 0.04


def test_shares_of_wells_that_differ_in_width_alone():
    x = np.linspace(-6, 3, 9001)
    u = np.where(x < 0, x / 2, x)
    density = stationary_density(x, -4 * u * (u**2 - 1) / np.where(x < 0, 2, 1), np.full_like(x, 0.4))
    assert integrate.trapezoid(density[x <= 0], x[x <= 0]) == pytest.approx(2 / 3, rel=1e-5)


@pytest.mark.parametrize("given", [(-1.0, 1.0, 1.0, 1.0), (1.0, 0.0, 1.0, 1.0), (1.0, 1.0, 1.0, -1.0)], ids=str)
def test_kramers_needs_a_well_and_a_top(given):
    with pytest.raises(BadInput, match="Kramers' formula needs"):
        kramers_time(*given)


def test_what_is_no_diffusion_is_refused():
    x = np.linspace(0, 1, 5)
    with pytest.raises(BadInput, match="an ascending grid"):
        stationary_density(x[::-1], x, x + 1)
    with pytest.raises(BadInput, match="an ascending grid"):
        stationary_density(x, x, x)  # no noise at 0
    with pytest.raises(BadInput, match="an ascending grid"):
        first_passage_time(x, x[1:], x + 1, 0.0, 1.0)
    with pytest.raises(BadInput, match="does not hold both 0 and 2"):
        first_passage_time(x, x, x + 1, 0.0, 2.0)


def test_a_time_beyond_all_numbers_is_infinite():
    x = np.linspace(-2, 2, 4001)
    assert first_passage_time(x, -4000 * x * (x**2 - 1), np.ones_like(x), -1.0, 1.0) == math.inf
    assert math.isfinite(first_passage_time(x, -4000 * x * (x**2 - 1), np.ones_like(x), -1.0, -0.9))
