"""Training in function space and kernels at the start: against networks written out by hand."""

import dataclasses
import math

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import Computation, FunctionSpace, InitialKernel

SMALL = FunctionSpace(seed=3, steps=30, width=12, activation="erf", examples=12, every=10)


def along(made):
    """What was found, by step; what is said of the whole stands at the last one."""
    found: dict[int, dict[str, float]] = {}
    for each in made.readings():
        found.setdefault(each.step, {}).update(each.values)
    return found


def by_hand(spec, *, features="learned"):
    """The same training with weights W (width, d) and a (width,), every derivative written out."""
    drawn = dataset("digits", train=2 * spec.examples, flat=True).draw(stream(spec.seed, "data", 0)).train
    x, y = drawn.inputs.double(), 1.0 - 2.0 * (drawn.targets % 2).double()
    generator = stream(spec.seed, "initialisation", 0)
    w = torch.randn(spec.width, 64, generator=generator, dtype=torch.float64)
    a = torch.randn(1, spec.width, generator=generator, dtype=torch.float64)[0]
    n, d, m = spec.examples, 64, spec.width
    scale = m**-0.5 if spec.readout == "mean field" else 1.0

    def parts(w, a, x):
        before = x @ w.T / math.sqrt(d)
        slopes = 2 / math.sqrt(math.pi) * torch.exp(-before.square())
        hidden = torch.erf(before)
        by_w = (a * slopes)[:, :, None] * x[:, None] * scale / math.sqrt(m * d)  # (n, m, d)
        by_a = hidden * scale / math.sqrt(m)
        return hidden @ a * scale / math.sqrt(m), torch.cat([by_w.flatten(1), by_a], dim=1)

    zero, jacobian = parts(w, a, x)
    kernel = jacobian @ jacobian.T
    values, vectors = torch.linalg.eigh(kernel[:n, :n])
    rate = spec.rate * n / float(values[-1])
    outputs, states = torch.zeros(n, dtype=torch.float64), {}
    theta, start = torch.cat([w.flatten(), a]), torch.cat([w.flatten(), a])
    for step in range(spec.steps + 1):
        now, slopes = parts(theta[: m * d].reshape(m, d), theta[m * d :], x)
        outputs = now - zero
        foretold = y[:n] - vectors @ ((1 - rate * values / n) ** step * (vectors.T @ y[:n]))
        tested = kernel[n:, :n] @ torch.linalg.solve(kernel[:n, :n], foretold)
        states[step] = (outputs, foretold, tested, theta, slopes[:n] @ slopes[:n].T)
        theta = theta - rate / n * (outputs[:n] - y[:n]) @ slopes[:n]
    return y, kernel[:n, :n], start, states


@pytest.mark.parametrize("readout", ["ntk", "mean field"])
def test_training_and_what_is_foretold_by_hand(readout):
    spec = dataclasses.replace(SMALL, readout=readout)
    found = along(spec)
    y, kernel, start, states = by_hand(spec)
    n, size = spec.examples, y[: spec.examples].norm()
    for step in (0, 10, 30):
        outputs, foretold, tested, theta, _ = states[step]
        expected = {
            "loss": (outputs[:n] - y[:n]).square().sum() / (2 * n),
            "foretold loss": (foretold - y[:n]).square().sum() / (2 * n),
            "gap": (outputs[:n] - foretold).norm() / size,
            "test gap": (outputs[n:] - tested).norm() / size,
            "relative drift": (theta - start).norm() / start.norm(),
            "absolute drift": (theta - start).norm(),
        }
        for name, value in expected.items():
            assert found[step][name] == pytest.approx(float(value), rel=1e-6, abs=1e-12), name
    change = (states[30][4] - kernel).norm() / kernel.norm()
    assert found[30]["kernel change"] == pytest.approx(float(change))
    values, vectors = (part.flip(-1) for part in torch.linalg.eigh(kernel))
    shares = vectors.T @ (y[:n] - states[10][0][:n]) / (vectors.T @ y[:n])
    held = ((vectors.T @ y[:n]).abs() >= 0.02 * size).nonzero()[:, 0]
    assert found[10]["residual of mode 3"] == pytest.approx(float(shares[held[2]]), rel=1e-6)
    decay = (1 - spec.rate * values[held[2]] / values[0]) ** 10
    assert found[10]["foretold residual of mode 3"] == pytest.approx(float(decay))


