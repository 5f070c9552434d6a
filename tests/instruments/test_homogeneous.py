"""Margin conditions: linear machines, networks scaled, points that are none, and models left as they were."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.instruments import margin_conditions
from phenoscope.theory import largest_margin


def network(depth, *, bias=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sizes = [4, *[6] * (depth - 1), 1]
    parts = []
    for before, after in itertools.pairwise(sizes):
        layer = torch.nn.Linear(before, after, bias=bias, dtype=torch.float64)
        for value in layer.parameters():
            value.data = torch.randn(value.shape, generator=generator, dtype=torch.float64)
        parts += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1]), torch.randn(9, 4, generator=generator, dtype=torch.float64)


def test_the_support_vector_machine_is_a_kkt_point_and_another_separator_is_none():
    rng = np.random.default_rng(0)
    z, normal = rng.normal(size=(12, 4)), rng.normal(size=4)
    signs = np.sign(z @ normal)
    best = largest_margin(z * signs[:, None])
    model = torch.nn.Linear(4, 1, bias=False, dtype=torch.float64)
    model.weight.data = 7 * torch.from_numpy(best.direction)[None]
    x, y = torch.from_numpy(z), torch.from_numpy(signs)
    found = margin_conditions(model, x, y)
    assert found.value < 1e-6
    assert abs(found.slackness) < 1e-6
    assert found.margin == pytest.approx(best.value)
    assert found.order == pytest.approx(1)
    share = found.weights / found.weights.sum()
    np.testing.assert_allclose(share.numpy(), best.weights, atol=1e-5)
    model.weight.data = torch.from_numpy(normal)[None]
    other = margin_conditions(model, x, y)
    assert other.margin < best.value
    assert other.value > 0.05
    assert other.value == pytest.approx((other.stationarity**2 + other.slackness**2) ** 0.5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.floats(0.2, 5.0))
def test_the_order_is_the_depth_and_scale_changes_nothing(seed, depth, factor):
    model, x = network(depth, seed=seed)
    y = torch.ones(9)
    before = margin_conditions(model, x, y) if float(model(x).detach().abs().max()) > 1e-6 else None
    if before is None:
        return
    assert before.order == pytest.approx(depth)
    assert before.inhomogeneity < 1e-10
    for value in model.parameters():
        value.data *= factor
    after = margin_conditions(model, x, y)
    assert after.margin == pytest.approx(before.margin, rel=1e-8)
    assert after.value == pytest.approx(before.value, abs=1e-6)


def test_biases_show_as_inhomogeneity():
    model, x = network(2, bias=True)
    assert margin_conditions(model, x, torch.ones(9)).inhomogeneity > 0.01


def test_the_model_is_left_as_it_was():
    model, x = network(3)
    model.train()
    before = [value.clone() for value in model.parameters()]
    margin_conditions(model, x, torch.ones(9, 1))
    assert model.training
    assert all(value.grad is None and value.requires_grad for value in model.parameters())
    assert all(map(torch.equal, before, model.parameters()))


def test_what_has_no_margin_is_refused():
    model, x = network(2)
    for targets in (torch.zeros(9), torch.ones(8), torch.full((9,), 2.0)):
        with pytest.raises(BadInput, match="1 or -1"):
            margin_conditions(model, x, targets)
    with pytest.raises(BadInput, match="one output"):
        margin_conditions(torch.nn.Linear(4, 2).double(), x, torch.ones(9))
    for value in model.parameters():
        value.data.zero_()
    with pytest.raises(BadInput, match="direction"):
        margin_conditions(model, x, torch.ones(9))
