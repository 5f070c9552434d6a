"""Wide networks against autograd, against PyTorch's module, and against the margins of the two theories."""

import dataclasses

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import Computation, WideDescent
from phenoscope.methods.wide_descent import _directions

DATA = Dataset(Sides(Digits(), plus=(0,), minus=(2,)), train=10, scaling="centre", flat=True)
BASE = WideDescent(DATA, width=30, rate=4.0, steps=11)


def last(made):
    *_, found = made.readings()
    return found.values


@pytest.mark.parametrize("trained", ["both", "output"])
def test_a_step_goes_against_the_gradient_of_the_logarithm_of_the_loss(trained):
    made = dataclasses.replace(BASE, trained=trained, scale=3.0)
    (x, y), (w, a) = made.examples(), made._start(3)
    theirs = [torch.from_numpy(part.copy()).requires_grad_() for part in (w, a)]
    outputs = torch.relu(torch.from_numpy(x) @ theirs[0].T) @ theirs[1]
    torch.logsumexp(-torch.from_numpy(y) * outputs, 0).backward()
    new = made._updated(w, a, x, y, 100.0)
    gradient = theirs[1].grad.numpy()
    rate = -((new[1] - a) @ gradient) / (gradient @ gradient)
    assert rate > 0
    np.testing.assert_allclose(new[1] - a, -rate * gradient, rtol=1e-9, atol=1e-14)
    expected = np.zeros_like(w) if trained == "output" else -rate * theirs[0].grad.numpy()
    np.testing.assert_allclose(new[0] - w, expected, rtol=1e-9, atol=1e-14)


def test_both_layers_and_outputs_alone_come_to_different_margins():
    both, output = (last(dataclasses.replace(BASE, trained=trained)) for trained in ("both", "output"))
    assert both["error"] == output["error"] == 0
    assert 0.97 < both["variation share"] < 1.001
    assert 0.97 < output["kernel share"] < 1 + 1e-9
    assert output["variation share"] < 0.8
    assert both["directions"] < 4 < output["directions"]
    assert "kernel share" not in both


def test_a_large_start_is_behind():
    large = last(dataclasses.replace(BASE, scale=100.0))
    assert large["variation share"] < 0.8


def test_the_outputs_keep_their_units_and_layers_their_balance():
    output = dataclasses.replace(BASE, trained="output")
    (x, y), (w, a) = output.examples(), output._start(3)
    assert not a.any()
    np.testing.assert_allclose(np.square(w).sum(), 1)
    assert output._updated(w, a, x, y, 1.0)[0] is w
    w, a = BASE._start(3)
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), np.abs(a))  # as gradient flow keeps it
    assert {-1.0, 1.0} == set(np.sign(a).tolist())


def test_examples_are_principal_components_beside_a_one():
    x, y = BASE.examples()
    assert x.shape == (10, 3)
    assert set(y.tolist()) == {-1.0, 1.0}
    np.testing.assert_allclose(np.square(x).sum(axis=1).mean(), 1)
    assert x[:, 2].std() == pytest.approx(0)
    assert abs(x[:, 0] @ x[:, 1]) < 1e-9


def test_directions_by_hand():
    w = np.array([[1.0, 0.0], [2.0, 0.01], [0.0, 1.0], [1.0, 0.0]])
    a = np.array([1.0, 0.5, 2.0, -2.0])
    masses = np.abs(a) * np.linalg.norm(w, axis=1)
    assert _directions(w, a, masses) == pytest.approx(3, rel=1e-3)  # the first two are one, the last has another sign


def test_readings():
    made = dataclasses.replace(BASE, trained="output", steps=4, seed=3)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert [each.step for each in found] == list(range(5))
    assert found == list(made.readings())
    assert found != list(dataclasses.replace(made, seed=4).readings())
    assert all(set(each.values) == set(made.units) for each in found)


def test_what_cannot_be_done_is_refused():
    for wrong in ({"trained": "hidden"}, {"width": 1}, {"scale": 0.0}, {"steps": 0}, {"components": 0}):
        with pytest.raises(BadInput):
            dataclasses.replace(BASE, **wrong)
    crowd = Dataset(Sides(Digits(), plus=(0, 1, 2, 3, 4), minus=(5, 6, 7, 8, 9)), train=60, flat=True)
    with pytest.raises(BadInput, match="no network of these units"):
        next(WideDescent(crowd, trained="output", width=5).readings())
