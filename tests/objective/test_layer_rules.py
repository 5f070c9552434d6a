"""Every rule against the layer's Jacobian for each example, entry by entry."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import drawn, labels, normal
from phenoscope.objective.layers.kinds import Lookup, Mapped, rule_of
from phenoscope.objective.layers.rules import Dense
from phenoscope.objective.layers.signs import Signs

B = 3


def frozen(module: nn.Module, name: str) -> nn.Module:
    module.get_parameter(name).requires_grad_(False)
    return module


def normalising(module: nn.Module) -> nn.Module:
    """With running statistics that are not the fresh ones."""
    module.running_mean.copy_(normal(2, seed=8))
    module.running_var.copy_(normal(2, seed=9).square() + 0.5)
    return module.eval()


LAYERS = {
    "one position": (lambda: nn.Linear(3, 2), normal(B, 3), Dense),
    "one position, no bias": (lambda: nn.Linear(3, 2, bias=False), normal(B, 3), Dense),
    "one position, frozen weight": (lambda: frozen(nn.Linear(3, 2), "weight"), normal(B, 3), Dense),
    "few positions": (lambda: nn.Linear(5, 4), normal(B, 2, 5), Dense),
    "many positions": (lambda: nn.Linear(2, 2), normal(B, 3, 2, 2), Dense),
    "positions, no bias": (lambda: nn.Linear(5, 4, bias=False), normal(B, 2, 5), Dense),
    "positions, frozen weight": (lambda: frozen(nn.Linear(2, 3), "weight"), normal(B, 4, 2), Dense),
    "positions, frozen bias": (lambda: frozen(nn.Linear(2, 3), "bias"), normal(B, 4, 2), Dense),
    "images": (lambda: nn.Conv2d(2, 2, 2, stride=2, padding=1), normal(B, 2, 3, 4), Dense),
    "images, one position": (lambda: nn.Conv2d(1, 2, 2, dilation=2), normal(B, 1, 3, 3), Dense),
    "series": (lambda: nn.Conv1d(2, 2, 3, padding=1, dilation=2), normal(B, 2, 5), Dense),
    "images in groups": (lambda: nn.Conv2d(2, 2, 2, groups=2), normal(B, 2, 3, 3), Mapped),
    "images in a circle": (lambda: nn.Conv2d(1, 2, 2, padding=1, padding_mode="circular"), normal(B, 1, 2, 2), Mapped),
    "images, padding by name": (lambda: nn.Conv2d(1, 1, 3, padding="same"), normal(B, 1, 3, 3), Mapped),
    "volumes": (lambda: nn.Conv3d(1, 1, 2), normal(B, 1, 2, 3, 2), Mapped),
    "transposed": (lambda: nn.ConvTranspose2d(1, 2, 2), normal(B, 1, 2, 2), Mapped),
    "tokens": (lambda: nn.Embedding(4, 3), labels(4, B, 5), Lookup),
    "tokens, padded": (lambda: nn.Embedding(4, 2, padding_idx=1), labels(4, B, 6), Lookup),
    "one token": (lambda: nn.Embedding(4, 2), labels(4, B), Lookup),
    "layer norm": (lambda: nn.LayerNorm(3), normal(B, 2, 3), Mapped),
    "group norm": (lambda: nn.GroupNorm(2, 4), normal(B, 4, 2), Mapped),
    "batch norm": (lambda: normalising(nn.BatchNorm2d(2).double()), normal(B, 2, 2, 2), Mapped),
    "slopes": (lambda: nn.PReLU(3), normal(B, 3, 2), Mapped),
}


@pytest.fixture(params=LAYERS)
def layer(request):
    """A rule with its features, the output, and the Jacobians of all examples as one matrix each (b, outputs, p)."""
    build, inputs, kind = LAYERS[request.param]
    module = drawn(build())
    names = tuple(name for name, value in module.named_parameters() if value.requires_grad)
    rule = rule_of(module, names)
    assert type(rule) is kind
    outputs = module(inputs)
    own = [module.get_parameter(name) for name in names]
    rows = []
    for entry in outputs.reshape(-1):
        grads = torch.autograd.grad(entry, own, retain_graph=True, materialize_grads=True)
        rows.append(torch.cat([grad.reshape(-1) for grad in grads]))
    jacobian = torch.stack(rows).reshape(B, -1, rule.size)
    return rule, rule.features(inputs), outputs.detach(), jacobian


def flat(named, rule, *, lead: int = 0):
    return torch.cat([named[name].flatten(lead) for name in rule.names], dim=lead)


def test_the_products_are_those_of_the_jacobian(layer):
    rule, features, outputs, jacobian = layer
    r = {name: normal(*shape, seed=20 + i) for i, (name, shape) in enumerate(rule.shapes.items())}
    delta, weights = normal(*outputs.shape, seed=30), normal(B, seed=31)
    pushed = jacobian @ flat(r, rule)
    assert_close(rule.push(features, r, outputs.shape), pushed.reshape(outputs.shape))
    gradients = torch.einsum("bop,bo->bp", jacobian, delta.flatten(1) if delta.ndim > 1 else delta[:, None])
    assert_close(flat(rule.gradients(features, delta), rule, lead=1), gradients)
    assert_close(flat(rule.pull(features, delta), rule), gradients.sum(0))
    assert_close(rule.squares(features, delta), gradients.square().sum(1))
    assert_close(flat(rule.diagonal(features, delta, weights), rule), weights @ gradients.square())


def test_random_responses_are_of_the_right_size_and_tell_the_diagonal(layer):
    """E v vᵀ = A Aᵀ in each example, and the terms have the diagonal of Σ Aᵀ H A for their mean."""
    rule, features, outputs, jacobian = layer
    calls, each, m = 40, 100, outputs[0].numel()
    half = normal(B, m, m, seed=40)
    curvature = half + half.mT
    signs = Signs(1, 0, B * each, torch.float64, torch.device("cpu"))
    features = features.repeat(each, *[1] * (features.ndim - 1))  # so many draws at once of every example
    shape = torch.Size((B * each, *outputs.shape[1:]))
    moved, terms = [], []
    for _ in range(calls):
        response = rule.respond(features, shape, signs)
        v = response.outputs.reshape(each, B, m)
        moved.append(v)
        terms.append(flat(response.terms((curvature @ v[..., None]).reshape(shape)), rule) / each)
    moved, terms = torch.cat(moved), torch.stack(terms)
    squares = torch.einsum("kbi,kbj->kbij", moved, moved)
    _near(squares, jacobian @ jacobian.mT)
    _near(terms, torch.diagonal(jacobian.mT @ curvature @ jacobian, dim1=1, dim2=2).sum(0))
    # Two examples know nothing of each other, neither in their responses nor in their forms.
    _near(torch.einsum("ki,kj->kij", moved[:, 0], moved[:, 1]), torch.zeros(m, m, dtype=torch.float64))
    forms = torch.einsum("kbi,bij,kbj->kb", moved, curvature, moved)
    forms = forms - forms.mean(0)
    _near(forms[:, 0] * forms[:, 1], torch.zeros((), dtype=torch.float64))


def _near(samples, expected):
    """The mean of the samples, to six standard errors."""
    error = samples.std(0) / len(samples) ** 0.5
    assert bool(((samples.mean(0) - expected).abs() <= 6 * error + 1e-9 * samples.abs().amax()).all())


def test_signs_shared_by_the_examples_would_not_be_independent():
    """The nearest wrong cousin of the flips: one matrix of signs for all examples, whose forms then go together."""
    inputs = normal(1, 2, 5).expand(2, 2, 5)
    curvature = torch.ones(8, 8, dtype=torch.float64)
    rule = rule_of(drawn(nn.Linear(5, 4)), ("weight", "bias"))
    signs = Signs(2, 0, 2, torch.float64, torch.device("cpu"))

    def together(flip: bool) -> float:
        forms = []
        for _ in range(500):
            if flip:
                v = rule.respond(inputs, torch.Size((2, 2, 4)), signs).outputs.reshape(2, 8)
            else:
                v = rule.push(
                    inputs, {"weight": signs.shared(4, 5), "bias": signs.shared(4)}, torch.Size((2, 2, 4))
                ).reshape(2, 8)
            forms.append(((v @ curvature) * v).sum(1))
        return float(torch.corrcoef(torch.stack(forms).T)[0, 1])

    assert together(flip=False) == pytest.approx(1.0)
    assert abs(together(flip=True)) < 0.2
