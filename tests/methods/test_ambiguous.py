"""Descent with contradicting examples: against small steps, a constrained solver for the ray, and the two extremes."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import AmbiguousDescent, Computation

DATA = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=10, scaling="centre", flat=True)
BASE = AmbiguousDescent(DATA, ambiguous=2, steps=120)


def examples(made):
    drawn = made.data.draw(stream(made.seed, "data")).train
    x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
    return y[:, None] * x / math.sqrt(np.square(x).sum(axis=1).mean())


def values(made):
    return [found.values for found in made.readings()]


def test_contradicting_examples_have_their_minimum_at_log_2():
    found = minimize_scalar(lambda q: 2 * np.logaddexp(0, -q) + np.logaddexp(0, q), tol=1e-12)
    assert found.x == pytest.approx(math.log(2), abs=1e-6)


@pytest.mark.parametrize("both", [True, False])
def test_the_flow_is_descent_by_small_steps(both):
    z = examples(BASE)
    rows = np.vstack([z, z[:2], -z[:2]]) if both else z
    w, scale = np.zeros(64), 4 * len(z) / np.linalg.norm(rows, 2) ** 2
    for _ in range(40_000):
        w = w + 16 / 40_000 * scale * (1 / (1 + np.exp(rows @ w)) @ rows) / len(z)
    found = values(dataclasses.replace(BASE, both=both, steps=4))[4]
    assert found["norm"] == pytest.approx(np.linalg.norm(w), rel=1e-3)
    assert found["unsettled"] == pytest.approx(np.abs(z[:2] @ w - math.log(2)).max(), rel=2e-3)


def test_the_two_parts_by_a_general_solver():
    """The ray is the shortest vector at right angles to the first two with all other margins at least 1."""
    z = examples(BASE)
    rules = [
        {"type": "eq", "fun": lambda w: z[:2] @ w, "jac": lambda w: z[:2]},
        {"type": "ineq", "fun": lambda w: z[2:] @ w - 1, "jac": lambda w: z[2:]},
    ]
    start = 5 * z[2:].mean(axis=0)
    ray = minimize(lambda w: w @ w, start, jac=lambda w: 2 * w, constraints=rules, method="SLSQP",
                   options={"maxiter": 1000, "ftol": 1e-14}).x  # fmt: skip
    found = values(BASE)
    growth = (found[-1]["norm"] - found[-2]["norm"]) / math.log(2)
    assert growth == pytest.approx(np.linalg.norm(ray), rel=1e-3)
    assert found[-1]["growth"] == pytest.approx(1, abs=1e-3)
    assert found[-1]["unsettled"] < 1e-8
    assert found[-1]["angle"] < 0.05
    assert found[-1]["angle to the plain margin"] > 0.2
    assert found[-1]["angle"] / found[60]["angle"] == pytest.approx(60 / 120, rel=0.05)  # one over the log of time


def test_the_start_changes_neither_ray_nor_rest():
    other = values(dataclasses.replace(BASE, start=1.0))
    assert other[0]["norm"] > 3
    assert other[-1]["unsettled"] < 1e-8
    assert other[-1]["angle"] < 0.05


def test_with_one_label_all_margins_grow_and_with_both_for_all_none():
    separable, none = values(dataclasses.replace(BASE, both=False)), values(dataclasses.replace(BASE, ambiguous=10))
    assert separable[-1]["unsettled"] > 5
    assert none[-1]["unsettled"] < 1e-9
    assert abs(none[-1]["growth"]) < 1e-9
    assert "angle" not in none[-1]


def test_it_is_a_computation_and_says_what_it_needs():
    assert isinstance(BASE, Computation)
    assert set(values(dataclasses.replace(BASE, steps=3))[-1]) == set(BASE.units)
    with pytest.raises(BadInput, match="2 to 400 doublings"):
        dataclasses.replace(BASE, steps=500)
    with pytest.raises(BadInput, match="ambiguous examples must be independent"):
        values(dataclasses.replace(BASE, ambiguous=11))
