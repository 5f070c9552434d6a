"""Initial parameters against the formulas of their sources."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from phenoscope.core.points import point
from phenoscope.core.seeds import stream
from phenoscope.models import CNN, MLP

# Of one layer with 300 inputs and 200 outputs, written out from the papers.
DEVIATIONS = {"lecun": 300**-0.5, "he": (2 / 300) ** 0.5, "glorot": (2 / 500) ** 0.5, "pytorch": 900**-0.5}
# Kurtosis of the entries; the variance of a sample variance is σ⁴ (kurtosis - 1) / n.
KURTOSIS = {"lecun": 3.0, "he": 3.0, "glorot": 3.0, "pytorch": 1.8}


def layer(**options):
    network = MLP(widths=(200,), **options).build(stream(3, "init"), inputs=(300,), outputs=2, dtype=torch.float64)
    return network.body[1]


@pytest.mark.parametrize("scale", [1.0, 0.3])
@pytest.mark.parametrize("init", sorted(DEVIATIONS))
def test_weights_have_the_stated_mean_variance_and_kurtosis(init, scale):
    weight = layer(init=init, init_scale=scale).weight
    count, variance = weight.numel(), (scale * DEVIATIONS[init]) ** 2
    assert abs(weight.mean().item()) < 5 * (variance / count) ** 0.5
    standard_error = variance * ((KURTOSIS[init] - 1) / count) ** 0.5
    assert abs(weight.square().mean().item() - variance) < 5 * standard_error
    # Tells a normal from a uniform distribution; 24/n and less is the variance of a normal sample's kurtosis.
    kurtosis = (weight.square().square().mean() / weight.square().mean() ** 2).item()
    assert abs(kurtosis - KURTOSIS[init]) < 5 * (24 / count) ** 0.5


@pytest.mark.parametrize("init", sorted(DEVIATIONS))
def test_the_variance_of_a_convolution_counts_its_kernel(init):
    network = CNN(channels=(30, 40), init=init).build(stream(3), inputs=(8, 8), outputs=2, dtype=torch.float64)
    weight = network.body[4].weight
    fan_in, fan_out = 30 * 9, 40 * 9
    expected = {"lecun": 1 / fan_in, "he": 2 / fan_in, "glorot": 2 / (fan_in + fan_out), "pytorch": 1 / (3 * fan_in)}
    standard_error = expected[init] * ((KURTOSIS[init] - 1) / weight.numel()) ** 0.5
    assert weight.shape == (40, 30, 3, 3)
    assert abs(weight.square().mean().item() - expected[init]) < 5 * standard_error


def test_pytorch_is_what_torch_does_by_default():
    ours = layer(init="pytorch")
    torchs = nn.Linear(300, 200, dtype=torch.float64)
    for part, reference in ((ours.weight, torchs.weight), (ours.bias, torchs.bias)):
        bound = 300**-0.5
        assert part.abs().max() <= bound
        assert_close(part.abs().max(), reference.abs().max(), rtol=0.05, atol=0)
        assert abs(part.mean().item()) < 5 * bound / (3 * part.numel()) ** 0.5


@pytest.mark.parametrize("init", ["lecun", "he", "glorot", "orthogonal"])
def test_biases_start_at_zero(init):
    assert not layer(init=init).bias.any()


@pytest.mark.parametrize(("inputs", "width"), [(7, 4), (4, 7), (5, 5)])
@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_orthogonal_matrices_have_all_singular_values_at_the_scale(inputs, width, scale):
    network = MLP((width,), init="orthogonal", init_scale=scale).build(
        stream(0), inputs=(inputs,), outputs=2, dtype=torch.float64
    )
    values = torch.linalg.svdvals(network.body[1].weight)
    assert_close(values, torch.full_like(values, scale))


def test_orthogonal_convolutions_too():
    network = CNN(channels=(3, 8), init="orthogonal").build(stream(0), inputs=(4, 4), outputs=2, dtype=torch.float64)
    values = torch.linalg.svdvals(network.body[4].weight.flatten(1))
    assert_close(values, torch.ones_like(values))


def test_orthogonal_matrices_are_uniform():
    """Entry (0, 0) is positive half of the time, which a QR without sign correction misses."""
    spec = MLP((2,), init="orthogonal")
    entries = [spec.build(stream(seed), inputs=(2,), outputs=1).body[1].weight[0, 0].item() for seed in range(400)]
    assert abs(sum(entry > 0 for entry in entries) / 400 - 0.5) < 5 * 0.5 / 400**0.5


@pytest.mark.parametrize("init", ["lecun", "he", "glorot", "orthogonal"])
def test_ntk_is_the_same_function_from_weights_of_unit_variance(init):
    options = {"widths": (20, 30), "init": init, "init_scale": 1.7, "activation": "erf"}
    standard, ntk = (
        MLP(parametrisation=name, **options).build(stream(5), inputs=(10,), outputs=3, dtype=torch.float64)
        for name in ("standard", "ntk")
    )
    inputs = torch.randn(8, 10, generator=stream(6), dtype=torch.float64)
    assert_close(ntk(inputs), standard(inputs), rtol=1e-12, atol=1e-12)
    assert not torch.equal(point(ntk), point(standard))


def test_ntk_weights_are_standard_normal_whatever_the_scale():
    weight = layer(parametrisation="ntk", init="he", init_scale=0.01).weight
    assert abs(weight.square().mean().item() - 1) < 5 * (2 / weight.numel()) ** 0.5


def test_ntk_gradients_are_those_of_the_standard_network_times_the_deviation():
    """By the chain rule: W = σu, so dL/du = σ dL/dW. Biases have the same gradients."""
    inputs = torch.randn(8, 300, generator=stream(6), dtype=torch.float64)
    gradients = []
    for name in ("standard", "ntk"):
        network = MLP((200,), parametrisation=name).build(stream(5), inputs=(300,), outputs=2, dtype=torch.float64)
        network(inputs).square().mean().backward()
        gradients.append((network.body[1].weight.grad, network.body[1].bias.grad))
    (standard, standard_bias), (ntk, ntk_bias) = gradients
    assert_close(ntk, standard / math.sqrt(300))
    assert_close(ntk_bias, standard_bias)


def test_ntk_convolutions_are_the_same_function():
    standard, ntk = (
        CNN(channels=(3, 4), parametrisation=name).build(stream(5), inputs=(8, 8), outputs=3, dtype=torch.float64)
        for name in ("standard", "ntk")
    )
    inputs = torch.randn(4, 8, 8, generator=stream(6), dtype=torch.float64)
    assert_close(ntk(inputs), standard(inputs), rtol=1e-12, atol=1e-12)


def test_the_output_of_a_linear_network_has_the_predicted_variance():
    """With lecun weights every layer keeps the expected square: E f² = |x|²/d for each output."""
    spec = MLP((50,), activation="identity")
    inputs = torch.ones(1, 20, dtype=torch.float64)
    outputs = torch.cat(
        [spec.build(stream(s), inputs=(20,), outputs=10, dtype=torch.float64)(inputs) for s in range(300)]
    )
    squares = outputs.square().mean(1)
    standard_error = squares.std() / len(squares) ** 0.5
    assert abs(squares.mean() - 1) < 5 * standard_error
