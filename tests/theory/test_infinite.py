"""Kernels of infinitely wide networks: closed forms, another implementation's values, and wide networks themselves."""

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call, jacrev
from torch.testing import assert_close

from oracles import normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.theory import infinite
from phenoscope.theory.infinite import conv, dense, infinite_kernel, relu

FROZEN = json.loads((Path(__file__).parent / "infinite_kernels.json").read_text(encoding="utf-8"))["kernels"]
"""Values of neural-tangents 0.6.5 in float64, whose images have their channels last."""


def three(nonlinearity):
    return [dense(1.4, 0.1), nonlinearity, dense(1.3, 0.2), nonlinearity, dense(1.1, 0.3)]


INFINITE = {
    "dense relu, three layers": three(relu()),
    "dense erf, three layers": three(infinite.erf()),
    "dense erf, seven layers": [*[dense(1.5, 0.05), infinite.erf()] * 6, dense()],
    "leaky relu": three(infinite.leaky_relu(0.2)),
    "gelu": three(infinite.gelu()),
    "sine": three(infinite.activation(torch.sin)),
    "residual": [dense(1.4, 0.1), infinite.residual(relu(), dense(0.9, 0.2)), relu(), dense(1.0, 0.1)],
    "convolutions, flatten": [conv(1.4, 0.1), relu(), conv(1.2, 0.2), relu(), infinite.flatten(), dense(1.0, 0.3)],
    "convolutions, stride and valid": [
        *(conv(1.4, 0.1), relu(), conv(1.2, 0.2, kernel=2, stride=2, padding="valid"), infinite.erf()),
        *(infinite.flatten(), dense(1.0, 0.3)),
    ],
    "convolutions, global average": [
        *(conv(1.4, 0.1), relu(), conv(1.2, 0.2), relu(), infinite.global_average_pool()),
        *(dense(1.0, 0.3), relu(), dense(1.1, 0.1)),
    ],
    "convolutions, average pool": [
        *(conv(1.4, 0.1), relu(), infinite.average_pool(2), conv(1.2, 0.2), infinite.erf(), infinite.flatten()),
        dense(1.0, 0.3),
    ],
    "residual convolutions": [
        *(conv(1.4, 0.1), infinite.residual(relu(), conv(0.9, 0.2), relu(), conv(0.8, 0.1)), relu()),
        *(infinite.global_average_pool(), dense(1.0, 0.1)),
    ],
}


def inputs(*shape: int, shift: float) -> torch.Tensor:
    count = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.sin(1.7 * count**1.3 + shift).reshape(shape)


def images(count: int, shift: float) -> torch.Tensor:
    return inputs(count, 4, 4, 2, shift=shift).permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", FROZEN)
def test_agrees_with_another_implementation(name):
    if "convolution" in name:
        one, two = images(3, 0.0), images(2, 0.5)
    else:
        one, two = inputs(4, 5, shift=0.0), inputs(3, 5, shift=0.5)
    for kind in ("ntk", "nngp"):
        expected = torch.tensor(FROZEN[name][kind], dtype=torch.float64)
        assert_close(infinite_kernel(INFINITE[name], one, two, kind), expected, rtol=1e-9, atol=0)
    itself = infinite_kernel(INFINITE[name], one)
    assert_close(itself, torch.tensor(FROZEN[name]["ntk of itself"], dtype=torch.float64), rtol=1e-7, atol=0)
    assert torch.equal(itself, itself.mT)


@pytest.mark.parametrize("name", ["dense relu, three layers", "convolutions, flatten", "convolutions, average pool"])
def test_blocks_of_rows_make_the_whole(name, monkeypatch):
    x = images(19, 0.2) if "convolution" in name else inputs(19, 5, shift=0.2)
    whole = [infinite_kernel(INFINITE[name], x), infinite_kernel(INFINITE[name], x[:17], x[3:])]
    monkeypatch.setattr("phenoscope.theory.infinite.kernel.BLOCK", 1)  # eight rows at a time
    assert_close(infinite_kernel(INFINITE[name], x), whole[0])
    assert_close(infinite_kernel(INFINITE[name], x[:17], x[3:]), whole[1])


angles = st.floats(0.0, math.pi)


