"""Kernel regression on drawn examples: against regression with kernel functions, and classical identities."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, KernelRegression
from phenoscope.methods.initial_kernel import digits
from phenoscope.theory import infinite, infinite_kernel

SMALL = KernelRegression(seed=2, steps=1, examples=7, modes=120, ridge=1e-3)


def ends(made):
    return list(made.readings())[-1].values


def test_the_risk_on_digits_is_that_of_predictions_on_all_of_them():
    """By kernel matrices between inputs, without eigenfunctions; the error is that over the whole population."""
    spec = dataclasses.replace(SMALL, problem="digits", noise=0.3)
    x, y = digits(2, 120)
    y = y / y.square().mean().sqrt()
    root = math.sqrt(2)
    kernel = infinite_kernel([infinite.dense(root), infinite.relu(), infinite.dense(root)], x)
    kernel = kernel / (kernel.trace() / 120)  # eigenvalues under the population sum to one
    generator = stream(2, "examples")
    chosen = torch.randint(120, (7,), generator=generator)
    noise = torch.randn(7, generator=generator, dtype=torch.float64)
    taught = y[chosen] + math.sqrt(0.3) * noise
    solved = torch.linalg.solve(kernel[chosen][:, chosen] + 1e-3 * torch.eye(7, dtype=torch.float64), taught)
    expected = (kernel[:, chosen] @ solved - y).square().mean()
    assert ends(spec)["risk"] == pytest.approx(float(expected), rel=1e-6)


def test_the_circle_is_regression_with_a_kernel_of_the_angle():
    spec = dataclasses.replace(SMALL, problem="circle", decay=2.0)
    order = np.arange(120)
    k, sine = order // 2 + 1, order % 2
    values, target = (order + 1.0) ** -2.0, (order + 1.0) ** -1.0
    values, target = values / values.sum(), target / np.linalg.norm(target)
    angles = 2 * math.pi * torch.rand(7, generator=stream(2, "examples"), dtype=torch.float64).numpy()
    fine = 2 * math.pi * np.arange(1000) / 1000

    def waves(t):
        return math.sqrt(2) * np.where(sine, np.sin(np.outer(t, k)), np.cos(np.outer(t, k)))

    kernel = waves(angles) * values @ waves(angles).T + 1e-3 * np.eye(7)
    made = waves(fine) * values @ waves(angles).T @ np.linalg.solve(kernel, waves(angles) @ target)
    assert ends(spec)["risk"] == pytest.approx(np.mean((made - waves(fine) @ target) ** 2), rel=1e-8)


def test_learned_parts_are_those_of_targets_along_one_mode():
    """The part of mode k: what comes back of a target that is this mode, on the same examples."""
    spec = dataclasses.replace(SMALL, problem="gaussian", examples=30)
    features = torch.randn(30, 120, generator=stream(2, "examples"), dtype=torch.float64).numpy()
    values = np.arange(1, 121.0) ** -1.5
    values = values / values.sum()
    kernel = features * values @ features.T + 1e-3 * np.eye(30)
    found = ends(spec)
    for k in (1, 3, 10, 30, 100):
        back = values[k - 1] * features[:, k - 1] @ np.linalg.solve(kernel, features[:, k - 1])
        assert found[f"learned part of mode {k}"] == pytest.approx(back)


def test_gaussian_modes_are_as_foretold_and_draws_are_averaged():
    spec = dataclasses.replace(SMALL, steps=60, examples=30)
    found = ends(spec)
    assert found["departure"] < 0.15
    assert found["part departure"] < 0.03
    assert found["bias departure"] > 0.3
    assert found["departure"] == pytest.approx(abs(found["risk"] / found["foretold risk"] - 1))
    one, two = (ends(dataclasses.replace(SMALL, steps=steps)) for steps in (1, 2))
    assert one["risk"] != two["risk"]
    along = list(spec.readings())
    assert [each.step for each in along] == list(range(1, 61))
    assert set(along[-1].values) == set(spec.units)
    assert along == list(spec.readings())
    assert isinstance(spec, Computation)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="problem must be one of"):
        KernelRegression(problem="other")
    with pytest.raises(BadInput, match="100 modes"):
        KernelRegression(modes=50)
    with pytest.raises(BadInput, match="positive decay and ridge"):
        KernelRegression(ridge=0.0)
