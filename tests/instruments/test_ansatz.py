"""Gradient outer products and the feature ansatz, against one example, output and layer at a time."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.points import point
from phenoscope.core.seeds import stream
from phenoscope.instruments import Bench, feature_ansatz, gradient_outer_product
from phenoscope.instruments.kernels.ansatz import ansatz_of
from phenoscope.instruments.registry import INSTRUMENTS
from phenoscope.models import MLP
from phenoscope.objective import Objective


def net(seed=0, outputs=3, parametrisation="standard") -> nn.Module:
    asked = MLP((7, 6), activation="tanh", parametrisation=parametrisation)
    return asked.build(stream(seed, "net"), inputs=(5,), outputs=outputs, dtype=torch.float64)


def points(count=11, seed=1):
    return torch.randn(count, 5, generator=stream(seed, "x"), dtype=torch.float64)


def layers(model) -> list[nn.Module]:
    """The modules of a perceptron in the order in which they run."""
    return [*model.body, model.head]


def by_hand(model, inputs):
    """For every dense layer its weight and the average gradient outer product of its input, by plain Jacobians."""
    modules = layers(model)
    found = []
    for place, module in enumerate(modules):
        if not hasattr(module, "weight"):
            continue
        head, tail = nn.Sequential(*modules[:place]), nn.Sequential(*modules[place:])
        total = torch.zeros(module.weight.shape[1], module.weight.shape[1], dtype=torch.float64)
        for x in inputs:
            entering = head(x[None]).detach()[0]
            jac = torch.autograd.functional.jacobian(lambda a, tail=tail: tail(a[None])[0], entering)
            for row in jac:
                total += torch.outer(row, row)
        found.append((module.weight.detach(), total / len(inputs)))
    return found


def cosine(a, b) -> float:
    return float((a * b).sum() / a.norm() / b.norm())


@pytest.mark.parametrize("parametrisation", ["standard", "ntk"])
def test_each_layer_is_what_jacobians_of_the_rest_of_the_network_give(parametrisation):
    model, inputs = net(parametrisation=parametrisation), points()
    found = feature_ansatz(model, inputs)
    assert list(found.layers) == ["body.1", "body.3", "head"]
    scales = [getattr(model.get_submodule(name), "scale", 1.0) for name in found.layers]
    for each, (weight, outer), scale in zip(found.layers.values(), by_hand(model, inputs), scales, strict=True):
        assert_close(each.weights, weight.mT @ weight, rtol=1e-10, atol=1e-12)
        assert_close(each.gradients * scale**2, outer, rtol=1e-9, atol=1e-12)
        assert each.alignment == pytest.approx(cosine(weight.mT @ weight, outer), rel=1e-9)
    # of the last layer WᵀW is the product itself, so it does not count
    assert [each.last for each in found.layers.values()] == [False, False, True]
    assert found.layers["head"].alignment == pytest.approx(1)
    assert found.value == pytest.approx((found.layers["body.1"].alignment + found.layers["body.3"].alignment) / 2)
    assert (found.examples, found.entries) == (11, 3)


def test_the_centred_one_takes_the_start_off_the_weights_but_not_off_the_gradients():
    model, inputs = net(), points()
    before, start = net(), point(model).clone()
    with torch.no_grad():
        for place, parameter in enumerate(model.parameters()):
            noise = torch.randn(parameter.shape, generator=stream(place, "moved"), dtype=torch.float64)
            parameter.add_(0.3 * noise)
    found = feature_ansatz(model, inputs, start=start)
    modules = layers(model)
    for place, name in ((1, "body.1"), (3, "body.3")):
        moved = modules[place].weight.detach() - before.get_submodule(name).weight.detach()
        head, tail = nn.Sequential(*modules[: place + 1]), nn.Sequential(*modules[place + 1 :])
        outer = torch.zeros(len(moved), len(moved), dtype=torch.float64)
        for x in inputs:
            leaving = head(x[None]).detach()[0]
            jac = torch.autograd.functional.jacobian(lambda z, tail=tail: tail(z[None])[0], leaving)
            outer += jac.mT @ jac
        each = found.layers[name]
        assert each.centred == pytest.approx(cosine(moved.mT @ moved, moved.mT @ outer @ moved), rel=1e-9)
        assert abs(each.centred - each.alignment) > 1e-3
    assert all(each.centred != each.centred for each in feature_ansatz(net(), inputs, start=start).layers.values())
    with pytest.raises(BadInput, match="the start is a point of"):
        feature_ansatz(model, inputs, start=start[1:])


def test_a_power_is_one_of_the_matrix_and_not_of_its_entries():
    model, inputs = net(), points()
    root, plain = feature_ansatz(model, inputs, power=0.5), feature_ansatz(model, inputs)
    for name, each in root.layers.items():
        values, vectors = torch.linalg.eigh(plain.layers[name].gradients)
        half = vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.mT
        assert each.alignment == pytest.approx(cosine(each.weights, half), rel=1e-6)
    with pytest.raises(BadInput, match="power of the ansatz is above 0"):
        feature_ansatz(model, inputs, power=0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4))
def test_the_outer_product_of_the_input_is_that_of_the_first_layer(seed, count, outputs):
    model, inputs = net(seed, outputs), points(count, seed)
    expected = sum(
        jac.mT @ jac for jac in (torch.autograd.functional.jacobian(lambda x: model(x[None])[0], x) for x in inputs)
    )
    assert_close(gradient_outer_product(model, inputs), expected / count, rtol=1e-9, atol=1e-12)
    assert_close(feature_ansatz(model, inputs).layers["body.1"].gradients, expected / count, rtol=1e-9, atol=1e-12)


def test_batches_and_tokens_are_averaged():
    model = net()
    inputs = points(600)  # more than one chunk
    targets = torch.zeros(600, 3, dtype=torch.float64)
    pieces = [(inputs[:100], targets[:100]), (inputs[100:], targets[100:])]
    whole = feature_ansatz(model, inputs)
    cut = ansatz_of(Objective(model, nn.MSELoss(), pieces))
    assert cut.value == pytest.approx(whole.value, rel=1e-10)
    assert cut.examples == 600
    assert INSTRUMENTS["feature_ansatz"].read(Bench(Objective(model, nn.MSELoss(), pieces)), None).value == cut.value
    # the same map at four positions, each with outputs of its own
    tokens = torch.randn(9, 4, 5, generator=stream(0, "tokens"), dtype=torch.float64)
    each = nn.Sequential(nn.Linear(5, 3), nn.Tanh()).double()
    positions = feature_ansatz(each, tokens).layers["0"]
    flat = feature_ansatz(each, tokens.reshape(36, 5)).layers["0"]
    assert positions.alignment == pytest.approx(flat.alignment, rel=1e-10)
    assert_close(positions.gradients, flat.gradients, rtol=1e-10, atol=1e-12)


def test_the_model_is_left_as_it_was_and_tied_or_missing_layers_are_not_read():
    model = net().train()
    next(model.parameters()).requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    found = feature_ansatz(model, points())
    assert model.training
    assert not next(model.parameters()).requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert list(found.layers) == ["body.3", "head"]  # weights that are not trained have no ansatz
    twice = nn.Linear(5, 5).double()
    with pytest.raises(BadInput, match="about dense layers, and the model has none"):
        feature_ansatz(nn.Sequential(twice, nn.Tanh(), twice), points())
    with pytest.raises(BadInput, match="floating-point numbers"):
        gradient_outer_product(model, torch.arange(4))


def test_of_one_linear_layer_the_ansatz_is_exact_and_after_noise_it_is_not():
    line = nn.Linear(5, 2, bias=False).double()
    assert feature_ansatz(line, points()).value == pytest.approx(1)
    assert feature_ansatz(net(), points()).value < 0.999
