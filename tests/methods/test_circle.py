"""Learning on the circle: against a network written out by hand, and kernel descent without any Fourier transform."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Circle, Computation
from phenoscope.methods.circle import seen
from phenoscope.methods.initial_kernel import uniform_network
from phenoscope.objective.evaluation.expanded import Linearised
from phenoscope.theory import infinite, infinite_kernel

SMALL = Circle(seed=4, steps=60, width=30, points=26, amplitude=0.3)


def along(made):
    return {found.step: found.values for found in list(made.readings())[:-1]}, list(made.readings())[-1].values


def by_hand(spec):
    """Targets, limiting kernel, and the outputs of the same ReLU network at each step, derivatives written out."""
    t = 2 * math.pi * torch.arange(spec.points, dtype=torch.float64) / spec.points
    x = math.sqrt(1.5) * torch.stack([t.cos(), t.sin(), torch.ones_like(t)], dim=1)
    phases = 2 * math.pi * torch.rand(4, generator=stream(spec.seed, "data"), dtype=torch.float64)
    waves = [torch.cos(k * t + phase) for k, phase in zip((1, 3, 5, 9), phases, strict=True)]
    y, root = spec.amplitude * sum(waves), math.sqrt(2)
    kernel = infinite_kernel([infinite.dense(root), infinite.relu(), infinite.dense(root)], x)
    rate = 0.5 * spec.points / float(torch.linalg.eigvalsh(kernel)[-1])
    generator = stream(spec.seed, "initialisation")
    w = torch.randn(spec.width, 3, generator=generator, dtype=torch.float64)
    a = torch.randn(1, spec.width, generator=generator, dtype=torch.float64)[0]
    scale = math.sqrt(2 / spec.width) * (spec.width**-0.5 if spec.readout == "mean field" else 1.0)
    rate = rate * (spec.width if spec.readout == "mean field" else 1.0)
    states, zero = [], None
    for _ in range(spec.steps + 1):
        before = x @ w.T * math.sqrt(2 / 3)
        outputs = scale * before.relu() @ a
        zero = outputs if zero is None else zero
        states.append(outputs - zero)
        left = (outputs - zero - y) / spec.points
        by_w = scale * math.sqrt(2 / 3) * ((before > 0) * a * left[:, None]).T @ x
        a, w = a - rate * scale * before.relu().T @ left, w - rate * by_w
    return waves, y, kernel, states


@pytest.mark.parametrize("readout", ["ntk", "mean field"])
def test_the_frozen_twin_is_descent_on_the_expansion_itself(readout):
    """By gradients in the parameters of a linearised module, which knows of no kernel."""
    spec = dataclasses.replace(SMALL, readout=readout, steps=40)
    waves, y, kernel, _ = by_hand(spec)
    network = uniform_network(spec.width, 1, "relu", "ntk")
    model = network.build(stream(spec.seed, "initialisation"), inputs=(3,), outputs=1, dtype=torch.float64)
    lazy, scale = Linearised(model), 1.0 if readout == "ntk" else spec.width**-0.5
    x = seen(2 * math.pi * torch.arange(spec.points, dtype=torch.float64) / spec.points, "circle")
    zero, rate = lazy(x).detach(), 0.5 * spec.points / float(torch.linalg.eigvalsh(kernel)[-1]) / scale**2
    for _ in range(spec.steps):
        loss = (scale * (lazy(x) - zero)[:, 0] - y).square().mean() / 2
        (slope,) = torch.autograd.grad(loss, [lazy.point])
        lazy.point.data -= rate * slope
    outputs = scale * (lazy(x) - zero)[:, 0].detach()
    frozen, _ = along(spec.frozen())
    moved, _ = along(spec)
    for k, wave in zip((1, 3, 5, 9), waves, strict=True):
        part = float(wave @ outputs / (wave @ wave) / spec.amplitude)
        assert frozen[40][f"part of {k}"] == pytest.approx(part, rel=1e-9, abs=1e-12)
        assert moved[40][f"part of {k}"] != pytest.approx(part, rel=1e-3)
    assert spec.frozen().frozen() == spec.frozen()


@pytest.mark.parametrize("readout", ["ntk", "mean field"])
def test_training_by_hand(readout):
    spec = dataclasses.replace(SMALL, readout=readout)
    waves, _, _, states = by_hand(spec)
    found, _ = along(spec)
    for step in (0, 1, 30, 60):
        for k, wave in zip((1, 3, 5, 9), waves, strict=True):
            part = wave @ states[step] / (wave @ wave) / spec.amplitude
            assert found[step][f"part of {k}"] == pytest.approx(float(part), rel=1e-6, abs=1e-9)


def test_what_is_foretold_is_descent_on_the_limiting_kernel():
    """By steps of the residual through the kernel matrix, which knows of no frequencies."""
    waves, y, kernel, _ = by_hand(SMALL)
    found, last = along(dataclasses.replace(SMALL, steps=200))
    step_size = 0.5 / float(torch.linalg.eigvalsh(kernel)[-1])
    left, parts = y.clone(), []
    for _ in range(201):
        parts.append([float(1 - wave @ left / (wave @ wave) / SMALL.amplitude) for wave in waves])
        left = left - step_size * kernel @ left
    for step in (0, 10, 150):
        for place, k in enumerate((1, 3, 5, 9)):
            assert found[step][f"foretold part of {k}"] == pytest.approx(parts[step][place], abs=1e-9)
    half = next(step for step in range(201) if parts[step][1] >= 0.5)
    assert half - 1 < last["foretold half time of 3"] <= half


def test_a_wide_network_keeps_the_times_and_a_narrow_one_does_not():
    wide, narrow = (along(Circle(seed=1, width=width, inputs="fourier", steps=40, points=26))[1] for width in (1024, 6))
    assert "rate exponent" not in wide  # at 26 points all eigenvalues are the same
    assert wide["departure"] < 0.1
    assert narrow["departure"] > 0.2
    ratios = [wide[f"half time of {k}"] / wide[f"foretold half time of {k}"] for k in (1, 3, 5, 9)]
    assert wide["departure"] == pytest.approx(max(abs(ratio - 1) for ratio in ratios))
    assert wide["ratio"] == pytest.approx(wide["half time of 9"] / wide["half time of 1"])
    assert 0.8 < wide["ratio"] < 1.3


def test_a_frequency_that_never_comes_has_no_time():
    _, last = along(dataclasses.replace(SMALL, steps=20))
    assert math.isnan(last["half time of 9"])
    assert "departure" not in last
    assert last["foretold half time of 9"] > 20


def test_half_times_between_steps():
    from phenoscope.methods.circle import _half

    assert _half(1 - 0.9 ** np.arange(20)) == pytest.approx(math.log(0.5) / math.log(0.9))
    assert math.isnan(_half(np.full(5, 0.4)))


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    spec = dataclasses.replace(SMALL, inputs="fourier", points=40)
    found = list(spec.readings())
    assert found == list(spec.readings())
    assert {name for each in found for name in each.values} == set(spec.units)
    assert isinstance(spec, Computation)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="more than 24 points"):
        Circle(points=24)
    with pytest.raises(BadInput, match="inputs must be one of"):
        Circle(inputs="line")
    with pytest.raises(BadInput, match="positive amplitude"):
        Circle(amplitude=0.0)
    with pytest.raises(BadInput, match="dynamics must be one of"):
        Circle(dynamics="lazy")
    with pytest.raises(BadInput, match="readout must be one of"):
        Circle(readout="other")
