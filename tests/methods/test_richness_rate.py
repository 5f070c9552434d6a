"""Rates that hold and rates that do not: against descent by automatic differentiation, and scalings known exactly."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, RichnessRate
from phenoscope.methods.initial_kernel import digits, uniform_network
from phenoscope.methods.rate_trials import Start, Trial, tried

SMALL = RichnessRate(seed=3, steps=150, gamma=3.0, depth=3, width=12, networks=2, examples=6)


def ends(made):
    return list(made.readings())[-1].values


def networks(spec):
    """Inputs, targets and the networks themselves."""
    x, y = digits(spec.seed, spec.examples)
    generator, made = stream(spec.seed, "initialisation"), uniform_network(spec.width, spec.depth - 1, "relu", "ntk")
    built = [made.build(generator, inputs=(64,), outputs=1, dtype=torch.float64) for _ in range(spec.networks)]
    return 8 * x / x.norm(dim=1, keepdim=True), y, built


def by_autograd(spec, model, rate, x, y):
    """Losses of descent on the module, one after the other, until one is above 2 or the updates are over."""
    zero = model(x)[:, 0].detach()
    losses = []
    for _ in range(spec.steps + 1):
        off = (model(x)[:, 0] - zero) / (spec.gamma * math.sqrt(spec.width)) - y
        loss = off.square().mean()
        losses.append(loss.item())
        if not losses[-1] <= 2:
            break
        slopes = torch.autograd.grad(loss / 2, list(model.parameters()))
        with torch.no_grad():
            for weight, slope in zip(model.parameters(), slopes, strict=True):
                weight.sub_(rate * slope)
    return losses


def start_of(spec):
    x, y, _ = networks(spec)
    sizes = {"networks": spec.networks, "width": spec.width, "depth": spec.depth}
    return Start.of(x, y, stream(spec.seed, "initialisation"), **sizes)


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("gamma", [0.05, 20.0])
def test_trials_are_descent_by_automatic_differentiation(depth, gamma):
    spec = dataclasses.replace(SMALL, depth=depth, gamma=gamma, steps=40)
    x, y, built = networks(spec)
    start, scale = start_of(spec), 1 / (gamma * math.sqrt(spec.width))
    rates = 2 * spec.examples / scale**2 / start.values[:, -1].numpy() * gamma ** -(gamma > 1) * np.array([0.05, 0.2])
    found = tried(start, scale, rates, spec.steps, frozen=False)
    for number, model in enumerate(built):
        expected = by_autograd(spec, model, rates[number], x, y)
        assert found.losses[: len(expected), number] == pytest.approx(expected, rel=1e-7)


def test_the_largest_rate_has_one_that_holds_below_and_one_that_does_not_above():
    """A sixteenth of an octave on either side of the rate of every network, by automatic differentiation."""
    spec = dataclasses.replace(SMALL, networks=1, gamma=30.0, steps=400)
    found = ends(spec)
    rate, kept = found["largest rate"], []
    for side in (-1, 1):
        x, y, built = networks(spec)
        kept.append(by_autograd(spec, built[0], rate * 2.0 ** (side / 16), x, y)[-1] <= 2)
    assert kept == [True, False]
    assert 1 - found["largest rate.residual"] / rate == pytest.approx(2 ** (-1 / 16))
    x, y, built = networks(spec)
    half = by_autograd(spec, built[0], rate / 2, x, y)
    losses = {each.step: each.values["loss"] for each in spec.readings() if "loss" in each.values}
    assert len(losses) > 50
    assert list(losses.values()) == pytest.approx([half[step] for step in losses], rel=1e-6)
    x, y, built = networks(spec)
    fastest = by_autograd(spec, built[0], found["fastest rate"], x, y)
    assert np.argmax(np.array(fastest) < 0.1) <= np.argmax(np.array(half) < 0.1)
    assert found["fastest rate"] <= rate


def test_dividing_by_gamma_is_a_smaller_start():
    """θ = γ^(1/L) φ: the same losses from weights γ^(1/L) times smaller with rates γ^(2/L) times smaller."""
    for depth, gamma in itertools.product((2, 3, 4), (0.3, 50.0)):
        start = start_of(dataclasses.replace(SMALL, depth=depth))
        weights = tuple(weight * gamma ** (-1 / depth) for weight in start.weights)
        smaller = dataclasses.replace(start, weights=weights, zero=start.zero / gamma)
        rates = np.array([0.5, 2.0]) * min(gamma**2, gamma ** (2 / depth))
        one = tried(start, 0.3 / gamma, rates, 60, frozen=False)
        other = tried(smaller, 0.3, rates * gamma ** (-2 / depth), 60, frozen=False)
        assert np.nanmin(one.losses) < 0.99
        np.testing.assert_allclose(one.losses, other.losses, rtol=1e-7)


def test_expansions_are_those_of_a_taylor_series():
    """Against the module's Jacobian; and where γ is tiny the network is its expansion."""
    spec = dataclasses.replace(SMALL, networks=1, gamma=1e-4)
    x, y, built = networks(spec)
    rows = [torch.autograd.grad(built[0](x[i : i + 1]).sum(), list(built[0].parameters())) for i in range(len(x))]
    jacobian = torch.stack([torch.cat([part.flatten() for part in row]) for row in rows])
    scale, outputs, losses = 1 / (spec.gamma * math.sqrt(spec.width)), torch.zeros(len(x), dtype=torch.float64), []
    rate = 0.7 * 2 * len(x) / scale**2 / float(torch.linalg.eigvalsh(jacobian @ jacobian.T)[-1])
    moved = torch.zeros(jacobian.shape[1], dtype=torch.float64)
    for _ in range(30):
        losses.append(float((outputs - y).square().mean()))
        moved = moved - rate * scale / len(x) * jacobian.T @ (outputs - y)
        outputs = scale * jacobian @ moved
    for frozen, close in ((True, 1e-9), (False, 1e-2)):
        found = tried(start_of(spec), scale, np.array([rate]), 29, frozen=frozen)
        assert found.losses[:, 0] == pytest.approx(losses, rel=close)


