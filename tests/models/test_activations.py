"""Activations against their formulas, and their derivatives of first and second order."""

import math

import pytest
import torch
from torch.func import functional_call, grad, vjp, vmap
from torch.testing import assert_close

from phenoscope.core.seeds import stream
from phenoscope.models import ACTIVATIONS, MLP
from phenoscope.models.activations import PULLS

SMOOTH = sorted(set(ACTIVATIONS) - {"relu", "leaky_relu", "elu"})


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_has_two_derivatives_over_rows(activation):
    network = MLP(widths=(3,), activation=activation).build(stream(0), inputs=(2,), outputs=3, dtype=torch.float64)
    rows = {name: torch.stack([value.detach(), 2 * value.detach()]) for name, value in network.named_parameters()}
    examples = torch.randn(5, 2, generator=stream(1), dtype=torch.float64)

    def loss(parameters):
        return functional_call(network, parameters, (examples,)).square().mean()

    def product(parameters):
        _, pull = vjp(grad(loss), parameters)
        return pull(parameters)[0]["body.1.weight"]

    first = {name: value[0].requires_grad_() for name, value in rows.items()}
    gradient = torch.autograd.grad(loss(first), list(first.values()), create_graph=True)
    along = sum((part * value.detach()).sum() for part, value in zip(gradient, first.values(), strict=True))
    expected = torch.autograd.grad(along, first["body.1.weight"])[0]
    assert_close(vmap(product)({name: value.detach() for name, value in rows.items()})[0], expected)


FORMULAS = {
    "identity": lambda x: x,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "erf": math.erf,
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "quadratic": lambda x: x * x,
}


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activations_follow_their_formulas(activation):
    points = [-2.5, -0.4, 0.3, 1.7]
    expected = torch.tensor([FORMULAS[activation](x) for x in points], dtype=torch.float64)
    assert_close(ACTIVATIONS[activation](torch.tensor(points, dtype=torch.float64)), expected)


@pytest.mark.parametrize("activation", SMOOTH)
def test_smooth_activations_pass_the_difference_test(activation):
    examples = torch.randn(9, generator=stream(1), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(ACTIVATIONS[activation], (examples,))


@pytest.mark.parametrize("name", sorted(PULLS))
def test_the_way_back_from_the_outputs_is_autograds(name):
    inputs = torch.tensor([-3.0, -0.5, 0.0, 0.2, 4.0], dtype=torch.float64, requires_grad=True)
    after = torch.tensor([1.0, -2.0, 3.0, 0.5, 0.25], dtype=torch.float64)
    outputs = ACTIVATIONS[name](inputs)
    (expected,) = torch.autograd.grad(outputs, inputs, after)
    assert_close(PULLS[name](outputs.detach(), after), expected, rtol=1e-14, atol=0)
