"""The rate at which a training loss goes to zero: against descent written out by hand, and limits known exactly."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, ConvergenceRate
from phenoscope.methods.initial_kernel import digits
from phenoscope.methods.timed_descent import descend_for

SMALL = ConvergenceRate(seed=3, steps=6, width=30, examples=6, horizon=2.0)


def along(made, name):
    return [found.values[name] for found in made.readings() if name in found.values]


def relu_limit(x):
    """Θ of one hidden ReLU layer with weights of variance 2 and 2, from angles (Cho and Saul 2009)."""
    cosine = (x @ x.T / x.square().sum(1)[:, None]).clamp(-1, 1)
    angle = torch.arccos(cosine)
    first = (math.pi - angle) / math.pi
    return 2 * (torch.sin(angle) + (math.pi - angle) * cosine) / math.pi + 2 * cosine * first


def by_hand(spec):
    """The same descent with weights W (width, d) and a (width,), every derivative written out, by reading."""
    x, y = digits(spec.seed, spec.examples)
    x = 8 * x / x.norm(dim=1, keepdim=True)
    generator = stream(spec.seed, "initialisation")
    w = torch.randn(spec.width, 64, generator=generator, dtype=torch.float64)
    a = torch.randn(1, spec.width, generator=generator, dtype=torch.float64)[0]
    scale = 2 / spec.width**0.5 * (spec.width**-0.5 if spec.readout == "mean field" else 1.0)

    def parts(w, a):
        before = x @ w.T / 8
        active = (before > 0).double()
        by_w = scale * (a * active)[:, :, None] * x[:, None] / 8
        return scale * (before * active) @ a, torch.cat([by_w.flatten(1), scale * before * active], dim=1)

    limit = relu_limit(x) / (spec.width if spec.readout == "mean field" else 1)
    values = torch.linalg.eigvalsh(limit)
    zero, slopes = parts(w, a)
    kernel = slopes @ slopes.T
    rate = spec.rate / max(float(values[-1]), float(torch.linalg.eigvalsh(kernel)[-1]))
    lap = spec.horizon / float(values[0]) / spec.steps
    theta, states = torch.cat([w.flatten(), a]), []
    for _ in range(spec.steps + 1):
        outputs, slopes = parts(theta[: w.numel()].reshape(w.shape), theta[w.numel() :])
        states.append((theta, (outputs - zero - y).square().mean(), torch.linalg.eigvalsh(slopes @ slopes.T)[0]))
        left = lap
        while left > 1e-12 * lap:
            outputs, slopes = parts(theta[: w.numel()].reshape(w.shape), theta[w.numel() :])
            step = min(rate, left)
            theta, left = theta - step * (outputs - zero - y) @ slopes, left - step
    return float(values[0]), lap, w, states


@pytest.mark.parametrize("readout", ["ntk", "mean field"])
def test_descent_by_hand(readout):
    spec = dataclasses.replace(SMALL, readout=readout)
    smallest, lap, w, states = by_hand(spec)
    losses = [float(loss) for _, loss, _ in states]
    assert losses == sorted(losses, reverse=True)  # so that no rate is halved here
    assert along(spec, "loss") == pytest.approx(losses, rel=1e-8)
    assert along(spec, "smallest eigenvalue") == pytest.approx([float(e) / smallest for *_, e in states], rel=1e-6)
    assert along(spec, "smallest eigenvalue of the limit") == pytest.approx([smallest])
    rates = [math.log(before / after) / lap for before, after in itertools.pairwise(losses)]
    assert along(spec, "rate") == pytest.approx(rates, rel=1e-6)
    times = lap * np.arange(1, spec.steps + 1)
    assert along(spec, "exponent") == pytest.approx(-np.log(losses[1:]) / (smallest * times), rel=1e-8)
    moved = states[-1][0][: w.numel()].reshape(w.shape) - w
    shares = moved.square().sum(1) / w.square().sum(1)
    assert along(spec, "neuron movement")[-1] == pytest.approx(float(shares.mean().sqrt()), rel=1e-6)


def test_what_is_foretold_is_the_flow_of_the_limit():
    """By the matrix exponential."""
    x, y = SMALL.task
    limit = relu_limit(x)
    times = np.linspace(0, SMALL.horizon, SMALL.steps + 1) / float(torch.linalg.eigvalsh(limit)[0])
    expected = [float((torch.linalg.matrix_exp(-limit * t) @ y).square().mean()) for t in times]
    assert along(SMALL, "foretold loss") == pytest.approx(expected, rel=1e-9)
    assert along(SMALL, "bound") == pytest.approx(np.exp(-np.linspace(0, SMALL.horizon, SMALL.steps + 1)))
    foretold = along(SMALL, "foretold rate")
    assert foretold == pytest.approx(-np.diff(np.log(expected)) / (times[1] - times[0]))
    assert foretold == sorted(foretold, reverse=True)  # what falls fast goes first


def test_one_example_twice_with_two_labels_keeps_what_they_disagree_by():
    spec = dataclasses.replace(SMALL, width=300, twins=1, horizon=5.0)
    x, y = spec.task
    assert torch.equal(x[-1], x[0])
    assert y[-1] == -y[0]
    assert along(spec, "foretold loss")[-1] == pytest.approx(2 / 6, rel=1e-3)
    assert along(spec, "loss")[-1] == pytest.approx(2 / 6, rel=0.02)
    assert max(map(abs, along(spec, "smallest eigenvalue"))) < 1e-9


def test_a_zero_eigenvalue_is_not_the_smallest():
    """Angles between equal inputs come out as 0 or as 10⁻⁸, and an eigenvalue with them."""
    short = ConvergenceRate(width=4, examples=12, steps=1, horizon=1e-3)
    for seed in range(5):
        twin = dataclasses.replace(short, seed=seed, twins=1)
        values = torch.linalg.eigvalsh(relu_limit(twin.task[0][:-1]))
        assert float(values[0]) > 0.1
        found = along(twin, "smallest eigenvalue of the limit")[0]
        assert float(values[0]) * 0.999 <= found <= 2 * float(values[0])


def test_twins_are_turned_by_their_angle_and_as_long():
    x, _ = dataclasses.replace(SMALL, twins=3, angle=0.3).task
    assert torch.allclose(x.square().sum(1), torch.full((6,), 64.0, dtype=torch.float64))
    assert torch.allclose((x[:3] * x[3:]).sum(1) / 64, torch.full((3,), math.cos(0.3), dtype=torch.float64))
    short = dataclasses.replace(SMALL, twins=1, steps=1, horizon=1e-3)
    nearer = [dataclasses.replace(short, angle=angle) for angle in (0.002, 0.004)]
    one, two = (along(spec, "smallest eigenvalue of the limit")[0] for spec in nearer)
    assert two / one == pytest.approx(2, rel=0.03)


def test_the_linearisation_keeps_its_kernel():
    frozen, plain = SMALL.frozen(), SMALL
    assert along(frozen, "smallest eigenvalue") == pytest.approx([along(plain, "smallest eigenvalue")[0]] * 7)
    assert along(plain, "smallest eigenvalue")[-1] != pytest.approx(along(plain, "smallest eigenvalue")[0], rel=1e-3)
    assert along(frozen, "loss") != pytest.approx(along(plain, "loss"), rel=1e-3)
    assert frozen == frozen.frozen()


def test_a_network_none_of_whose_units_is_active_stays_where_it_is():
    """Units that see nothing have no slope; a digit that no unit sees keeps its loss."""
    found = [along(dataclasses.replace(SMALL, seed=seed, width=1), "loss") for seed in range(4)]
    assert all(losses[0] == 1 and losses[-1] > 0.01 for losses in found)


def test_descent_takes_its_time_whatever_its_rate():
    """A rate that is too large for the bowl is halved, and the steps sum to the same time."""
    made = torch.nn.Linear(1, 1, bias=False).double()
    x, y = torch.ones(4, 1, dtype=torch.float64), torch.zeros(4, 1, dtype=torch.float64)

    def after(**options):
        with torch.no_grad():
            made.weight.fill_(1.0)
        descend_for(made, x, y, **options)
        return made.weight.item()

    assert after(time=1.0, rate=0.3, most=99) == pytest.approx(0.7**3 * 0.9)
    assert after(time=5.0, rate=2.5, most=99) == pytest.approx(0.25**4)  # 2.5 raises the loss, 1.25 does not
    assert after(time=1.0, rate=0.3, most=2) == pytest.approx(0.7**2)


def test_where_the_loss_cannot_fall_the_rate_stays(monkeypatch):
    """Two labels for one input: at the floor rounding raises the loss about as often as it lowers it."""
    made = torch.nn.Linear(3, 1, bias=False).double()
    x = torch.tensor([[0.3, 0.7, 0.1]] * 3, dtype=torch.float64)
    y = torch.tensor([[1.1], [-0.7], [0.13]], dtype=torch.float64)
    looked = []
    monkeypatch.setattr(made, "forward", lambda inputs: (looked.append(1), inputs @ made.weight.T)[1])
    descend_for(made, x, y, time=400.0, rate=1.0, most=1000)
    assert len(looked) == 401


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    found = list(SMALL.readings())
    assert found == list(SMALL.readings())
    assert {name for each in found for name in each.values} == set(SMALL.units)
    assert isinstance(SMALL, Computation)


def test_what_makes_no_sense_is_refused():
    for wrong in ({"twins": 4}, {"angle": 2.0}, {"rate": 2.0}, {"horizon": 0.0}):
        with pytest.raises(BadInput, match="a rate of convergence needs"):
            dataclasses.replace(SMALL, **wrong)
    with pytest.raises(BadInput, match="readout must be one of"):
        ConvergenceRate(readout="other")
