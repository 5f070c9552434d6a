"""Every model: same numbers in both precisions, no global randomness, and derivatives of every kind."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vjp, vmap
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout, point
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, identity, to_json
from phenoscope.models import CNN, MLP, MODELS, Architecture, Classifier, DeepLinear, UniformMLP, model
from phenoscope.models.initialisation import SCHEMES
from phenoscope.models.layers import BatchNorm

CASES = [
    (MLP(widths=(5, 4)), (3, 2)),
    (MLP(widths=(), bias=False), (3,)),
    (MLP(widths=(4,), init="pytorch", activation="relu"), (3,)),
    (MLP(widths=(4,), parametrisation="ntk", init="glorot"), (3,)),
    (DeepLinear(widths=(3, 4), init="orthogonal"), (3,)),
    (UniformMLP(width=4, depth=2, activation="relu"), (3,)),
    (CNN(channels=(2, 3)), (6, 7)),
    (CNN(channels=(2,), pooling="max", activation="tanh", normalisation="layer"), (2, 4, 4)),
    (CNN(channels=(2,), normalisation="batch", parametrisation="ntk"), (4, 4)),
    (CNN(channels=(2, 2), kernel=5, normalisation="layer", init="orthogonal"), (9,)),
    (CNN(channels=(2,), pooling="max", normalisation="batch", init="pytorch"), (9,)),
]
every_case = pytest.mark.parametrize(("architecture", "inputs"), CASES, ids=str)


def built(architecture, inputs, *, seed=0, dtype=torch.float64):
    return architecture.build(stream(seed, "init"), inputs=inputs, outputs=3, dtype=dtype)


def batch(inputs, count=5, dtype=torch.float64):
    return torch.randn(count, *inputs, generator=stream(1, "inputs"), dtype=dtype)


@every_case
def test_outputs_have_the_asked_shape(architecture, inputs):
    network = built(architecture, inputs, dtype=torch.float32)
    outputs = network(batch(inputs, dtype=torch.float32))
    assert isinstance(network, Classifier)
    assert isinstance(architecture, Architecture)
    assert outputs.shape == (5, 3)
    assert outputs.dtype == torch.float32
    assert all(value.requires_grad and value.is_leaf for value in network.parameters())


@every_case
def test_precisions_start_at_the_same_point(architecture, inputs):
    single, double = (built(architecture, inputs, dtype=dtype) for dtype in (torch.float32, torch.float64))
    assert torch.equal(point(single), point(double).float())
    assert {value.dtype for value in double.parameters()} == {torch.float64}
    assert layout(single) == layout(double)


@every_case
def test_the_generator_decides_everything(architecture, inputs):
    one, same, other = (point(built(architecture, inputs, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def global_randomness():
    legacy = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return random.getstate(), legacy["key"].tolist(), legacy["pos"], torch.get_rng_state().tolist()


@every_case
def test_global_randomness_is_left_alone(architecture, inputs):
    before = global_randomness()
    built(architecture, inputs)(batch(inputs))
    assert global_randomness() == before


@every_case
def test_specs_survive_json(architecture, inputs):
    again = from_json(to_json(architecture))
    assert again == architecture
    assert identity(again) == identity(architecture)


@every_case
def test_rows_of_points_equal_networks_alone(architecture, inputs):
    """Loss, gradient and Hessian-vector product of a cohort by vmap, against each network by ordinary autograd."""
    networks = [built(architecture, inputs, seed=seed) for seed in range(3)]
    names = [name for name, _ in networks[0].named_parameters()]
    rows = {name: torch.stack([network.get_parameter(name).detach() for network in networks]) for name in names}
    buffers = {name: torch.stack([value] * 3) for name, value in networks[0].named_buffers()}
    directions = {name: torch.ones_like(value) for name, value in rows.items()}
    examples, skeleton = batch(inputs), built(architecture, inputs)

    def loss(parameters, buffers):
        # Batch normalisation writes into its buffers, which torch.func allows only for tensors made inside.
        inside = {name: value.clone() for name, value in buffers.items()}
        return functional_call(skeleton, (parameters, inside), (examples,)).tanh().square().mean()

    def product(parameters, buffers, direction):
        gradient, pull = vjp(lambda at: grad(loss)(at, buffers), parameters)
        return gradient, pull(direction)[0]

    gradients, products = vmap(product)(rows, buffers, directions)
    for row, network in enumerate(networks):
        parameters = list(network.parameters())
        value = network(examples).tanh().square().mean()
        gradient = torch.autograd.grad(value, parameters, create_graph=True)
        expected = torch.autograd.grad(sum(part.sum() for part in gradient), parameters)
        for name, first, second in zip(names, gradient, expected, strict=True):
            assert_close(gradients[name][row], first, rtol=1e-9, atol=1e-12)
            assert_close(products[name][row], second, rtol=1e-9, atol=1e-12)


def plain_twin(network, activation):
    """The same network, of torch's own layers and with its parameters copied over."""
    layers = []
    for part in [*network.body, network.head]:
        if hasattr(part, "weight"):
            twin = nn.Linear(part.weight.shape[1], part.weight.shape[0], dtype=torch.float64)
            twin.load_state_dict(part.state_dict())
            layers.append(twin)
        else:
            layers.append(part if isinstance(part, nn.Flatten) else activation)
    return nn.Sequential(*layers)


