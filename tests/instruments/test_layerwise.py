"""Layer-wise traces against dense matrices: restricted, refused where they do not apply, with honest errors."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import (
    CE,
    CLASSES,
    IMAGES,
    POINTS,
    PROBLEMS,
    TOKENS,
    Attention,
    Problem,
    Routed,
    Scaled,
    SelfAttention,
    Twice,
    dense_gauss_newton,
    dense_hessian,
    dense_rows,
    drawn,
    mlp,
    normal,
    seeded,
)
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, diagonal, trace
from phenoscope.instruments.traces.layerwise import FORMS, ByLayers, Rounds
from phenoscope.objective import Objective
from phenoscope.objective.layers.space import layer_space


def deep() -> nn.Module:
    return drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)), 5)


def images() -> nn.Module:
    layers = [nn.Conv2d(1, 2, 2), nn.Tanh(), nn.GroupNorm(1, 2), nn.Flatten(), nn.Linear(8, 3)]
    return drawn(nn.Sequential(*layers))


class Places(nn.Module):
    """Embeddings of tokens and of as many places as there are examples, mixed by attention."""

    def __init__(self, places: int = 3) -> None:
        super().__init__()
        self.tokens, self.places, self.mix, self.head = (
            nn.Embedding(5, 4), nn.Embedding(places, 4), Scaled(), nn.Linear(4, 5)
        )  # fmt: skip

    def forward(self, tokens):
        hidden = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.head(self.mix(hidden)).transpose(1, 2)


def sequences(examples: int = 10) -> Problem:
    return Problem(drawn(Places()), CE, TOKENS[:examples], TOKENS[:examples].flip(1))


NETWORKS = {
    "two hidden layers": lambda: Problem(deep(), CE, POINTS, CLASSES),
    "images": lambda: Problem(images(), CE, IMAGES, CLASSES),
    "sequences": sequences,
    "as many examples as places": lambda: sequences(3),
}


def exact(problem: Problem, which: str) -> torch.Tensor:
    """The matrix itself."""
    if which == "hessian":
        return dense_hessian(problem.total, problem.model)
    if which in ("gauss_newton", "fisher"):
        return dense_gauss_newton(problem)
    pairs = zip(problem.outputs(), problem.targets, strict=True)
    losses = [problem.loss(output[None], target[None]) for output, target in pairs]
    gradients = dense_rows(torch.stack(losses), problem.model)
    mean = gradients.mean(0)
    second = gradients.T @ gradients / len(gradients)
    return second - torch.outer(mean, mean) if which == "gradient_covariance" else second


@pytest.mark.parametrize("which", ["hessian", "gauss_newton", "fisher", "empirical_fisher", "gradient_covariance"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_matrix_of_every_network(name, which):
    problem = NETWORKS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    space = layer_space(objective)
    assert (space.reason, bool(space.covered.all())) == ("", True)
    value = torch.trace(exact(problem, which)).item()
    reading = trace(objective, 0.02, operator=which)
    assert reading.converged
    assert abs(reading.value - value) <= 3 * reading.standard_error + 1e-12 * abs(value)
    assert_close(trace(objective, operator=which, method="exact").value, value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("which", ["hessian", "gauss_newton"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_every_architecture_with_the_probes_that_it_still_needs(name, which):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    value = torch.trace(exact(problem, which)).item()
    reading = trace(objective, 0.1, operator=which)
    assert reading.converged
    assert abs(reading.value - value) <= 3 * reading.standard_error + 1e-10 * abs(value)


COVERED = {
    "hessian": ("two hidden layers", "hessian", 0.2),
    "gauss-newton of sequences": ("sequences", "gauss_newton", 0.2),
}


@pytest.mark.parametrize("name", COVERED)
def test_the_error_covers_with_the_stopping_rule_on(name):
    network, which, tol = COVERED[name]
    problem = NETWORKS[network]()
    objective = Objective(problem.model, problem.loss, problem.data)
    value, space = torch.trace(exact(problem, which)).item(), layer_space(objective, which)
    space = dataclasses.replace(space, units=0)  # no exact sums here
    draws = 60  # the checks of types make each slow
    errors, sizes = [], []
    for seed in range(draws):
        found = ByLayers(space, which, tol, seeded(seed)).trace(100_000, 10**9, lambda: objective.operator(which))
        assert found is not None
        assert found.outcome is Outcome.CONVERGED
        errors.append(found.value - value)
        sizes.append(found.standard_error)
    errors, sizes = np.array(errors), np.array(sizes)
    assert (np.abs(errors) <= 1.96 * sizes).mean() >= 0.85
    assert 0.75 <= np.sqrt((errors**2).mean()) / sizes.mean() <= 1.3
    assert abs(errors.mean()) <= 4 * errors.std() / math.sqrt(draws) + 0.1 * sizes.mean()


def test_the_spread_between_examples_is_no_part_of_the_error():
    """The nearest wrong cousin takes the examples for a sample: its error is of another question, and far too large."""
    inputs = normal(60, 4)
    space = layer_space(Objective(drawn(nn.Linear(4, 1)), nn.MSELoss(), (inputs, normal(60, 1))))
    rounds = ByLayers(space, "hessian", 1e-9, seeded(0)).probed(Rounds(), FORMS["hessian"], 4)
    each = 2 * (inputs.square().sum(1) + 1)  # the traces of the examples, which no draw of signs moves
    assert_close(rounds.value, each.mean().item(), rtol=1e-12, atol=0)
    assert rounds.error <= 1e-14
    assert each.std().item() / math.sqrt(60) > 0.1


def test_a_network_of_pieces_of_planes_is_known_exactly():
    """Where the layers' outputs enter piecewise linearly nothing is left beyond the Gauss-Newton matrix."""
    model = drawn(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3)))
    problem = Problem(model, CE, POINTS, CLASSES)
    reading = trace(Objective(problem.model, problem.loss, problem.data, 4), 1e-6)
    assert_close(reading.value, torch.trace(exact(problem, "hessian")).item(), rtol=1e-12, atol=0)
    assert reading.standard_error <= 1e-14 * reading.value
    assert (reading.method, reading.probes) == ("layer-wise", 2)
    assert reading.products <= 10


