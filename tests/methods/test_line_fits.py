"""Rules on a line: by brute force, by straight lines between neighbours, and by means over drawn noise."""

import dataclasses
import math

import numpy as np
import pytest

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, LineFit

MADE = LineFit(12, steps=3)
INPUTS = np.array([0.05, 0.11, 0.2, 0.31, 0.38, 0.5, 0.55, 0.68, 0.71, 0.83, 0.9, 0.97])
PLACES = np.linspace(0.12, 0.88, 31)


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize(("fit", "k"), [("nearest", 1), ("several nearest", 3)])
def test_neighbours_are_found_by_sorting_distances(fit, k):
    labels = np.arange(12.0) ** 2
    expected = [sum(label for _, label in sorted(zip(np.abs(INPUTS - x), labels, strict=True))[:k]) / k for x in PLACES]
    made = dataclasses.replace(MADE, fit=fit)
    assert made.rule(INPUTS, PLACES) @ labels == pytest.approx(np.array(expected))
    assert made.neighbours == k  # ⌈log 12⌉ is 3


@pytest.mark.parametrize(("fit", "power"), [("laplace", 1), ("gaussian", 2)])
@pytest.mark.parametrize("ridge", [0.0, 0.01])
def test_kernels_solve_for_their_weights(fit, power, ridge):
    length = 0.05
    made = dataclasses.replace(MADE, fit=fit, length=length, ridge=ridge)

    def kernel(a, b):
        return math.exp(-((abs(a - b) / length) ** power) / power)

    here = np.array([[kernel(a, b) for b in INPUTS] for a in INPUTS]) + 12 * ridge * np.eye(12)
    there = np.array([[kernel(a, b) for b in INPUTS] for a in PLACES])
    assert made.rule(INPUTS, PLACES) == pytest.approx(there @ np.linalg.inv(here), abs=1e-8)
    if not ridge:
        assert made.rule(INPUTS, INPUTS) == pytest.approx(np.eye(12), abs=1e-8)


def test_laplaces_kernel_is_a_straight_line_between_near_neighbours():
    made = dataclasses.replace(MADE, fit="laplace", length=100.0)
    labels = np.sin(17 * INPUTS)
    assert made.rule(INPUTS, PLACES) @ labels == pytest.approx(np.interp(PLACES, INPUTS, labels), abs=1e-3)


@pytest.mark.parametrize(("fit", "costs"), [("nearest", 1.0), ("several nearest", 1 / 6), ("laplace", 2 / 3)])
def test_with_many_examples_it_costs_what_the_limit_says(fit, costs):
    made = LineFit(300, fit=fit, steps=5, noise=0.5)
    found = last(made)
    assert found["limit risk"] == pytest.approx(0.5 * costs)
    assert found["expected risk"] == pytest.approx(found["limit risk"], rel=0.03)
    assert "limit risk" not in LineFit(30, fit="laplace", ridge=0.1).units
    assert "limit risk" not in LineFit(30, fit="gaussian").units


def test_the_mean_over_noise_is_the_expected_risk():
    found = [last(dataclasses.replace(MADE, fit="laplace", steps=1, seed=seed)) for seed in range(300)]
    apart = np.array([each["risk"] - each["expected risk"] for each in found])
    assert abs(apart.mean()) < 3 * apart.std() / math.sqrt(300)
    assert last(MADE) == last(MADE)


def test_even_inputs_temper_a_gaussian_fit_and_near_ones_ruin_it():
    uneven = LineFit(30, fit="gaussian", length=0.02, steps=9)
    even = dataclasses.replace(uneven, even=True)
    assert last(even)["risk"] < 1
    assert last(uneven)["risk"] > 10
    hopeless = dataclasses.replace(uneven, examples=200)
    assert last(hopeless)["risk"] == math.inf  # it cannot be solved for


def test_what_makes_no_sense():
    assert isinstance(MADE, Computation)
    for bad in ({"fit": "luck"}, {"examples": 1}, {"length": 0.0}, {"noise": 0.0}, {"ridge": 0.1}, {"steps": 0}):
        with pytest.raises(BadInput):
            dataclasses.replace(MADE, **bad)
    with pytest.raises(BadInput, match="the ridge"):
        dataclasses.replace(MADE, fit="laplace", ridge=-0.1)
