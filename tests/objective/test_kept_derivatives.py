"""Activations that keep their derivatives: every one is that of PyTorch's own, with less work in a product."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

from oracles import labels, normal
from phenoscope.objective import Objective
from phenoscope.objective.evaluation import activations
from phenoscope.objective.evaluation.activations import ACTIVATIONS
from phenoscope.objective.evaluation.replaced import Replaced
from phenoscope.objective.memory import graph_bytes

MODULES = {
    "gelu": nn.GELU(), "gelu by tanh": nn.GELU("tanh"), "silu": nn.SiLU(), "mish": nn.Mish(), "softplus": nn.Softplus(),
    "steep softplus": nn.Softplus(beta=3.0, threshold=5.0), "elu": nn.ELU(), "low elu": nn.ELU(alpha=0.3),
}  # fmt: skip


def ours(module, x):
    with Replaced(ACTIVATIONS):
        return module(x)


def network(name, dtype=torch.float64):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 7), MODULES[name], nn.Linear(7, 7), MODULES[name], nn.Linear(7, 3)).to(dtype)
    return model, (3 * normal(11, 5, seed=1).to(dtype), labels(3, 11))


@pytest.mark.parametrize("name", MODULES)
def test_every_derivative_is_pytorchs(name):
    """Up to the fourth, along the same vectors, far out too (where the third of its GELU by tanh is not a number)."""
    module = MODULES[name]
    far = torch.tensor([-30.0, -12.0, -6.0, 6.0, 12.0, 30.0])
    start = torch.cat([normal(200, seed=3), 4 * normal(50, seed=4), far.double()])
    directions = [normal(len(start), seed=5 + order) for order in range(4)]

    def chain(value):
        x = start.clone().requires_grad_()
        found = [value(x)]
        for direction in directions:
            found += torch.autograd.grad(found[-1], x, direction, create_graph=True)
        return found

    for mine, theirs in zip(chain(lambda x: ours(module, x)), chain(module), strict=True):
        assert_close(mine, theirs.nan_to_num(0.0) if name == "gelu by tanh" else theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", MODULES)
def test_value_and_gradient_are_the_same_to_the_last_bit(name):
    """A reading of curvature must not change the training that it looks at; PyTorch's own SiLU and Mish would."""
    model, data = network(name, torch.float32)
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    loss, gradient = objective.loss(), objective.gradient()
    operator = objective.hessian()
    assert operator.loss.item() == loss
    assert torch.equal(operator.gradient[0], gradient)


@pytest.mark.parametrize("name", MODULES)
def test_products_are_those_of_the_dense_hessian(name):
    model, data = network(name)
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    layout = {key: value.detach() for key, value in model.named_parameters()}
    sizes = [value.numel() for value in layout.values()]

    def loss(flat):
        parts = flat.split(sizes)
        values = {key: part.view_as(value) for (key, value), part in zip(layout.items(), parts, strict=True)}
        return functional.cross_entropy(torch.func.functional_call(model, values, (data[0],)), data[1])

    at = torch.cat([value.flatten() for value in layout.values()])
    dense = torch.func.hessian(loss)(at)
    block = normal(len(at), 3, seed=2)
    assert_close(objective.hessian() @ block, dense @ block, rtol=1e-9, atol=1e-12)  # three at once
    assert_close(objective.hessian() @ block[:, 0], dense @ block[:, 0], rtol=1e-9, atol=1e-12)
    third = torch.func.jvp(torch.func.hessian(loss), (at,), (block[:, 0],))[1]
    curvature, slope = objective.at().third(block[None, :, 1], block[None, :, 2])
    assert_close(curvature[0], block[:, 1] @ dense @ block[:, 2], rtol=1e-9, atol=1e-12)
    assert_close(slope[0] @ block[:, 0], block[:, 1] @ third @ block[:, 2], rtol=1e-8, atol=1e-11)


def test_derivatives_are_made_once_for_all_products(monkeypatch):
    """What it is for."""
    calls = []

    def counted(order, function):
        return lambda x: (calls.append(order), function(x))[1]

    gelu = activations.GELU
    counting = gelu._replace(first=counted(1, gelu.first), second=counted(2, gelu.second))
    monkeypatch.setattr(activations, "GELU", counting)
    model, data = network("gelu")
    operator = Objective(model, nn.CrossEntropyLoss(), data).hessian()
    assert sorted(calls[-4:]) == [1, 1, 2, 2]  # two layers
    before = len(calls)
    for seed in range(3):
        operator @ normal(operator.size, seed=seed)
    assert len(calls) == before


def test_what_is_kept_is_counted():
    """A graph takes the memory of what it keeps: the allowance for graphs must see it."""
    x = normal(1000).requires_grad_()

    def built():
        return torch.autograd.grad(ours(nn.GELU(), x).sin().sum(), x, create_graph=True)

    assert graph_bytes(built) >= 5 * 8 * 1000  # the sine's, x, g, f'(x) and g f''(x)


def test_what_is_not_plain_is_left_alone():
    x = normal(9).requires_grad_()
    kept = "_KeptBackward"
    assert ours(nn.SiLU(), x).grad_fn.name() == kept
    assert ours(nn.SiLU(inplace=True), x + 1).grad_fn.name() != kept
    assert ours(nn.SiLU(), x.bfloat16()).grad_fn.name() != kept
    assert ours(nn.SiLU(), x.detach()).grad_fn is None
    with Replaced(ACTIVATIONS):
        pushed = torch.func.jvp(functional.silu, (x.detach(),), (torch.ones(9, dtype=x.dtype),))[1]
        many = torch.func.vmap(functional.silu)(torch.stack([x, 2 * x]))
    assert_close(pushed, torch.autograd.grad(functional.silu(x).sum(), x)[0])
    assert_close(many[1], functional.silu(2 * x))