@given(angles, st.floats(0.1, 10.0), st.floats(0.1, 10.0))
@settings(max_examples=40, deadline=None)
def test_one_hidden_layer_of_relu_is_an_arc_cosine_kernel(angle, a, b):
    """By the angle itself, from which the inputs are made: Cho and Saul 2009."""
    x = torch.tensor([[a, 0.0], [b * math.cos(angle), b * math.sin(angle)]], dtype=torch.float64)
    first = a * b / 2 / (2 * math.pi) * (math.sin(angle) + (math.pi - angle) * math.cos(angle))
    slopes = (math.pi - angle) / (2 * math.pi)
    layers = [dense(), relu(), dense()]
    found, outputs = infinite_kernel(layers, x), infinite_kernel(layers, x, kind="nngp")
    assert float(outputs[0, 1]) == pytest.approx(first, abs=1e-10 * a * b)
    assert float(found[0, 1]) == pytest.approx(first + slopes * a * b / 2 * math.cos(angle), abs=1e-7 * a * b)
    assert float(found[0, 0]) == pytest.approx(a * a / 2, rel=1e-12)  # half of it from either layer


@given(st.floats(0.3, 1.2), st.floats(0.0, 1.0), st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_kernels_are_positive_and_the_tangent_kernel_is_the_larger(weight_std, bias_std, seed):
    x = normal(6, 3, seed=seed)
    layers = [dense(weight_std, bias_std), infinite.tanh(), dense(weight_std, bias_std), relu(), dense()]
    tangent, outputs = infinite_kernel(layers, x), infinite_kernel(layers, x, kind="nngp")
    scale = float(tangent.trace())
    assert float(torch.linalg.eigvalsh(outputs).min()) > -1e-12 * scale
    assert float(torch.linalg.eigvalsh(tangent - outputs).min()) > -1e-12 * scale


def test_a_linear_network_is_its_inputs():
    x = normal(4, 3)
    gram = x @ x.T / 3
    layers = [dense(2.0), infinite.identity(), dense(3.0), infinite.identity(), dense(0.5)]
    assert_close(infinite_kernel(layers, x, kind="nngp"), 9.0 * gram)
    assert_close(infinite_kernel(layers, x), 27.0 * gram)  # as much from each of the three layers


@pytest.mark.parametrize("deviation", [1e-3, 0.5, 2.0])
def test_an_expansion_agrees_with_closed_forms_and_with_a_simulation(deviation):
    x = normal(5, 4)
    closed, series = ([dense(deviation, 0.1), phi, dense()] for phi in (infinite.erf(), infinite.activation(torch.erf)))
    for kind in ("ntk", "nngp"):
        assert_close(infinite_kernel(series, x, kind=kind), infinite_kernel(closed, x, kind=kind), rtol=1e-6, atol=0)
    layers = [dense(deviation), infinite.tanh(), dense()]
    drawn = torch.tanh(deviation * x @ torch.randn(4, 400_000, generator=seeded(3), dtype=torch.float64) / 2)
    products = drawn[:, None] * drawn[None]
    errors = products.std(-1) / math.sqrt(drawn.shape[1])
    off = (infinite_kernel(layers, x, kind="nngp") - products.mean(-1)) / errors
    assert float(off.abs().max()) < 4


def wide(width: int, seed: int, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Tangent kernel of a network drawn in the NTK parametrisation, and the Gram matrix of its last layer's inputs."""
    generator = seeded(seed)
    sizes = ((width, x.shape[1]), (width, width), (1, width))
    weights = {str(i): torch.randn(*size, generator=generator, dtype=torch.float64) for i, size in enumerate(sizes)}

    def hidden(own, inputs):
        first = torch.relu(1.4 * own["0"] @ inputs / math.sqrt(x.shape[1]))
        return torch.relu(1.4 * own["1"] @ first / math.sqrt(width))

    def output(own, inputs):
        return (own["2"] @ hidden(own, inputs))[0] / math.sqrt(width)

    rows = [jacrev(output)(weights, one) for one in x]
    flat = torch.stack([torch.cat([row[name].flatten() for name in weights]) for row in rows])
    features = torch.stack([hidden(weights, one) for one in x])
    return flat @ flat.T, features @ features.T / width


def test_wide_networks_come_near_as_the_root_of_their_width():
    x = normal(4, 6)
    layers = [dense(1.4), relu(), dense(1.4), relu(), dense()]
    widths, limits = (32, 128, 512), [infinite_kernel(layers, x, kind=kind) for kind in ("ntk", "nngp")]
    errors = torch.zeros(2, len(widths), dtype=torch.float64)
    for place, width in enumerate(widths):
        for seed in range(12):
            for row, (found, limit) in enumerate(zip(wide(width, seed, x), limits, strict=True)):
                errors[row, place] += ((found - limit).norm() / limit.norm()).square() / 12
    slopes = (errors[:, -1] / errors[:, 0]).log() / 2 / math.log(widths[-1] / widths[0])
    assert bool(((slopes > -0.6) & (slopes < -0.4)).all()), slopes
    assert bool((errors[:, -1].sqrt() * math.sqrt(512) < 4).all())


def test_a_wide_convolution_has_the_kernel_of_its_pixels():
    """A drawn network of two convolutions, flattened, against the limit; channels first."""
    x, channels, generator = normal(3, 2, 4, 4), 1200, seeded(1)
    model = nn.Sequential(
        *(nn.Conv2d(2, channels, 3, padding=1, bias=False), nn.ReLU(), nn.Flatten()),
        nn.Linear(16 * channels, 1, bias=False),
    ).double()
    weights = {
        name: torch.randn(value.shape, generator=generator, dtype=torch.float64)
        for name, value in model.named_parameters()
    }
    scales = {"0.weight": 1.3 / math.sqrt(18), "3.weight": 1 / math.sqrt(16 * channels)}

    def output(own, one):
        return functional_call(model, {name: scales[name] * value for name, value in own.items()}, (one[None],))[0, 0]

    rows = [jacrev(output)(weights, one) for one in x]
    flat = torch.stack([torch.cat([row[name].flatten() for name in weights]) for row in rows])
    limit = infinite_kernel([conv(1.3), relu(), infinite.flatten(), dense()], x)
    assert float((flat @ flat.T - limit).norm() / limit.norm()) < 4 / math.sqrt(channels)


def test_zeros_are_inputs_like_others():
    x = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    for phi in (relu(), infinite.erf(), infinite.tanh(), infinite.leaky_relu()):
        found = infinite_kernel([dense(1.4, 0.0), phi, dense(1.0, 0.3)], x)
        assert bool(torch.isfinite(found).all())
        assert float(found[0, 1]) == pytest.approx(0.09)


def test_what_has_no_kernel_is_refused():
    x, pictures = normal(3, 4), normal(3, 1, 4, 4)
    with pytest.raises(BadInput, match="an architecture needs layers"):
        infinite_kernel([], x)
    with pytest.raises(BadInput, match="ends with images"):
        infinite_kernel([conv(), relu(), dense()], pictures)
    with pytest.raises(BadInput, match="Convolution needs inputs with axes of space"):
        infinite_kernel([conv(), relu(), dense()], x)
    with pytest.raises(BadInput, match="its outputs go together with its inputs"):
        infinite.residual(dense(), relu())
    with pytest.raises(BadInput, match="shortcut and branch end in different shapes"):
        infinite_kernel([infinite.residual(conv(stride=2)), infinite.flatten(), dense()], pictures)
    with pytest.raises(BadInput, match="terms leave out"):
        infinite_kernel([dense(), infinite.activation(torch.relu), dense()], x)
    with pytest.raises(BadInput, match="deviations of weights and biases"):
        dense(-1.0)
    with pytest.raises(BadInput, match="alike; got"):
        infinite_kernel([dense()], x, normal(3, 5))
    with pytest.raises(BadInput, match="larger than what is left"):
        infinite_kernel([infinite.average_pool(5), infinite.flatten(), dense()], pictures)
    with pytest.raises(BadInput, match="odd for 'same'"):
        conv(kernel=2)
    with pytest.raises(BadInput, match="at least one pixel"):
        infinite.average_pool(0)
    with pytest.raises(BadInput, match="from 2 to 350 terms"):
        infinite.activation(torch.sin, terms=1)
