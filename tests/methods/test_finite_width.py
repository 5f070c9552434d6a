"""Finite beside infinite width: against training written out by hand, dense linear algebra, and closed forms."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.stats import rankdata

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.data import dataset
from phenoscope.methods import Computation, FiniteWidth, Freezable
from phenoscope.theory import infinite, infinite_kernel

SMALL = FiniteWidth(seed=3, steps=25, width=7, depth=1, examples=9, tested=6, networks=2)
LAYERS = [infinite.dense(math.sqrt(2)), infinite.relu(), infinite.dense(math.sqrt(2))]


def ends(made):
    return list(made.readings())[-1].values


def digits(made):
    drawn = dataset("digits", train=made.examples + made.tested, flat=True).draw(stream(made.seed, "data", 0)).train
    y = torch.zeros(len(drawn.targets), 10, dtype=torch.float64)
    y[torch.arange(len(y)), drawn.targets] = 1.0
    return drawn.inputs.double(), drawn.targets, y - 0.1


def by_hand(made, x, y):
    """One hidden layer in the NTK parametrisation, in float64, every gradient written out."""
    n, d, m = made.examples, 64, made.width
    generator, outputs = stream(made.seed, "initialisation"), []
    for _ in range(made.networks):
        w = torch.randn(m, d, generator=generator, dtype=torch.float64)
        a = torch.randn(10, m, generator=generator, dtype=torch.float64)
        before = x @ w.T * math.sqrt(2 / d)
        hidden, on = before.clamp_min(0), (before > 0).double()
        zero = hidden @ a.T * math.sqrt(2 / m) if made.start == "centred" else 0.0
        # tangent kernel, its trace over the outputs: Σ_j φφ · 2/m · 10 and Σ_ij a_ij² φ'φ' · 4/(md) x·x'
        first = hidden @ hidden.T * 2 / m + (on * a.square().mean(0)) @ on.T * 4 / (m * d) * (x @ x.T)
        left = made.steps * made.rate * n / float(torch.linalg.eigvalsh(first[:n, :n])[-1])
        rate = left / made.steps

        def state(w, a, zero=zero):
            before = x @ w.T * math.sqrt(2 / d)
            return before, before.clamp_min(0) @ a.T * math.sqrt(2 / m) - zero

        for _ in range(4 * made.steps):
            before, now = state(w, a)
            off = (now - y)[:n] / n
            hidden, on = before[:n].clamp_min(0), (before[:n] > 0).double()
            by_a = math.sqrt(2 / m) * off.T @ hidden
            by_w = math.sqrt(4 / (m * d)) * (on * (off @ a)).T @ x[:n]
            loss = float((now - y)[:n].square().sum())
            while (
                float((state(w - min(rate, left) * by_w, a - min(rate, left) * by_a)[1] - y)[:n].square().sum()) > loss
            ):
                rate /= 2
            w, a, left = w - min(rate, left) * by_w, a - min(rate, left) * by_a, left - min(rate, left)
            if left <= 1e-12:
                break
        outputs.append(state(w, a)[1])
    return torch.stack(outputs)


@pytest.mark.parametrize("start", ["drawn", "centred"])
def test_training_by_hand(start):
    made = dataclasses.replace(SMALL, start=start)
    x, labels, y = digits(made)
    n, outputs, found = made.examples, by_hand(made, x, y), ends(made)
    tested, size = outputs[:, n:], y[n:].square().mean()
    expected = {
        "network error": (tested.argmax(2) != labels[n:]).double().mean(),
        "network squared error": (tested - y[n:]).square().mean() / size,
        "ensemble error": (tested.mean(0).argmax(1) != labels[n:]).double().mean(),
        "ensemble squared error": (tested.mean(0) - y[n:]).square().mean() / size,
        "train squared error": (outputs[:, :n] - y[:n]).square().mean() / y[:n].square().mean(),
        "spread": (tested[0] - tested[1]).square().mean() / 2,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=2e-3), name


def test_the_limits_by_dense_algebra():
    x, labels, y = digits(SMALL)
    n, found = SMALL.examples, ends(SMALL)
    tangent, prior = (infinite_kernel(LAYERS, x, kind=kind).numpy() for kind in ("ntk", "nngp"))
    y, labels, size = y.numpy(), labels.numpy(), float(y[n:].square().mean())

    def check(name, mean):
        assert found[f"{name} error"] == pytest.approx(np.mean(mean.argmax(1) != labels[n:]))
        assert found[f"{name} squared error"] == pytest.approx(np.square(mean - y[n:]).mean() / size, rel=1e-8)

    check("kernel", tangent[n:, :n] @ np.linalg.solve(tangent[:n, :n], y[:n]))
    process = prior[n:, :n] @ np.linalg.solve(prior[:n, :n], y[:n])
    check("process", process)
    # gradient flow from zero, integrated: of all outputs, which move by the kernel times what is left
    time = SMALL.steps * SMALL.rate * n / np.linalg.eigvalsh(tangent[:n, :n])[-1]

    def velocity(_, flat):
        outputs = flat.reshape(-1, 10)
        return -(tangent[:, :n] @ (outputs[:n] - y[:n]) / n).ravel()

    flow = solve_ivp(velocity, (0, time), np.zeros(y.size), method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    check_foretold = flow.reshape(-1, 10)[n:]
    assert found["foretold squared error"] == pytest.approx(np.square(check_foretold - y[n:]).mean() / size, rel=1e-6)
    variance = np.diag(prior[n:, n:] - prior[n:, :n] @ np.linalg.solve(prior[:n, :n], prior[:n, n:]))
    squared = np.square(process - y[n:]).mean(1)
    ranks = np.corrcoef(rankdata(variance), rankdata(squared))[0, 1]
    assert found["doubt order"] == pytest.approx(ranks, rel=1e-8)
    assert found["doubt order before data"] == pytest.approx(
        np.corrcoef(rankdata(np.diag(prior)[n:]), rankdata(squared))[0, 1]
    )
    assert found["calibration as drawn"] == pytest.approx(squared.mean() / variance.mean(), rel=1e-8)
    # the likelihood of the training targets is largest at that scale of the prior
    fitted = found["calibration as drawn"] / found["calibration"]

    def likelihood(scale):
        values, vectors = np.linalg.eigh(scale * prior[:n, :n])
        return -0.5 * (np.square(vectors.T @ y[:n]).sum(1) / values + 10 * np.log(values)).sum()

    assert likelihood(fitted) > max(likelihood(0.98 * fitted), likelihood(1.02 * fitted))


def test_wide_networks_are_as_their_limit_says():
    made = FiniteWidth(seed=1, steps=100, width=2000, depth=1, examples=20, tested=30, networks=8)
    drawn, centred = ends(made), ends(dataclasses.replace(made, start="centred"))
    assert drawn["spread"] == pytest.approx(drawn["foretold spread"], rel=0.15)
    assert centred["foretold spread"] == 0.0
    assert centred["distance"] < 0.1 < drawn["distance"]
    assert centred["foretold squared error"] == drawn["foretold squared error"]
    assert drawn["ensemble distance"] == pytest.approx(drawn["distance"] / math.sqrt(8), rel=0.3)


def test_the_frozen_twin_trains_a_linear_model():
    made = dataclasses.replace(SMALL, rate=0.05, steps=200, depth=2)
    twin = made.frozen()
    assert isinstance(made, Freezable)
    assert twin.frozen() == twin
    # no rate is ever halved: the error of training is that of the dense tangent kernel
    x, _, y = digits(made)
    generator, errors = stream(made.seed, "initialisation"), []
    for _ in range(made.networks):
        model = made._network.build(generator, inputs=(64,), outputs=10, dtype=torch.float64)
        names = [name for name, _ in model.named_parameters()]
        values = tuple(value.detach() for _, value in model.named_parameters())

        def outputs(*values, model=model, names=names):
            return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (x[: made.examples],))

        slopes = torch.func.jacrev(outputs, argnums=tuple(range(len(values))))(*values)
        jacobian = torch.cat([each.reshape(made.examples * 10, -1) for each in slopes], dim=1)
        kernel = jacobian @ jacobian.T
        mean = kernel.reshape(made.examples, 10, made.examples, 10).diagonal(dim1=1, dim2=3).mean(-1)
        rate = made.rate / float(torch.linalg.eigvalsh(mean)[-1])
        left = (outputs(*values) - y[: made.examples]).flatten()
        for _ in range(made.steps):
            left = left - rate * kernel @ left
        errors.append(float(left.square().mean()))
    expected = np.mean(errors) / float(y[: made.examples].square().mean())
    assert ends(twin)["train squared error"] == pytest.approx(expected, rel=1e-3)
    assert ends(made)["train squared error"] != pytest.approx(expected, rel=1e-3)


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    found = list(SMALL.readings())
    assert [each.step for each in found] == [12, 25]
    assert found == list(SMALL.readings())
    assert set(found[-1].values) == set(SMALL.units)
    assert isinstance(SMALL, Computation)
    assert ends(SMALL) != ends(dataclasses.replace(SMALL, seed=4))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="a rate between 0 and 2"):
        FiniteWidth(rate=2.0)
    with pytest.raises(BadInput, match="start must be one of"):
        FiniteWidth(start="zero")
    with pytest.raises(BadInput, match="parametrisation must be one of"):
        FiniteWidth(parametrisation="other")
    with pytest.raises(BadInput, match="dynamics must be one of"):
        FiniteWidth(dynamics="lazy")
