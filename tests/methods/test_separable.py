"""Descent on separable data against PyTorch's own optimizers, a flow of tiny steps, and steps found by brute force."""

import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import Computation, SeparableDescent
from phenoscope.methods.separable import _log_losses, _steepest, _Stepper

DATA = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=20, scaling="centre", flat=True)


def points(made, count):
    stepper, w = _Stepper(made, made.examples()), np.zeros(64)
    for step in range(1, count + 1):
        w = stepper.after(w, step)
        yield w


def by_torch(z, optimizer, count, decay=0.0):
    w = torch.zeros(z.shape[1], dtype=torch.float64, requires_grad=True)
    made = optimizer(w)
    for _ in range(count):
        made.zero_grad()
        margins = torch.from_numpy(z) @ w
        (torch.nn.functional.softplus(-margins).mean() + decay / 2 * w.square().sum()).backward()
        made.step()
    return w.detach().numpy()


@pytest.mark.parametrize("decay", [0.0, 0.02])
def test_gradient_descent_is_that_of_pytorch(decay):
    made = SeparableDescent(DATA, "gradient", decay=decay)
    z = made.examples()
    rate = 1 / np.square(z).sum(axis=1).max()
    *_, ours = points(made, 50)
    theirs = by_torch(z, lambda w: torch.optim.SGD([w], lr=rate), 50, decay)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_adam_is_that_of_pytorch_with_the_rate_of_each_step():
    made = SeparableDescent(DATA, "adam", rate=3.0)
    z = made.examples()
    rate = 3.0 / np.abs(z).sum(axis=1).max()

    def optimizer(w):
        adam = torch.optim.Adam([w], lr=rate, betas=(0.9, 0.99), eps=1e-300)
        schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1 / math.sqrt(step + 1))
        adam.register_step_post_hook(lambda *_: schedule.step())
        return adam

    *_, ours = points(made, 30)
    live = np.abs(z).max(axis=0) > 0  # pixels that are never lit have no gradient
    np.testing.assert_allclose(ours[live], by_torch(z, optimizer, 30)[live], rtol=1e-9)


def test_normalised_steps_have_the_gradient_of_the_logarithm_of_the_loss():
    made = SeparableDescent(DATA, "normalised")
    z = made.examples()
    rate = 1 / np.square(z).sum(axis=1).max()
    w = torch.zeros(64, dtype=torch.float64)
    for _ in range(40):
        w.requires_grad_()
        loss = torch.nn.functional.softplus(-(torch.from_numpy(z) @ w)).sum().log()
        w = (w - rate * torch.autograd.grad(loss, w)[0]).detach()
    *_, ours = points(made, 40)
    np.testing.assert_allclose(ours, w.numpy(), rtol=1e-10)


@pytest.mark.parametrize(("norm", "order"), [("l1", 1), ("l2", 2), ("linf", np.inf)])
def test_steepest_directions_gain_most(norm, order):
    rng = np.random.default_rng(0)
    g = rng.normal(size=7)
    step = _steepest(g, norm)
    dual = {1: np.inf, 2: 2, np.inf: 1}[order]
    assert np.linalg.norm(step, order) == pytest.approx(np.linalg.norm(g, dual))
    others = rng.normal(size=(5000, 7)) * 10 ** rng.uniform(-2, 0, size=(5000, 7))
    gains = others @ g / np.linalg.norm(others, order, axis=1)
    assert step @ g / np.linalg.norm(step, order) > gains.max()


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_the_flow_is_descent_of_small_steps(decay):
    """From 0, at times 1, 2, 4, ...; and the times of both are the same."""
    made = SeparableDescent(DATA, "flow", decay=decay, steps=5)
    z = made.examples()
    scale = 1 / np.square(z).sum(axis=1).max()

    def velocity(w):
        return scale * ((1 / (1 + np.exp(z @ w))) @ z / len(z) - decay * w)

    w = np.zeros(64)
    norms = []
    for doubling in range(6):
        for _ in range(400 * max(1, 2 ** (doubling - 1))):
            w = w + velocity(w + velocity(w) / 800) / 400  # to the middle of a step, then all of it
        norms.append(np.linalg.norm(w))
    found = [each.values["norm"] for each in made.readings()]
    np.testing.assert_allclose(found, norms, rtol=1e-5)


def test_theory_meets_the_flow_at_late_times():
    *_, found = SeparableDescent(DATA, "flow", steps=150).readings()
    assert found.values["norm"] == pytest.approx(found.values["foretold norm"], rel=1e-3)
    assert found.values["norm growth"] == pytest.approx(1, abs=0.01)
    assert found.values["loss power"] == pytest.approx(1, abs=0.01)
    assert found.values["angle"] < 0.1
    assert found.values["gap power"] < 0.05  # no power of t


def test_losses_so_small_that_they_are_not_numbers_any_more():
    margins = np.array([-800.0, -1.0, 0.0, 29.9, 30.1, 700.0, 5000.0])
    found = _log_losses(margins)
    exact = [math.log(800.0), math.log(math.log1p(math.e)), math.log(math.log(2))]
    np.testing.assert_allclose(found[:3], exact, rtol=1e-14)
    np.testing.assert_allclose(found[3:], -margins[3:], rtol=1e-12)


def test_readings():
    made = SeparableDescent(DATA, "gradient", steps=6, seed=3)
    assert isinstance(made, Computation)
    found = list(made.readings())
    assert [each.step for each in found] == list(range(7))
    assert found == list(made.readings())
    assert found != list(SeparableDescent(DATA, "gradient", steps=6, seed=4).readings())
    assert set(found[-1].values) == set(made.units)


def test_one_wrong_label_in_few_dimensions_gives_the_loss_a_minimum():
    few = Dataset(Sides(Digits(), plus=(0,), minus=(2,)), train=60, scaling="centre", flat=True)
    right, wrong = (SeparableDescent(few, components=3, flipped=flipped, steps=16) for flipped in (False, True))
    assert right.examples().shape == (60, 3)
    (*_, first), (*_, second) = right.readings(), wrong.readings()
    assert first.values["norm growth"] > 0.5
    assert second.values["norm growth"] < 0.01
    assert first.values["error"] == 0
    assert second.values["error"] == pytest.approx(1 / 60)
    assert "foretold norm" not in wrong.units


def test_what_cannot_be_done_is_refused():
    for options, message in (
        ({"rule": "newton"}, "rule"),
        ({"rate": 0.0}, "positive rate"),
        ({"steps": 1}, "doublings"),
        ({"components": 65}, "components"),
    ):
        with pytest.raises(BadInput, match=message):
            SeparableDescent(DATA, **options)
    with pytest.raises(BadInput, match="decay goes with"):
        SeparableDescent(DATA, "sign", decay=0.1)
    crowd = Dataset(Sides(Digits(), plus=(0, 1, 2, 3, 4), minus=(5, 6, 7, 8, 9)), train=800, flat=True)
    with pytest.raises(BadInput, match="cannot be separated"):
        next(SeparableDescent(crowd).readings())