def test_an_mlp_is_the_network_of_torchs_own_layers():
    network = built(MLP(widths=(5, 4), init="pytorch", activation="gelu"), (3, 2))
    assert_close(network(batch((3, 2))), plain_twin(network, nn.GELU())(batch((3, 2))))


@pytest.mark.parametrize(("axes", "kernel"), [(1, 3), (2, 5)])
def test_a_cnn_is_the_network_of_torchs_own_layers(axes, kernel):
    inputs = (7,) * axes
    network = built(CNN(channels=(2,), kernel=kernel, normalisation="layer", init="pytorch"), inputs)
    convolution = next(part for part in network.body if getattr(part, "weight", torch.zeros(0)).ndim == axes + 2)
    own = (nn.Conv1d if axes == 1 else nn.Conv2d)(1, 2, kernel, padding="same", dtype=torch.float64)
    own.load_state_dict(convolution.state_dict())
    pool = (nn.AvgPool1d if axes == 1 else nn.AvgPool2d)(2)
    examples = batch(inputs)
    normal = nn.GroupNorm(1, 2, dtype=torch.float64)(own(examples[:, None]))
    expected = nn.functional.linear(pool(normal.relu()).flatten(1), network.head.weight, network.head.bias)
    assert_close(network(examples), expected)


@pytest.mark.parametrize(("name", "expected"), [("average", 3.0), ("max", 6.0)])
def test_poolings_are_what_their_names_say(name, expected):
    windows = {1: torch.tensor([[[0.0, 6.0]]]), 2: torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])}
    for axes, window in windows.items():
        pooling = built(CNN(channels=(2,), pooling=name), (4,) * axes).body[3]
        assert pooling(window).item() == expected


@pytest.mark.parametrize("shape", [(6, 2, 5), (6, 2, 3, 4)], ids=str)
def test_batch_norm_is_torchs_in_training_and_in_evaluation(shape):
    ours = BatchNorm(2, dtype=torch.float64)
    torchs = (nn.BatchNorm1d if len(shape) == 3 else nn.BatchNorm2d)(2, dtype=torch.float64)
    with torch.no_grad():
        ours.weight.copy_(torch.tensor([0.5, 3.0]))
        ours.bias.copy_(torch.tensor([-1.0, 2.0]))
    torchs.load_state_dict(ours.state_dict())
    for step in range(3):
        inputs = (step + 2) * batch(shape[1:], shape[0]) + step
        assert_close(ours(inputs), torchs(inputs))
    assert_close(dict(ours.named_buffers()), dict(torchs.named_buffers()))
    assert_close(ours.eval()(batch(shape[1:])), torchs.eval()(batch(shape[1:])))


def test_batch_norm_refuses_a_single_entry():
    with pytest.raises(BadInput, match="at least 2 entries a channel"):
        BatchNorm(2)(torch.zeros(1, 2, 1))


@pytest.mark.parametrize("normalisation", ["none", "batch", "layer"])
def test_third_derivatives_of_a_cnn_are_right(normalisation):
    """By finite differences of second derivatives: torch's kernels of batch and layer normalisation fail here."""
    network = built(CNN(channels=(2,), activation="tanh", normalisation=normalisation), (4, 4))
    examples = batch((4, 4), 3).requires_grad_()

    def gradient(inputs):
        return torch.autograd.grad(network(inputs).square().sum(), inputs, create_graph=True)[0]

    assert torch.autograd.gradgradcheck(gradient, (examples,), fast_mode=True)


