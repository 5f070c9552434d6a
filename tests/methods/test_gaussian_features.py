"""Gaussian features against the fit by its definition, and against what theory says."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, GaussianFeatures

MADE = GaussianFeatures(12, 8, 4, ridge=1e-2, steps=2, seed=1)


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize(
    "changes", [{}, {"features": 20}, {"function": "abs"}, {"members": 3}, {"noise": 0.0}], ids=str
)
def test_the_risk_by_its_definition(changes):
    made, generator = dataclasses.replace(MADE, **changes), stream(1, "draws")
    function = {"tanh": np.tanh, "abs": lambda z: np.abs(z) - math.sqrt(2 / math.pi)}[made.function]

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).numpy()

    risks = []
    for _ in range(2):
        beta = normal(4)
        beta = beta / np.linalg.norm(beta)
        x, held = normal(12, 4), normal(500, 4)
        y, made_of = x @ beta + math.sqrt(made.noise) * normal(12), 0.0
        for _ in range(made.members):
            w = normal(4, made.features) / 2
            here, there = (function(part @ w) / math.sqrt(made.features) for part in (x, held))
            rows = np.concatenate([here, math.sqrt(1e-2) * np.eye(made.features)])
            found = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(made.features)]), rcond=None)[0]
            made_of = made_of + there @ found / made.members
        risks.append(np.square(made_of - held @ beta).mean())
    assert last(made)["risk"] == pytest.approx(np.mean(risks), rel=1e-8)
    assert ("predicted risk" in last(made)) == (made.members == 1)


@pytest.mark.parametrize(
    ("examples", "function"), [(100, "tanh"), (400, "tanh"), (800, "tanh"), (100, "identity"), (800, "abs")]
)
def test_as_theory_says(examples, function):
    found = last(GaussianFeatures(examples, 400, 40, function=function, steps=6))
    assert found["risk"] == pytest.approx(found["predicted risk"], rel=0.25)


def test_the_linear_part_and_the_rest():
    """Of |z| none is linear, and its variance is 1 - 2/π; the identity is linear; tanh by simulation."""
    parts = {name: GaussianFeatures(1, function=name).parts for name in ("abs", "identity", "tanh")}
    assert parts["abs"] == pytest.approx((0.0, 1 - 2 / math.pi), abs=2e-2)
    assert parts["identity"] == pytest.approx((1.0, 0.0), abs=1e-9)
    z = np.random.default_rng(0).normal(size=400_000)
    linear = np.mean(np.tanh(z) * z) ** 2
    assert parts["tanh"] == pytest.approx((linear, np.mean(np.tanh(z) ** 2) - linear), rel=6e-2)
    assert isinstance(MADE, Computation)


@pytest.mark.parametrize(
    "bad", [{"examples": 0}, {"steps": 1}, {"noise": -1.0}, {"ridge": 0.0}, {"function": "cos"}], ids=str
)
def test_settings_that_make_no_sense(bad):
    with pytest.raises(BadInput):
        dataclasses.replace(MADE, **bad)
