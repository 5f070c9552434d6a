"""Preconditioners of adaptive rules: against PyTorch's optimizers, dense eigenvalues, and steps on a quadratic."""

import functools

import pytest
import torch
from torch.autograd.functional import hessian
from torch.testing import assert_close

from phenoscope.probes import EffectiveSharpness
from phenoscope.theory import adam_threshold, rmsprop_threshold
from phenoscope.training import (
    Adam,
    Clipped,
    GradientDescent,
    RMSProp,
    WeightDecay,
    effective_threshold,
    preconditioner,
    train,
)
from small import losses, recipe

RULES = {"adam": Adam(0.01, 0.8, 0.95), "rmsprop": RMSProp(0.01, 0.9), "clipped": Clipped(Adam(0.01), 0.5)}


def read(made, probe):
    """(state, dense effective spectrum's top, readings by name) at each step that is read."""
    memory, found = None, []
    for state in train([made]):
        rows, memory = probe.update(state, memory) if probe.due(state.step) else ([], memory)
        found.append((state, {row.name: float(row.values[0]) for row in rows}))
    return found


@pytest.mark.parametrize("name", RULES)
def test_effective_sharpness_is_the_top_of_the_preconditioned_hessian(name):
    made = recipe(rule=RULES[name], steps=8)
    for state, readings in read(made, EffectiveSharpness(every=2, tol=1e-9)):
        if state.step == 0:
            assert not readings  # no update yet, so no second moment
        if state.step % 2 or state.step == 0:
            continue
        inner = RULES[name].of if name == "clipped" else RULES[name]
        square = state.memory["square"][0]
        if isinstance(inner, Adam):
            square = square / (1 - inner.beta2**state.step)
        scale = (square.sqrt() + inner.epsilon).rsqrt()
        dense = hessian(lambda here: losses(made, here), state.points[0])
        expected = torch.linalg.eigvalsh(scale[:, None] * dense * scale)[-1]
        assert readings["effective sharpness"] == pytest.approx(float(expected), rel=1e-7)
        limit = effective_threshold(RULES[name], state.step)
        assert readings["effective sharpness / threshold"] == pytest.approx(float(expected) / limit, rel=1e-7)


def test_the_thresholds():
    assert effective_threshold(Adam(0.1, 0.9), 0) == adam_threshold(0.1, 0.9)
    assert effective_threshold(Adam(0.1, 0.9, decoupled=0.5), 0) == adam_threshold(0.1, 0.9, decay=0.5, decoupled=True)
    assert effective_threshold(RMSProp(0.1), 0) == rmsprop_threshold(0.1)
    assert effective_threshold(Clipped(RMSProp(0.1), 1.0), 0) == rmsprop_threshold(0.1)
    assert effective_threshold(GradientDescent(0.1), 0) is None
    assert effective_threshold(WeightDecay(Adam(0.1), 0.1), 0) is None


@pytest.mark.parametrize(("factor", "grows"), [(0.97, False), (1.03, True)])
def test_beyond_the_threshold_a_frozen_preconditioner_diverges(factor, grows):
    """On a quadratic whose gradients are tiny beside a large second moment, P hardly moves."""
    rule, points = Adam(0.1, 0.5, 1 - 1e-12), torch.full((1, 1), 1e-3, dtype=torch.float64)
    memory = {
        "mean": torch.zeros_like(points),
        "square": torch.full_like(points, 4.0),
        "count": torch.full((1, 1), 1e15, dtype=torch.float64),
    }
    divided = float(preconditioner(rule, memory))
    curvature = factor * effective_threshold(rule, 0) * divided
    start = float(points.abs())
    for step in range(400):
        points, memory = rule.update(curvature * points, points, memory, step)
        if points.abs() > 1e3:
            break
    assert (float(points.abs()) > 10 * start) is grows


@pytest.mark.parametrize("rule", [GradientDescent(0.1), WeightDecay(Adam(0.01), 0.1)])
def test_rules_without_one_are_not_read(rule):
    found = read(recipe(rule=rule, steps=3), EffectiveSharpness(every=1))
    assert all(not readings for _, readings in found)


def test_it_is_that_of_pytorchs_own_state(tmp_path):
    import phenoscope as ps

    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1).double()
    data = (torch.randn(9, 3, dtype=torch.float64), torch.randn(9, 1, dtype=torch.float64))
    for number, make in enumerate(
        (functools.partial(torch.optim.Adam, lr=0.05), functools.partial(torch.optim.RMSprop, lr=0.05))
    ):
        optimizer, loss = make(model.parameters()), torch.nn.MSELoss()
        probe, expected = ps.probes.EffectiveSharpness(every=1, tol=1e-9), []
        with ps.watch(model, loss, data, optimizer, probes=[probe], run=tmp_path / str(number)):
            for step in range(4):
                if step:
                    expected.append(effective(model, data, optimizer, step))
                optimizer.zero_grad()
                loss(model(data[0]), data[1]).backward()
                optimizer.step()
            expected.append(effective(model, data, optimizer, 4))
        series = ps.load(tmp_path / str(number)).record.series["effective sharpness"]
        assert series.steps.tolist() == [1, 2, 3, 4]
        assert_close(torch.tensor(series.values), torch.stack(expected), rtol=1e-6, atol=0)


def effective(model, data, optimizer, step):
    """The dense Hessian of a linear model with squared error, by hand, between square roots of the state."""
    inputs = torch.cat([data[0], torch.ones(9, 1, dtype=torch.float64)], dim=1)
    parts = []
    for parameter in model.parameters():
        state = optimizer.state[parameter]
        square = state["exp_avg_sq"] / (1 - 0.999**step) if "exp_avg_sq" in state else state["square_avg"]
        parts.append((square.sqrt() + 1e-8).flatten())
    scale = torch.cat(parts).rsqrt()
    return torch.linalg.eigvalsh(scale[:, None] * (2 * inputs.T @ inputs / 9) * scale)[-1]
