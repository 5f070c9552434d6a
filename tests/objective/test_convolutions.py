"""Convolutions of the data as linear maps: every derivative is that of PyTorch's own operation, with less work."""

import itertools

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import labels, normal, seeded
from phenoscope.objective import Objective
from phenoscope.objective.evaluation.convolutions import CONVOLUTIONS
from phenoscope.objective.evaluation.replaced import Replaced

GEOMETRIES = [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2}, {"groups": 2}, {"bias": False}, {"padding": "same"},
              {"padding": 1, "padding_mode": "reflect"}]  # fmt: skip
KINDS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


def network(axes, geometry):
    torch.manual_seed(0)
    first = KINDS[axes](2, 4, 3, **geometry)
    return nn.Sequential(first, nn.Tanh(), KINDS[axes](4, 2, 2), nn.Flatten(), nn.LazyLinear(3)).double()


def built(axes, geometry, examples=3):
    inputs = normal(examples, 2, *[6] * axes)
    model = network(axes, geometry)
    model(inputs)
    return model, (inputs, labels(3, examples))


def by_forward_over_reverse(model, data, vector):
    """The product by another route, which knows nothing of the convolutions."""
    parameters = {name: value.detach() for name, value in model.named_parameters()}
    parts = vector.split([value.numel() for value in parameters.values()])
    tangent = {name: part.view_as(value) for (name, value), part in zip(parameters.items(), parts, strict=True)}

    def loss(values):
        return nn.functional.cross_entropy(torch.func.functional_call(model, values, (data[0],)), data[1])

    _, image = torch.func.jvp(torch.func.grad(loss), (parameters,), (tangent,))
    return torch.cat([part.flatten() for part in image.values()])


@pytest.mark.parametrize(("axes", "geometry"), list(itertools.product(KINDS, GEOMETRIES)), ids=str)
def test_products_are_right(axes, geometry):
    model, data = built(axes, geometry)
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    operator = objective.hessian()
    block = normal(operator.size, 3)
    expected = torch.stack([by_forward_over_reverse(model, data, column) for column in block.T], dim=1)
    assert_close(operator @ block, expected, rtol=1e-9, atol=1e-12)  # three at once, by vmap
    assert_close(operator @ block[:, 0], expected[:, 0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_loss_and_gradient_are_the_same_to_the_last_bit(bias, monkeypatch):
    """A reading of curvature must not change the training that it looks at."""
    model, data = built(2, {"padding": 1, "bias": bias})
    objective = Objective(model.float(), nn.CrossEntropyLoss(), (data[0].float(), data[1]))
    ours = objective.hessian()
    monkeypatch.setattr(objective.terms.network, "convolves", False)
    plain = objective.hessian()
    assert torch.equal(ours.loss, plain.loss)
    assert torch.equal(ours.gradient, plain.gradient)
    vector = normal(ours.size).float()
    assert_close(ours @ vector, plain @ vector)


def test_gauss_newton_too():
    model, data = built(2, {})
    objective = Objective(model, nn.CrossEntropyLoss(), data)
    outputs = model(data[0])
    jacobian = torch.autograd.functional.jacobian(
        lambda *values: torch.func.functional_call(
            model, dict(zip(dict(model.named_parameters()), values, strict=True)), (data[0],)
        ),
        tuple(model.parameters()),
    )
    jacobian = torch.cat([part.flatten(start_dim=2) for part in jacobian], dim=2)
    shares = outputs.detach().softmax(dim=1)
    middle = torch.diag_embed(shares) - shares[:, :, None] * shares[:, None]
    expected = torch.einsum("bip,bij,bjq->pq", jacobian, middle, jacobian) / len(outputs)
    vector = normal(len(expected))
    assert_close(objective.gauss_newton() @ vector, expected @ vector, rtol=1e-9, atol=1e-12)


def test_third_derivatives_are_right():
    weight = normal(3, 2, 3, 3, seed=1).requires_grad_()
    bias = normal(3, seed=2).requires_grad_()
    data = normal(2, 2, 5, 5)

    def value(weight, bias):
        with Replaced(CONVOLUTIONS):
            outputs = torch.conv2d(data, weight, bias, padding=1)
        return outputs.tanh().square().sum()

    def slope(weight, bias):
        return torch.autograd.grad(value(weight, bias), (weight, bias), create_graph=True)

    assert torch.autograd.gradgradcheck(value, (weight, bias))
    assert torch.autograd.gradgradcheck(slope, (weight, bias))


def test_what_is_not_plain_is_left_alone():
    weight = normal(3, 2, 3, 3, seed=1).requires_grad_()
    data, moving = normal(2, 2, 5, 5), normal(2, 2, 5, 5).requires_grad_()

    def made(inputs, weights, **options):
        with Replaced(CONVOLUTIONS):
            return torch.conv2d(inputs, weights, **options).grad_fn.name()

    assert made(data, weight) == "_ForthBackward"
    assert made(data, weight, bias=normal(3).requires_grad_()) == "_ForthBackward"
    for inputs, options in ((moving, {}), (data[0], {}), (data, {"padding": "same"}), (data, {"bias": normal(3)})):
        assert made(inputs, weight, **options) != "_ForthBackward"
    with Replaced(CONVOLUTIONS):
        pushed = torch.func.jvp(lambda w: torch.conv2d(data, w), (weight,), (torch.ones_like(weight),))[1]
        many = torch.func.vmap(lambda w: torch.conv2d(data, w))(torch.stack([weight, 2 * weight]))
    assert_close(pushed, torch.conv2d(data, torch.ones_like(weight)))
    assert_close(many[1], 2 * torch.conv2d(data, weight))


def test_the_derivative_of_the_data_is_not_computed():
    """What it is for: PyTorch's own operation hands the second derivative a gradient of the data that nobody needs."""
    seen = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if func is torch.ops.aten.convolution.default:
                seen.append(args[0].shape[1])
            return func(*args, **(kwargs or {}))

    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(64, 3)).double()
    operator = Objective(model, nn.CrossEntropyLoss(), (normal(5, 2, 6, 6), labels(3, 5))).hessian()
    vector = torch.randn(operator.size, dtype=torch.float64, generator=seeded())
    with Watch():
        operator @ vector
    assert seen == [2]  # data to outputs, once; never from the 4 channels of the outputs back to the data