def test_an_expansion_decays_mode_by_mode_and_is_foretold_exactly():
    found = along(dataclasses.replace(SMALL, dynamics="linearised"))
    read = [values[name] for values in found.values() for name in ("gap", "test gap")]
    assert {*read, found[30]["kernel change"], found[30]["rate departure"]} == {0.0}  # what is rounding is not read
    assert found[30]["rate order"] == pytest.approx(1.0)
    network = along(SMALL)
    assert network[30]["gap"] > 1e-3
    assert network[30]["rate departure"] > 1e-3


def test_networks_are_averaged_and_the_first_is_the_one_alone():
    one, two = along(SMALL), along(dataclasses.replace(SMALL, networks=2))
    other = next(iter(dataclasses.replace(SMALL, networks=2)._of(1)))
    assert [each[0]["foretold loss"] for each in (one, two)] == pytest.approx([0.5, 0.5])
    assert two[30]["loss"] != one[30]["loss"]
    assert other.values["loss"] == pytest.approx(0.5)
    assert along(SMALL) == one
    assert set(one[30]) <= set(SMALL.units)


@pytest.mark.parametrize("parametrisation", ["ntk", "standard"])
def test_kernels_at_the_start_by_hand(parametrisation):
    made = InitialKernel(seed=5, steps=1, width=7, depth=1, parametrisation=parametrisation, examples=6)
    (found,) = made.readings()
    x = dataset("digits", train=6, flat=True).draw(stream(5, "data", 0)).train.inputs.double()
    generator = stream(5, "initialisation")
    w = torch.randn(7, 64, generator=generator, dtype=torch.float64)
    a = torch.randn(1, 7, generator=generator, dtype=torch.float64)[0]
    before = x @ w.T * math.sqrt(2 / 64)
    hidden, active = before.clamp_min(0), (before > 0).double()
    first = (active * a) @ (active * a).T * (x @ x.T) * 2 / 7 * 2 / 64
    second = hidden @ hidden.T * 2 / 7
    if parametrisation == "standard":  # the gradients of weights that are as many times smaller
        first, second = first * 64 / 2, second * 7 / 2
    gram = x @ x.T / 64
    norms = gram.diagonal().sqrt()
    cosine = (gram / norms[:, None] / norms).clamp(-1, 1)
    angle = torch.acos(cosine)
    outputs = 2 * norms[:, None] * norms * (angle.sin() + (math.pi - angle) * cosine) / math.pi
    tangent = outputs + 2 * gram * (math.pi - angle) / math.pi
    kernel = first + second
    assert found.values["kernel error"] == pytest.approx(float((kernel - tangent).norm() / tangent.norm()), rel=1e-6)
    assert found.values["kernel size"] == pytest.approx(float(kernel.norm() / tangent.norm()), rel=1e-6)
    spread = hidden @ hidden.T * 2 / 7
    error = float((spread - outputs).norm() / outputs.norm())
    assert found.values["outputs' kernel error"] == pytest.approx(error, rel=1e-6)


def test_several_networks_make_a_root_mean_square():
    one, two = (next(iter(dataclasses.replace(InitialKernel(width=6, examples=4), steps=k).readings())) for k in (1, 2))
    assert (one.step, two.step) == (1, 2)
    assert one.values["kernel error"] != two.values["kernel error"]
    rest = 2 * two.values["kernel size"] ** 2 - one.values["kernel size"] ** 2
    assert rest > 0
    assert all(isinstance(made, Computation) for made in (InitialKernel(), SMALL))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="a rate between 0 and 2"):
        FunctionSpace(rate=2.0)
    with pytest.raises(BadInput, match="readout must be one of"):
        FunctionSpace(readout="other")
    with pytest.raises(BadInput, match="activation must be one of 'erf', 'relu'"):
        FunctionSpace(activation="tanh")
    with pytest.raises(BadInput, match="initial kernels need a network and 2 examples"):
        InitialKernel(examples=1)
