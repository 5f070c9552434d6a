"""Noise on waves, by programs that share nothing: normal equations, sines counted one by one, closed forms."""

import dataclasses
import math

import numpy as np
import pytest

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, NoiseAbsorption
from phenoscope.methods.noise_absorption import _spectrum

MADE = NoiseAbsorption(9, examples=7, steps=3)
INPUTS = np.array([0.02, 0.17, 0.3, 0.48, 0.6, 0.75, 0.93])
PLACES = np.linspace(0, 1, 50, endpoint=False)


def last(made):
    *_, found = made.readings()
    return found.values


def wave(feature, x, falloff, count):
    """One feature at one place: a constant, then all cosines, then all sines."""
    half = (count - 1) // 2
    if feature == 0:
        return 10.0
    k = feature if feature <= half else feature - half
    weight = (1 + k) ** -falloff * (10 if k <= 2 else 1)
    return weight * (math.cos if feature <= half else math.sin)(2 * math.pi * k * x)


@pytest.mark.parametrize("changes", [{}, {"features": 3}, {"ridge": 0.01}, {"falloff": 1.0, "ridge": 1e-4}], ids=str)
def test_the_smoother_solves_the_normal_equations(changes):
    made = dataclasses.replace(MADE, **changes)
    here, there = (
        np.array([[wave(f, x, made.falloff, made.features) for f in range(made.features)] for x in places])
        for places in (INPUTS, PLACES)
    )
    ridge = made.ridge * np.linalg.norm(here, 2) ** 2
    if ridge:
        expected = there @ np.linalg.solve(here.T @ here + ridge * np.eye(made.features), here.T)
    else:
        expected = there @ np.linalg.pinv(here)
    assert made.smoother(INPUTS, PLACES) == pytest.approx(expected, rel=1e-8, abs=1e-10)


def test_with_as_many_waves_as_even_examples_it_is_the_dirichlet_kernel():
    """Its energy is exactly 1, as many waves as examples, all of them below n/2."""
    made = dataclasses.replace(MADE, features=7)
    even = np.arange(7) / 7
    smoother = made.smoother(even, PLACES)
    kernel = 1 + 2 * sum(np.cos(2 * math.pi * k * (PLACES[:, None] - even)) for k in (1, 2, 3))
    assert smoother == pytest.approx(kernel / 7, abs=1e-10)
    assert np.square(smoother).sum(axis=1).mean() == pytest.approx(1.0)


def test_energies_by_frequency_are_those_of_the_waves_put_in():
    grid = np.arange(32) / 32
    curves = np.stack([2 + 3 * np.cos(2 * math.pi * 5 * grid), np.sin(2 * math.pi * 11 * grid)], axis=1)
    found = _spectrum(curves)
    assert found[[0, 5, 11]] == pytest.approx([4.0, 4.5, 0.5])
    assert found.sum() == pytest.approx(np.square(curves).mean(axis=0).sum())


def test_the_mean_over_noise_is_the_expected_energy():
    """Over many draws the measured mean comes to the exact one; both are of unit noise."""
    made = dataclasses.replace(MADE, features=15, steps=1)
    found = [last(dataclasses.replace(made, seed=seed)) for seed in range(300)]
    measured, expected = (
        np.array([each[name] for each in found]) for name in ("noise energy", "expected noise energy")
    )
    assert abs((measured - expected).mean()) < 3 * (measured - expected).std() / math.sqrt(300)


def test_few_waves_hold_no_high_ones_and_many_do():
    made = dataclasses.replace(MADE, examples=31)
    few, many = last(dataclasses.replace(made, features=31)), last(dataclasses.replace(made, features=311))
    assert few["high share"] == pytest.approx(0, abs=1e-20)
    assert few["signal error"] == pytest.approx(0, abs=1e-20)
    assert many["high share"] > 0.3
    assert last(dataclasses.replace(made, features=311, falloff=2.0))["high share"] < 0.1
    assert many == last(dataclasses.replace(made, features=311))


def test_what_makes_no_sense():
    assert isinstance(MADE, Computation)
    for bad in ({"features": 8}, {"features": -1}, {"examples": 1}, {"ridge": -1.0}, {"falloff": -0.5}, {"steps": 0}):
        with pytest.raises(BadInput, match="odd number of features"):
            dataclasses.replace(MADE, **bad)
