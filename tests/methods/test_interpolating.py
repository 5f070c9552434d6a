"""Which solution a rule comes to: against PyTorch's optimizers, projections, and a constrained solver."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from phenoscope.core.errors import BadInput
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import Computation, InterpolatingDescent
from phenoscope.training import Adam, Cosine, GradientDescent, HeavyBall

DATA = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=6, test=60, scaling="centre", flat=True)
BASE = InterpolatingDescent(DATA, GradientDescent(1.0), inputs=12, steps=9)


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("name", ["descent", "heavy ball", "adam"])
def test_updates_are_those_of_pytorch(name):
    rule, make = {
        "descent": (GradientDescent(0.5), lambda p: torch.optim.SGD(p, 0.5)),
        "heavy ball": (HeavyBall(0.1, 0.8), lambda p: torch.optim.SGD(p, 0.1, momentum=0.8)),
        "adam": (Adam(0.02), lambda p: torch.optim.Adam(p, 0.02)),
    }[name]
    made = dataclasses.replace(BASE, rule=rule, steps=5)
    x, y, others, answers, start = made.problem()
    assert np.linalg.eigvalsh(x.T @ x / len(y))[-1] == pytest.approx(1)
    beta = torch.from_numpy(start.copy()).requires_grad_()
    optimizer = make([beta])
    for _ in range(32):
        optimizer.zero_grad()
        ((torch.from_numpy(x) @ beta - torch.from_numpy(y)).square().mean() / 2).backward()
        optimizer.step()
    end, found = beta.detach().numpy(), last(made)
    assert found["relative loss"] == pytest.approx(np.square(x @ end - y).sum() / np.square(y).sum(), rel=1e-9)
    assert found["test error"] == pytest.approx(np.square(others @ end - answers).mean(), rel=1e-9)
    near = start + np.linalg.pinv(x) @ (y - x @ start)
    apart = np.linalg.norm(end - near) / np.linalg.norm(near - start)
    assert found["distance"] == pytest.approx(apart, rel=1e-7)
    _, _, right = np.linalg.svd(x)
    beyond = right[6:] @ (end - start)
    assert found["outside"] == pytest.approx(np.linalg.norm(beyond) / np.linalg.norm(end - start), abs=1e-9)
    assert (found["outside"] > 0.05) == (name == "adam")


@pytest.mark.parametrize("metric", ["plain", "population", "sample"])
def test_a_metric_comes_to_the_solution_that_is_nearest_in_it(metric):
    made = dataclasses.replace(BASE, metric=metric, steps=12)
    x, y, others, _, start = made.problem()
    seen = {"plain": None, "population": others, "sample": x}[metric]
    matrix = np.eye(12)
    if seen is not None:
        covariance = seen.T @ seen / len(seen)
        matrix = covariance + 0.01 * np.trace(covariance) / 12 * matrix
    rule = {"type": "eq", "fun": lambda b: x @ b - y, "jac": lambda b: x}
    best = minimize(lambda b: (b - start) @ matrix @ (b - start), start, constraints=rule, method="SLSQP",
                    options={"ftol": 1e-14, "maxiter": 500}).x  # fmt: skip
    found = last(made)
    assert found["relative loss"] < 1e-12
    assert found["foretold distance"] < 1e-5
    plain = start + np.linalg.pinv(x) @ (y - x @ start)
    expected = np.linalg.norm(best - plain) / np.linalg.norm(plain - start)
    assert found["distance"] == pytest.approx(expected, abs=2e-3)
    assert (found["distance"] > 0.1) == (metric == "population")


def test_with_many_examples_there_is_one_end():
    many = dataclasses.replace(BASE, data=dataclasses.replace(DATA, train=40), inputs=5)
    adam = dataclasses.replace(many, rule=Adam(Cosine(0.03, 2**11)), steps=11)
    assert last(adam)["distance"] < 1e-6
    assert last(adam)["error ratio"] == pytest.approx(1, abs=1e-6)
    assert last(dataclasses.replace(adam, data=DATA, inputs=12))["distance"] > 0.1


def test_it_is_a_computation_and_refuses_what_it_cannot_fit():
    assert isinstance(BASE, Computation)
    assert set(last(BASE)) == set(BASE.units)
    with pytest.raises(BadInput, match="metric must be one of"):
        dataclasses.replace(BASE, metric="other")
    with pytest.raises(BadInput, match="an interpolating descent needs"):
        dataclasses.replace(BASE, inputs=100)
