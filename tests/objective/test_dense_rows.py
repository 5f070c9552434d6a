"""Stacks of dense layers at many points: what they give is what each network gives alone, or they are not used."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacrev
from torch.testing import assert_close

from oracles import labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout, point, write
from phenoscope.models import MLP, DeepLinear, UniformMLP
from phenoscope.models.activations import Activation
from phenoscope.models.layers import Dense
from phenoscope.objective import CrossEntropy, Linearisation, Network, Objective, SquaredError
from phenoscope.objective.evaluation.dense_rows import dense_layers
from phenoscope.objective.evaluation.expanded import Linearised
from phenoscope.objective.weighting import WHOLE

EXACT = {"rtol": 1e-9, "atol": 1e-12}


class Backwards(nn.Module):
    """Layers defined in another order than that in which they are called."""

    def __init__(self, first, last):
        super().__init__()
        self.last, self.first = last, first

    def forward(self, inputs):
        return self.last(self.first(inputs))


class Skipping(nn.Sequential):
    """An addition that no module tells of."""

    def forward(self, inputs):
        return inputs + super().forward(inputs)


class Capped(nn.Module):
    """Something between layers that is not seen where it was tried."""

    def __init__(self, first, last, cap=1e3):
        super().__init__()
        self.first, self.last, self.cap = first, last, cap

    def forward(self, inputs):
        return self.last(self.first(inputs).clamp(-self.cap, self.cap))


def dense(outputs, inputs, seed, **options):
    weight = normal(outputs, inputs, seed=seed)
    return Dense(weight, normal(outputs, seed=seed + 50), **options)


def tied_weights(seed):
    first, second = dense(4, 4, seed), dense(4, 4, seed + 3)
    second.weight = first.weight
    return nn.Sequential(first, Activation("tanh"), second, Activation("relu"), dense(3, 4, seed + 9))


BUILT = {
    "relu": lambda s: UniformMLP(5, depth=1, activation="relu").build(seeded(s), inputs=(4,), outputs=3, dtype=F64),
    "images, no bias": lambda s: MLP((5, 2), bias=False).build(seeded(s), inputs=(2, 2), outputs=3, dtype=F64),
    "tangent kernel": lambda s: MLP((5,), parametrisation="ntk").build(seeded(s), inputs=(4,), outputs=3, dtype=F64),
    "deep linear": lambda s: DeepLinear((5,)).build(seeded(s), inputs=(4,), outputs=3, dtype=F64),
    "one layer": lambda s: dense(3, 4, s),
    "sigmoid": lambda s: nn.Sequential(dense(5, 4, s), Activation("sigmoid"), dense(3, 5, s + 9)),
    "identity": lambda s: nn.Sequential(dense(5, 4, s), Activation("identity"), dense(3, 5, s + 9)),
    "its slope by autograd": lambda s: nn.Sequential(dense(5, 4, s), Activation("gelu"), dense(3, 5, s + 9)),
    "the data's own activation": lambda s: nn.Sequential(Activation("gelu"), dense(3, 4, s)),
    "tied weights": tied_weights,
    "torch's own": lambda s: nn.Sequential(dense(4, 4, s), Activation("tanh"), nn.Linear(4, 3, dtype=F64)),
}
APART = {
    "backwards": lambda s: Backwards(dense(4, 4, s), dense(3, 4, s + 9)),
    "skipping": lambda s: Skipping(dense(4, 4, s), Activation("relu"), dense(4, 4, s + 9)),
    "capped": lambda s: Capped(dense(4, 4, s), dense(3, 4, s + 9)),
    "another activation": lambda s: nn.Sequential(dense(4, 4, s), nn.Softmax(dim=-1), dense(3, 4, s + 9)),
}
F64 = torch.float64


@pytest.mark.parametrize("loss", [CrossEntropy(), SquaredError()], ids=["cross-entropy", "squared error"])
@pytest.mark.parametrize("rows", ["shared data", "own data"])
@pytest.mark.parametrize("name", [*BUILT, *APART])
def test_each_row_is_itself_alone(name, rows, loss):
    models = [(BUILT | APART)[name](seed) for seed in range(3)]
    shape = (2, 2) if "images" in name else (4,)
    own = [(normal(7, *shape, seed=s), labels(3, 7, seed=s)) for s in range(3)]
    batch = (torch.stack([x for x, _ in own]), torch.stack([y for _, y in own])) if rows == "own data" else own[0]
    network = Network(models[0], loss, draws=False)
    together = Linearisation(
        network, torch.stack([point(model) for model in models]), lambda: iter([batch]), WHOLE, rows=rows
    )
    data = own if rows == "own data" else [own[0]] * 3
    for _ in range(2):  # tried, and then relied on
        alone = [Objective(model, loss, pair) for model, pair in zip(models, data, strict=True)]
        together = Linearisation(network, together.points, lambda: iter([batch]), WHOLE, rows=rows)
        assert_close(together.loss, torch.stack([one.loss() for one in alone]), **EXACT)
        assert_close(together.gradient, torch.stack([one.gradient() for one in alone]), **EXACT)
        vectors = normal(*together.points.shape)
        curved = [one.hessian() @ v for one, v in zip(alone, vectors, strict=True)]
        assert_close(together.hessian() @ vectors, torch.stack(curved), **EXACT)
    assert (network._stack is not None) == (name in BUILT)


def expanded(model, at, inputs):
    """The outputs to first order in the parameters, by the whole Jacobian."""
    places, start = layout(model), point(model)

    def outputs(flat):
        return functional_call(model, places.unravel(flat), (inputs,))

    return outputs(start) + jacrev(outputs)(start) @ (at - start)


@pytest.mark.parametrize("loss", [CrossEntropy(), SquaredError()], ids=["cross-entropy", "squared error"])
@pytest.mark.parametrize("rows", ["one", "shared data", "own data"])
@pytest.mark.parametrize("name", [*BUILT, "backwards", "skipping", "another activation"])
def test_each_row_is_expanded_around_its_own_start(name, rows, loss):
    models = [(BUILT | APART)[name](seed) for seed in range(1 if rows == "one" else 3)]
    shape = (2, 2) if "images" in name else (4,)
    own = [(normal(7, *shape, seed=s), labels(3, 7, seed=s)) for s in range(3)]
    batch = (torch.stack([x for x, _ in own]), torch.stack([y for _, y in own])) if rows == "own data" else own[0]
    data = own if rows == "own data" else [own[0]] * 3
    first, *others = map(Linearised, models)
    network = Network(first.together(others) if others else first, loss, draws=False)
    starts = torch.stack([point(model) for model in models])
    for scale in (0.0, 1.0):  # a trial at the starts would not see what lies between
        points = starts + scale * normal(*starts.shape, seed=5)
        found = Linearisation(network, points, lambda: iter([batch]), WHOLE, rows=rows)
        vectors, last = normal(*points.shape), found.gradient
        products = found.hessian() @ (vectors if rows != "one" else vectors[0])
        for row, (model, (inputs, targets)) in enumerate(zip(models, data, strict=False)):

            def value(flat, model=model, inputs=inputs, targets=targets):
                return loss(expanded(model, flat, inputs), targets)

            assert_close(found.loss[row], value(points[row]).detach(), **EXACT)
            assert_close(last[row], grad(value)(points[row]).detach(), **EXACT)
            curved = hessian(value)(points[row]).detach() @ vectors[row]
            assert_close(products.reshape(points.shape)[row], curved, **EXACT)
            alone = network.model.row(row)
            write(points[row], alone)
            assert_close(alone(inputs), expanded(model, points[row], inputs), **EXACT)
            assert torch.equal(point(alone.expanded.requires_grad_()), starts[row])
    assert (network._stack is not None) == (name in BUILT)


@pytest.mark.parametrize("loss", [CrossEntropy(), SquaredError(), lambda outputs, labels: outputs.new_ones(())])
@pytest.mark.parametrize("name", BUILT)
def test_gradients_layer_by_layer_are_those_of_a_graph(name, loss):
    """And they are the ones that are used: networks that are known to be dense layers leave no graph to be walked."""
    models = [BUILT[name](seed) for seed in range(2)]
    shape = (2, 2) if "images" in name else (4,)
    batch = (normal(2, 6, *shape), torch.stack([labels(3, 6, seed=s) for s in range(2)]))
    points = torch.stack([point(model) for model in models])
    network = Network(models[0], loss, draws=False)
    found = network.gradients(points, batch, "own data")
    assert found is not None
    leaf = points.clone().requires_grad_()
    outputs, losses = network.forward(leaf, batch, "own data")
    expected = torch.zeros_like(points)
    if losses.requires_grad:
        (expected,) = torch.autograd.grad(losses.sum(), leaf)
    for mine, theirs in zip(found, (outputs, losses, expected), strict=True):
        assert not mine.requires_grad
        assert_close(mine, theirs.detach(), **EXACT)


def test_networks_that_are_no_stack_leave_it_to_autograd():
    model = Skipping(dense(4, 4, 0), Activation("relu"), dense(4, 4, 9))
    network, points = Network(model, CrossEntropy(), draws=False), point(model).expand(2, -1)
    assert network.gradients(points, (normal(7, 4), labels(4, 7)), "shared data") is None


def test_what_cannot_be_seen_at_first_is_not_overlooked_later():
    model = Capped(dense(4, 4, 0), dense(3, 4, 9))
    inputs, targets = normal(7, 4), labels(3, 7)
    network = Network(model, CrossEntropy(), draws=False)
    for scale in (1.0, 1e4):
        points = scale * torch.stack([point(model), -point(model)])
        found = Linearisation(network, points, lambda: iter([(inputs, targets)]), WHOLE, rows="shared data").loss
        alone = [Objective(model, CrossEntropy(), (inputs, targets)).loss(p) for p in points]
        assert_close(found, torch.stack(alone), rtol=1e-9, atol=1e-12)


def test_a_row_that_diverged_changes_no_bit_of_the_others():
    """A run that goes on after that tries the layers anew, and must come to the same decision."""
    model = nn.Sequential(dense(4, 4, 0), Activation("tanh"), dense(3, 4, 9))
    batch, start = (normal(7, 4), labels(3, 7)), point(model)
    points = torch.stack([start, start + 0.1, torch.full_like(start, torch.inf)])

    def losses(network, rows):
        return Linearisation(network, points[rows], lambda: iter([batch]), WHOLE, rows="shared data").loss

    before, after = (Network(model, CrossEntropy(), draws=False) for _ in range(2))
    losses(before, slice(0, 2))  # tried while all is well
    assert torch.equal(losses(before, slice(None))[:2], losses(after, slice(None))[:2])
    assert after._tried


def test_hooks_are_kept():
    model = nn.Sequential(dense(4, 4, 0), Activation("tanh"), dense(3, 4, 9))
    model[0].register_forward_hook(lambda module, args, output: 2 * output)
    assert dense_layers(model) is None


def test_tied_layers_share_their_parameters():
    def tied(seed):
        one = dense(4, 4, seed)
        return nn.Sequential(one, Activation("tanh"), one, Activation("tanh"), dense(3, 4, seed + 9))

    models = [tied(seed) for seed in range(2)]
    inputs, targets = normal(6, 4), labels(3, 6)
    points = torch.stack([point(model) for model in models])
    network = Network(models[0], CrossEntropy(), draws=False)
    found = Linearisation(network, points, lambda: iter([(inputs, targets)]), WHOLE, rows="shared data")
    expected = [Objective(model, CrossEntropy(), (inputs, targets)).gradient() for model in models]
    assert_close(found.gradient, torch.stack(expected), **EXACT)


def test_regressions_and_their_mistakes():
    outputs, targets = normal(2, 5, 1), normal(2, 5)
    each = SquaredError().each(outputs, targets)
    assert_close(each, torch.stack([SquaredError()(o, t) for o, t in zip(outputs, targets, strict=True)]), **EXACT)
    with pytest.raises(BadInput, match="one output"):
        SquaredError().each(normal(2, 5, 2), targets)
