"""Stopped descent against tiny steps and a ridge solver; the least loss at a length against a constrained solver."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import Computation, StoppedClassifier, StoppedRegression
from phenoscope.methods.early_stopping import least_loss

SOURCE = Sides(Digits(), plus=(3,), minus=(8,))
NOISY = Dataset(SOURCE, train=30, test=20, scaling="centre", flat=True)
REGRESSION = StoppedRegression(NOISY, steps=12)
CLASSIFIER = StoppedClassifier(Dataset(SOURCE, train=12, scaling="centre", flat=True), steps=8)


def arrays(examples, scale=1.0):
    return examples.inputs.flatten(1).double().numpy() / scale, examples.targets.double().numpy().reshape(-1)


def values(made):
    return [found.values for found in made.readings()]


@pytest.mark.parametrize("factor", [1.0, 10.0])
def test_flow_is_descent_by_tiny_steps_and_ridge_a_linear_system(factor):
    made = dataclasses.replace(REGRESSION, factor=factor)
    draw = NOISY.draw(stream(0, "data"))
    scale = math.sqrt(np.square(arrays(draw.train)[0]).sum(axis=1).mean())
    (x, y), (others, answers) = arrays(draw.train, scale), arrays(draw.test, scale)
    noisy = (y + torch.randn(200, len(y), generator=stream(0, "noise"), dtype=torch.float64).numpy()).T
    top = np.linalg.eigvalsh(x.T @ x / len(y))[-1]
    for step in (2, 7):
        time, beta, pieces = 2.0 ** (step - 4) / top, np.zeros((x.shape[1], 200)), 4000
        for _ in range(pieces):
            beta -= time / pieces * x.T @ (x @ beta - noisy) / len(y)
        system = x.T @ x / len(y) + factor / time * np.eye(x.shape[1])
        ridge = np.linalg.solve(system, x.T @ noisy / len(y))
        expected = {
            "risk": np.square(x @ beta - y[:, None]).mean(), "ridge risk": np.square(x @ ridge - y[:, None]).mean(),
            "test risk": np.square(others @ beta - answers[:, None]).mean(),
            "ridge test risk": np.square(others @ ridge - answers[:, None]).mean(),
            "norm": math.sqrt(np.square(beta).sum(axis=0).mean()),
            "ridge norm": math.sqrt(np.square(ridge).sum(axis=0).mean()),
        }  # fmt: skip
        found = values(made)[step]
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=3e-3)
        apart = math.sqrt(np.square(beta - ridge).sum(axis=0).mean()) / expected["ridge norm"]
        assert found["distance"] == pytest.approx(apart, rel=1e-2)
        assert found["risk ratio"] == pytest.approx(found["risk"] / found["ridge risk"])


def test_the_bounds_of_theory_hold_at_its_penalty_only():
    near, off = values(REGRESSION), values(dataclasses.replace(REGRESSION, factor=10.0))
    assert max(each["risk ratio"] for each in near) < 1.6862
    assert max(each["distance"] for each in near) < 0.2985 < max(each["distance"] for each in off)
    assert near[-1]["norm at best"] == min((each["test risk"], each["norm"]) for each in near)[1]
    x = np.linspace(1e-3, 50, 100_000)
    ratio = -np.expm1(-x) * (1 + x) / x
    assert ratio.max() == pytest.approx(1.2985, abs=1e-4)
    assert ratio.max() ** 2 == pytest.approx(1.6862, abs=5e-4)
    assert ratio.min() >= 1


@pytest.mark.parametrize("length", [0.3, 3.0, 15.0])
def test_the_least_loss_at_a_length(length):
    z = np.random.default_rng(1).normal(size=(8, 4)) + 0.7
    _, w = least_loss(z, length, (0.0, np.zeros(4)))
    assert np.linalg.norm(w) == pytest.approx(length, rel=1e-8)

    def loss(at):
        return np.logaddexp(0, -(z @ at)).mean()

    start = length * z.mean(axis=0) / np.linalg.norm(z.mean(axis=0))
    rule = {"type": "ineq", "fun": lambda at: length**2 - at @ at}
    other = minimize(loss, start, constraints=rule, method="SLSQP", options={"ftol": 1e-14, "maxiter": 500})
    np.testing.assert_allclose(w, other.x, rtol=2e-3, atol=1e-3 * length)
    assert loss(w) <= other.fun * (1 + 1e-6)


def test_the_flow_of_a_classifier_is_descent_by_small_steps():
    z, y = arrays(CLASSIFIER.data.draw(stream(0, "data")).train)
    z = y[:, None] * z / math.sqrt(np.square(z).sum(axis=1).mean())
    for spread in (0.0, 1.0):
        drawn = torch.randn(64, generator=stream(0, "rates"), dtype=torch.float64).numpy()
        rates = np.exp(spread * drawn) * 4 * len(z) / np.linalg.norm(z, 2) ** 2
        w = np.zeros(64)
        for _ in range(20_000):
            w = w + 8 / 20_000 * rates * (1 / (1 + np.exp(z @ w)) @ z) / len(z)
        found = values(dataclasses.replace(CLASSIFIER, spread=spread, steps=3))[3]
        assert found["norm"] == pytest.approx(np.linalg.norm(w), rel=1e-3)
        assert found["log loss"] == pytest.approx(math.log(np.logaddexp(0, -(z @ w)).mean()), abs=1e-3)


def test_flow_follows_the_penalty_and_other_rates_do_not():
    plain, other = values(CLASSIFIER), values(dataclasses.replace(CLASSIFIER, spread=1.0))
    assert max(each["angle"] for each in plain) < 0.3 < min(each["angle"] for each in other)
    assert all(each["least log loss"] <= each["log loss"] + 1e-9 for each in (*plain, *other))


@pytest.mark.parametrize("made", [REGRESSION, CLASSIFIER], ids=lambda made: type(made).__name__)
def test_they_are_computations(made):
    assert isinstance(made, Computation)
    found = [set(each) for each in values(made)]
    assert len(found) == made.steps + 1
    assert all(each == set(made.units) for each in found)


def test_what_cannot_be_stopped_is_refused():
    with pytest.raises(BadInput, match="a stopped regression needs"):
        dataclasses.replace(REGRESSION, factor=0.0)
    with pytest.raises(BadInput, match="a stopped classifier needs"):
        dataclasses.replace(CLASSIFIER, spread=-1.0)