class Beside(nn.Module):
    """Uses a layer's weight behind its back."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.mix(x).tanh() @ self.mix.weight)


class Squared(nn.Module):
    """A layer whose output is not linear in its parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return x * self.scale**2


class Stretched(nn.Linear):
    """A layer with a `scale` for each output, where those of the library have one number."""

    def __init__(self) -> None:
        super().__init__(4, 4)
        self.register_buffer("scale", torch.arange(1.0, 5.0, dtype=torch.float64))

    def forward(self, x):
        return self.scale * super().forward(x)


class Centred(nn.Module):
    """Outputs that depend on the other examples."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(x - x.mean(0))


class AlongSecond(nn.Module):
    """Examples along the second axis inside, as transformers have them unless told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = Attention(SelfAttention())
        self.inside.layer.attend.batch_first = False

    def forward(self, tokens):
        return self.inside(tokens)


def batch_statistics() -> nn.Module:
    return drawn(nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)))


def ranking(outputs, targets):
    """A loss that compares the examples with each other."""
    return (outputs[:, 0] - outputs[:, 0].mean()).square().mean()


ELSEWHERE = {
    "used twice": (lambda: Objective(drawn(Twice()), CE, (POINTS, CLASSES)), 15, "no rule for mix.weight, mix.bias"),
    "used beside": (lambda: Objective(drawn(Beside()), CE, (POINTS, CLASSES)), 15, "no rule for mix.weight, mix.bias"),
    "not linear": (
        lambda: Objective(drawn(nn.Sequential(Squared(), nn.Linear(4, 3))), CE, (POINTS, CLASSES), 4),
        15,
        "no rule for 0.scale",
    ),
    "scaled": (
        lambda: Objective(drawn(nn.Sequential(Stretched(), nn.Tanh(), nn.Linear(4, 3))), CE, (POINTS, CLASSES)),
        15,
        "no rule for 0.weight, 0.bias",
    ),
    "tied": (lambda: Objective(drawn(Attention(nn.Tanh())), CE, (TOKENS, TOKENS)), 0, "no rule for embedding.weight"),
    "mixed examples": (
        lambda: Objective(drawn(Centred()), CE, (POINTS, CLASSES)), 0, "the outputs of an example depend on the others"
    ),
    "second axis": (
        lambda: Objective(drawn(AlongSecond()), CE, (TOKENS, TOKENS)),
        0,
        "the outputs of an example depend on the others",
    ),
    "batch statistics": (
        lambda: Objective(batch_statistics(), CE, (POINTS, CLASSES), buffers="batch"),
        0,
        "the examples of a batch depend on each other",
    ),
    "loss of the whole": (
        lambda: Objective(mlp(), ranking, (POINTS, CLASSES)), 0, "the examples of a batch depend on each other"
    ),
    "loss said to be a mean": (
        lambda: Objective(mlp(), ranking, (POINTS, CLASSES), denominator="examples"),
        0,
        "the loss is no sum over the examples",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_where_the_rules_do_not_apply_the_reading_says_so(name):
    build, covered, reason = ELSEWHERE[name]
    objective = build()
    space = layer_space(objective)
    assert (int(space.covered.sum()), space.reason) == (covered, reason)
    assert int(space.rest.sum()) == len(objective.point) - covered
    value = trace(objective, method="exact").value
    reading = trace(objective, 0.2)
    assert abs(reading.value - value) <= 3 * reading.standard_error + 1e-9
    if not covered:
        assert reading.note == reason
        with pytest.raises(BadInput, match=reason):
            trace(objective, method="layer-wise")
    else:
        assert (reading.method, reason in reading.note) == ("layer-wise", True) or reading.method == "exact"


def test_layers_that_are_called_for_some_batches_only():
    inputs = POINTS.clone()
    inputs[4:, 0] = 6.0
    objective = Objective(drawn(Routed()), CE, (inputs, CLASSES), 4)
    reading = trace(objective, 0.2)
    assert reading.note == "the layers are not called alike for all batches"
    assert abs(reading.value - trace(objective, method="exact").value) <= 3 * reading.standard_error + 1e-9
    entries = diagonal(objective, method="exact")
    assert entries.note == reading.note
    products = objective.hessian() @ torch.eye(len(objective.point), dtype=torch.float64)
    assert_close(entries.values, torch.diagonal(products), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("which", ["hessian", "gauss_newton", "gradient_covariance"])
def test_blocks_of_layers_and_of_parts_of_them(which):
    problem = NETWORKS["two hidden layers"]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    entries = torch.diagonal(exact(problem, which))
    for chosen in (
        objective.chosen("2.*"),
        objective.chosen("0.weight", "4.bias"),
        torch.arange(len(entries)) % 3 == 0,
    ):
        value = entries[chosen].sum().item()
        assert_close(trace(objective, operator=which, chosen=chosen, method="exact").value, value, rtol=1e-10, atol=0)
        reading = trace(objective, 0.05, operator=which, chosen=chosen)
        assert abs(reading.value - value) <= 3 * reading.standard_error + 1e-10


def test_pieces_that_are_built_anew_say_what_kept_ones_say():
    problem = NETWORKS["two hidden layers"]()
    kept, anew = (Objective(problem.model, CE, problem.data, memory=memory) for memory in (2**30, 2000))
    assert [len(list(layer_space(each)._start())) for each in (kept, anew)] == [1, 5]
    for which in ("hessian", "gauss_newton", "empirical_fisher"):
        one, other = (trace(each, operator=which, method="exact") for each in (kept, anew))
        assert_close(one.value, other.value, rtol=1e-12, atol=0)
    reading = trace(anew, 0.02)
    assert abs(reading.value - trace(kept, method="exact").value) <= 3 * reading.standard_error


@pytest.mark.parametrize("name", NETWORKS)
def test_every_cut_into_batches_draws_the_same_signs(name):
    problem = NETWORKS[name]()
    whole, *cut = (Objective(problem.model, problem.loss, problem.data, size) for size in (None, 2, 4))

    def probed(objective: Objective) -> Rounds:
        return ByLayers(layer_space(objective), "hessian", 1.0, seeded(0)).probed(Rounds(), FORMS["hessian"], 4)

    expected = probed(whole)
    for found in map(probed, cut):
        assert_close((found.total, found.spread), (expected.total, expected.spread), rtol=1e-9, atol=0)


def test_single_precision_agrees_to_what_the_certificate_says():
    problem = NETWORKS["images"]()
    double = trace(Objective(problem.model, CE, problem.data), method="exact").value
    single = Objective(problem.model.float(), CE, (IMAGES.float(), CLASSES))
    for method in ("exact", "auto"):
        reading = trace(single, 0.02, method=method)
        assert abs(reading.value - double) <= 4 * reading.standard_error + 1e-6 * abs(double)
        assert reading.standard_error >= 1e-7 * abs(double)
    assert trace(single, 1e-9, operator="gauss_newton").outcome is Outcome.PRECISION_FLOOR


def test_one_generator_one_reading_and_all_is_left_as_found():
    problem = NETWORKS["images"]()
    objective = Objective(problem.model, CE, problem.data, 4)
    before = torch.get_rng_state()
    state = {name: value.clone() for name, value in problem.model.state_dict().items()}
    one, same, other = (trace(objective, 0.2, generator=seeded(seed)) for seed in (5, 5, 6))
    assert one == same
    assert one.value != other.value
    assert trace(objective, 0.2) == trace(objective, 0.2)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(value, state[name]) for name, value in problem.model.state_dict().items())
    assert all(not module._forward_hooks for module in problem.model.modules())
    assert all(p.requires_grad and p.grad is None for p in problem.model.parameters())


class OnceOnly(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.tanh()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, grad):
        (x,) = context.saved_tensors
        return grad * (1 - x.tanh().square())


class Once(nn.Module):
    def forward(self, x):
        return OnceOnly.apply(x)


def test_a_function_that_can_be_differentiated_once_is_refused_by_this_route_too():
    model = drawn(nn.Sequential(nn.Linear(4, 5), Once(), nn.Linear(5, 3)))
    with pytest.raises(BadInput, match="differentiated only once"):
        trace(Objective(model, CE, (POINTS, CLASSES)), method="layer-wise")