def test_the_lazy_rate_is_that_of_the_kernel_and_a_rich_one_is_not():
    lazy, rich = (ends(dataclasses.replace(SMALL, gamma=gamma, steps=400)) for gamma in (1e-3, 300.0))
    assert lazy["largest rate over the kernel's"] == pytest.approx(1.0, abs=0.1)
    assert rich["largest rate over the kernel's"] < 0.01
    frozen = ends(dataclasses.replace(SMALL, gamma=300.0, steps=400).frozen())
    assert frozen["largest rate over the kernel's"] == pytest.approx(1.0, abs=0.1)
    assert frozen["largest rate"] == pytest.approx(lazy["largest rate"] * 9e10, rel=0.1)
    assert rich["law"] == pytest.approx(300 ** (-4 / 3))
    share = rich["largest rate over the kernel's"]
    assert rich["departure"] == pytest.approx(abs(math.log2(share) + 4 / 3 * math.log2(300)))
    assert rich["plateau"] > 0.5
    assert frozen["plateau"] < 0.153


def test_dead_networks_are_lost_though_their_loss_is_not_high():
    """One unit that is thrown below zero by its first step, and gives nothing any more."""
    one = torch.ones(1, 1, 1, dtype=torch.float64)
    x, y = torch.ones(1, 1, dtype=torch.float64), -0.5 * torch.ones(1, dtype=torch.float64)
    start = Start(x, y, (one, one), (1.0, 1.0), one[0], 2 * one[0], one)
    for rate, dies in ((1.0, False), (2.5, True)):
        found = tried(start, 1.0, np.array([rate]), 5, frozen=False)
        assert bool(found.lost[0]) == dies
        assert np.nanmax(found.losses) <= 0.25


def test_what_comes_low_must_stay_there():
    """Residuals that halve at each update: a tenth of the loss from the second on."""
    one = torch.ones(1, 1, dtype=torch.float64)
    start = Start(one, one[0], (), (), one, one, one[None])
    found = tried(start, 1.0, np.array([0.5]), 300, frozen=True)
    assert found.fitted.all()
    assert len(found.losses) == 2 + 100 + 1
    assert found.losses[:, 0] == pytest.approx(0.25 ** np.arange(103))
    assert not tried(start, 1.0, np.array([0.5]), 101, frozen=True).fitted.any()
    slow = tried(start, 1.0, np.array([0.001]), 300, frozen=True)
    assert not slow.fitted.any()
    assert not slow.lost.any()
    assert tried(start, 1.0, np.array([2.1]), 300, frozen=True).lost.all()


def test_of_networks_that_never_fit_there_is_no_fastest_rate():
    found = ends(dataclasses.replace(SMALL, steps=3, gamma=1e3))
    assert {"fastest rate", "updates to half", "plateau"}.isdisjoint(found)
    assert found["largest rate"] > 0


def test_passages_are_straight_in_the_logarithm():
    steps = np.arange(30)[:, None]
    trial = Trial(np.hstack([np.exp(-0.07 * steps), np.full((30, 1), 0.95)]), np.zeros(2, bool), np.zeros(2, bool))
    assert trial.passage(0.5)[0] == pytest.approx(math.log(2) / 0.07)
    assert math.isnan(trial.passage(0.5)[1])
    ratio = trial.passage(0.9)[0] / trial.passage(0.5)[0]
    assert ratio == pytest.approx(math.log(0.9) / math.log(0.5))  # of one falling exponential


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    found = list(SMALL.readings())
    assert found == list(SMALL.readings())
    assert {name for each in found for name in each.values} == set(SMALL.units)
    assert [each.step for each in found] == sorted(each.step for each in found)
    assert found[-1].step == SMALL.steps
    assert isinstance(SMALL, Computation)
    assert SMALL.frozen() == SMALL.frozen().frozen() != SMALL


def test_what_makes_no_sense_is_refused():
    for wrong in ({"gamma": 0.0}, {"depth": 1}, {"networks": 0}, {"examples": 1}, {"gamma": math.inf}):
        with pytest.raises(BadInput, match="a rate for a richness needs"):
            dataclasses.replace(SMALL, **wrong)
    with pytest.raises(BadInput, match="dynamics must be one of"):
        RichnessRate(dynamics="other")
