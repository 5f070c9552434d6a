"""Two scales against gradient descent step by step on the same draws, and against what theory says."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, TwoScales

SMALL = TwoScales(examples=60, features=4, slow_features=2, ratio=10.0, noise=2.0, draws=2, steps=6)


def series(made, name="risk"):
    return np.array([found.values[name] for found in made.readings()])


@pytest.mark.parametrize("matched", [False, True])
def test_as_gradient_descent_on_the_same_draws(matched):
    made = dataclasses.replace(SMALL, matched=matched)
    generator, rate = stream(made.seed, "draws"), 1e-3
    times = 0.1 * (1000.0 * made.ratio) ** (np.arange(7) / 6)
    times = times[times < 30]
    values = np.repeat([1.0, 0.1], [4, 2])
    explained = np.repeat([1 / 4, 0.5 / 2], [4, 2])
    risks = []
    for _ in range(made.draws):

        def normal(*shape):
            return torch.randn(shape, generator=generator, dtype=torch.float64).numpy()

        plain, errors, signs = normal(60, 6), normal(60), np.sign(normal(6))
        x, theta = plain * np.sqrt(values), np.sqrt(explained / values) * signs
        y = x @ theta + math.sqrt(2.0) * errors
        weights, found, done = np.zeros(6), [], 0
        for time in times:
            for _ in range(round(time / rate) - done):
                weights = weights - rate * (1 / values if matched else 1.0) * (x.T @ (x @ weights - y)) / 60
            done = round(time / rate)
            found.append((values * (weights - theta) ** 2).sum())
        risks.append(found)
    assert series(made)[: len(times)] == pytest.approx(np.mean(risks, axis=0), rel=5e-3)


def test_as_theory_says_of_many_examples():
    made = TwoScales(examples=3000, draws=20, steps=12)
    assert series(made) == pytest.approx(series(made, "predicted risk"), rel=0.06)
    assert isinstance(made, Computation)
    assert list(series(made)) == list(series(made))


@pytest.mark.parametrize("bad", [{"draws": 1}, {"ratio": 0.5}, {"noise": -1.0}, {"features": 0}], ids=str)
def test_settings_that_make_no_sense(bad):
    with pytest.raises(BadInput, match="two scales need"):
        TwoScales(**bad)
