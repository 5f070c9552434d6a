"""ReLU networks far past the fit: gradients against autograd, and what theory says must rise and fall."""

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import Computation, HomogeneousDescent

DATA = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=12, scaling="centre", flat=True)


@pytest.mark.parametrize("biases", [False, True])
def test_a_step_goes_against_the_gradient_of_the_logarithm_of_the_loss(biases):
    made = HomogeneousDescent(DATA, 5, biases=biases, scale=2.0)
    x, y = made.examples()
    parts = made._start(64)
    model = made.module(parts)
    margins = torch.from_numpy(y) * model(torch.from_numpy(x))[:, 0]
    torch.logsumexp(-margins, 0).backward()
    names = ["0.weight", "2.weight", "0.bias", "2.bias"] if biases else ["0.weight", "2.weight"]
    gradients = [model.get_parameter(name).grad.numpy().reshape(-1) for name in names]
    moved = made._updated(parts, x, y, 3.0)
    moves = [(new - old).reshape(-1) for new, old in zip(moved, parts, strict=True)]
    rate = -moves[0] @ gradients[0] / (gradients[0] @ gradients[0])
    assert rate > 0
    for move, gradient in zip(moves, gradients, strict=False):
        np.testing.assert_allclose(move, -rate * gradient, rtol=1e-9, atol=1e-14)
    assert biases or not (moves[2].any() or moves[3].any())


def test_past_the_fit_the_margin_rises_and_the_conditions_come_to_hold():
    found = list(HomogeneousDescent(DATA, 6, rate=2.0, steps=11).readings())
    first, last = found[0].values, found[-1].values
    fitted = [each.values["smoothed margin"] for each in found if each.values["log loss"] < -5]
    assert len(fitted) > 2
    assert (np.diff(fitted) > 0).all()
    assert last["smoothed margin"] <= last["margin"]
    assert last["stationarity"] < 0.5 < first["stationarity"]
    assert last["slackness"] < 0.1
    assert last["order"] == pytest.approx(2)
    assert last["inhomogeneity"] < 1e-9


def test_the_slackness_if_all_pulled_alike():
    """Of λ that is one for all and makes up θ: L λ Σ (qᵢ - q) / ‖θ‖² with L λ Σ qᵢ = ‖θ‖²."""
    made = HomogeneousDescent(DATA, 6, rate=2.0, steps=11)
    *_, found = made.readings()
    (x, y), parts = made.examples(), made._start(64)
    for _ in range(2**11):
        parts = made._updated(parts, x, y, float(np.square(x).sum(axis=1).max()))
    margins = y * (np.maximum(x @ parts[0].T, 0) @ parts[1])
    length = sum(np.square(part).sum() for part in parts)
    one = length / (2 * margins.sum())
    expected = 2 * one * (margins - margins.min()).sum() / length
    assert found.values["slackness of equal pulls"] == pytest.approx(expected)
    assert found.values["slackness"] < 0.5 * expected


def test_readings():
    made = HomogeneousDescent(DATA, 3, biases=True, steps=4, seed=1)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert [each.step for each in found] == list(range(5))
    assert found == list(made.readings())
    assert set(found[-1].values) <= set(made.units)
    assert found[-1].values["inhomogeneity"] > 1e-6


@pytest.mark.parametrize("wrong", [{"width": 0}, {"scale": 0.0}, {"rate": 0.0}, {"steps": 0}], ids=str)
def test_what_cannot_be_done_is_refused(wrong):
    with pytest.raises(BadInput):
        HomogeneousDescent(DATA, **wrong)