def test_a_deep_linear_network_is_the_product_of_its_matrices():
    network = built(DeepLinear(widths=(4, 5)), (3,))
    matrices = list(network.parameters())
    examples = batch((3,))
    assert_close(network(examples), examples @ (matrices[2] @ matrices[1] @ matrices[0]).T)


def test_features_are_what_the_head_reads():
    network = built(MLP(widths=(6, 4)), (3,))
    features = network.features(batch((3,)))
    assert features.shape == (5, 4)
    assert_close(network.head(features), network(batch((3,))))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: MLP(activation="swish"), "activation must be one of 'elu', 'erf', .* got 'swish'"),
        (lambda: MLP(init="kaiming"), "init must be one of 'glorot', 'he', .* got 'kaiming'"),
        (
            lambda: MLP(parametrisation="mup"),
            "parametrisation must be one of 'maximal update', 'ntk', 'standard', got 'mup'",
        ),
        (lambda: MLP(init="pytorch", parametrisation="ntk"), "starts its biases at 0"),
        (lambda: MLP(init_scale=-1.0), "at least 0, got -1.0"),
        (lambda: MLP(init_scale=float("nan")), "at least 0, got nan"),
        (lambda: MLP(widths=(10, 0)), r"widths must be a tuple of whole numbers of at least 1, got \(10, 0\)"),
        (lambda: DeepLinear(widths=[10]), r"widths must be a tuple of whole numbers .* got \[10\]"),
        (lambda: CNN(channels=(2.0,)), "channels must be a tuple"),
        (lambda: CNN(kernel=4), "positive odd number, got 4"),
        (lambda: CNN(pooling="min"), "pooling must be one of 'average', 'max', got 'min'"),
        (lambda: CNN(normalisation="group"), "normalisation must be one of 'batch', 'layer', 'none', got 'group'"),
        (lambda: built(CNN(), (3,)), r"2 poolings by 2 leave nothing of inputs of shape \(3,\)"),
        (lambda: built(CNN(), (1, 2, 28, 28)), r"got \(1, 2, 28, 28\)"),
        (lambda: built(MLP(), (0,)), "the shape of one input must be a tuple"),
        (lambda: model("resnet"), "name of a model must be one of 'cnn', 'deep_linear', 'mlp', 'uniform_mlp', got"),
        (lambda: model("mlp", depth=3), r"'mlp' cannot be made from the options \['depth'\]"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_options(make, says):
    with pytest.raises(BadInput, match=says):
        make()


def test_ntk_and_the_default_of_torch_go_together_without_biases():
    assert MLP(init="pytorch", parametrisation="ntk", bias=False).bias is False


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_registered_model_builds(name):
    network = model(name).build(stream(0), inputs=(28, 28), outputs=10)
    assert network(torch.zeros(2, 28, 28)).shape == (2, 10)


def test_starting_points_have_not_changed():
    """Golden values: if this fails on purpose, raise the version of the models concerned."""
    entries = {
        name: [round(value, 4) for value in point(built(MLP(widths=(2,), init=name), (3,)))[:3].tolist()]
        for name in sorted(SCHEMES)
    }
    assert entries == {
        "glorot": [-0.2572, 0.0279, 0.3972],
        "he": [-0.3321, 0.036, 0.5128],
        "lecun": [-0.2348, 0.0255, 0.3626],
        "orthogonal": [-0.2793, 0.4314, -0.8578],
        "pytorch": [-0.0199, -0.4847, 0.3474],
    }
    convolutional = point(built(CNN(channels=(1,), kernel=1), (2, 2)))
    assert [round(value, 4) for value in convolutional.tolist()] == [
        -0.5752,
        0.0,
        0.0624,
        0.8883,
        -2.6852,
        0.0,
        0.0,
        0.0,
    ]


def test_a_uniform_network_is_the_perceptron_with_these_widths():
    one = built(UniformMLP(5, 3, "relu", False, "he", 0.5, "ntk"), (3, 2))
    other = built(MLP((5, 5, 5), "relu", False, "he", 0.5, "ntk"), (3, 2))
    assert torch.equal(point(one), point(other))
    assert torch.equal(one(batch((3, 2))), other(batch((3, 2))))
    for wrong in ({"width": 0}, {"depth": 0}, {"width": 4.0}):
        with pytest.raises(BadInput, match="width and depth must be a tuple of whole numbers"):
            UniformMLP(**wrong)
