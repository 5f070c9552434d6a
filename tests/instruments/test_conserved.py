"""What gradient flow keeps: against a flow of tiny steps, unit by unit with ReLU, and what momentum does to it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput
from phenoscope.instruments import balance


def network(*, relu, seed=0):
    generator = torch.Generator().manual_seed(seed)
    layers = [torch.nn.Linear(i, o, bias=False, dtype=torch.float64) for i, o in ((4, 5), (5, 3), (3, 2))]
    for layer in layers:
        layer.weight.data = torch.randn(layer.weight.shape, generator=generator, dtype=torch.float64) / 2
    parts = [part for layer in layers for part in (layer, torch.nn.ReLU() if relu else torch.nn.Identity())][:-1]
    x, y = (torch.randn(12, size, generator=generator, dtype=torch.float64) for size in (4, 2))
    return torch.nn.Sequential(*parts), layers, x, y


def drift(rate, *, relu=False, momentum=0.0, time=1.0):
    model, layers, x, y = network(relu=relu)
    start = balance([layer.weight.detach().clone() for layer in layers])
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
    for _ in range(round(time / rate)):
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
    return balance([layer.weight.detach() for layer in layers]), start


def test_linear_layers_keep_all_of_it_in_proportion_to_the_step():
    moved = [now.drift(start) for now, start in (drift(rate) for rate in (0.02, 0.01, 0.005))]
    assert moved[0] / moved[1] == pytest.approx(2, rel=0.1)
    assert moved[1] / moved[2] == pytest.approx(2, rel=0.1)
    with_momentum, start = drift(0.005, momentum=0.9)
    assert with_momentum.drift(start) > 5 * moved[2]


def test_rectified_layers_keep_the_diagonal_only():
    now, start = drift(0.002, relu=True)
    off = [(a - b) for a, b in zip(now.charges, start.charges, strict=True)]
    diagonal = max(float(each.diagonal().abs().max()) for each in off)
    rest = max(float((each - each.diagonal().diag()).abs().max()) for each in off)
    assert 20 * diagonal < rest


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 5))
def test_balanced_layers_and_rotations(seed, inner, outer):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(inner, inner, generator=generator, dtype=torch.float64)
    isometry = torch.linalg.qr(torch.randn(inner + outer, inner, generator=generator, dtype=torch.float64))[0]
    left, values, _ = torch.linalg.svd(root)
    assert balance([root, isometry @ (values[:, None] * left.mT)]).value < 1e-12
    other = torch.randn(outer, inner, generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(inner, inner, generator=generator, dtype=torch.float64))[0]
    plain, turned = balance([root, other]), balance([turn @ root, other @ turn.mT])
    assert turned.value == pytest.approx(plain.value)
    assert torch.allclose(turned.charges[0], turn @ plain.charges[0] @ turn.mT)
    assert 0 <= plain.value <= 2**0.5 + 1e-12


def test_a_layer_that_is_nothing_and_what_does_not_follow():
    assert balance([torch.zeros(2, 2), torch.zeros(2, 2)]).value == 0
    assert balance([torch.zeros(2, 2), torch.eye(2)]).value == 1
    for wrong in ([torch.eye(2)], [torch.eye(2), torch.eye(3)], [torch.eye(2), torch.ones(2)]):
        with pytest.raises(BadInput, match="balance"):
            balance(wrong)
    with pytest.raises(BadInput, match="drift"):
        balance([torch.eye(2)] * 2).drift(balance([torch.eye(3)] * 2))
