"""Empirical tangent kernels, by every route, against the dense Jacobian."""

import copy
import dataclasses
import gc
import math

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.testing import assert_close

from oracles import PROBLEMS, Problem, dense_rows, drawn, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point, write
from phenoscope.core.seeds import stream
from phenoscope.instruments import TangentKernel, eigenvalues, empirical_ntk
from phenoscope.models import CNN, MLP

EXACT = ("jacobian", "products", "layers")
NETWORKS = {
    "perceptron, ntk": lambda: MLP((5, 4), parametrisation="ntk", init="he", activation="relu"),
    "convolution, ntk": lambda: CNN((2, 3), parametrisation="ntk"),
}
NAMES = [
    *("tanh perceptron", "convolution", "layer normalisation", "batch normalisation, running", "multi-head attention"),
    *("one gain", "recurrent"),
    *("encoder layer, training", "tied, ignoring targets", "unused", "frozen", "tuple", "mapping", "logits"),
]


def own(name: str) -> Problem:
    """The library's own networks, whose layers carry a factor."""
    shape = (4,) if "perceptron" in name else (4, 4)
    model = NETWORKS[name]().build(stream(0, "init"), inputs=shape, outputs=2, dtype=torch.float64)
    return Problem(model, nn.MSELoss(), normal(7, *shape), normal(7, 2))


CASES = {**{name: PROBLEMS[name] for name in NAMES}, **{name: lambda name=name: own(name) for name in NETWORKS}}


def dense(problem: Problem) -> torch.Tensor:
    """(n, n, k, k) from the Jacobian of all outputs, entry by entry."""
    with sdpa_kernel(SDPBackend.MATH):
        outputs = problem.outputs()
        rows = dense_rows(outputs.reshape(-1), problem.model)
    n = len(outputs)
    return (rows @ rows.T).reshape(n, -1, n, outputs.numel() // n).transpose(1, 2)


@pytest.mark.parametrize("route", EXACT)
@pytest.mark.parametrize("name", CASES)
def test_every_route_gives_the_dense_kernel(name, route):
    problem = CASES[name]()
    expected = dense(problem)
    scale = float(expected.abs().max())
    found = empirical_ntk(problem.model, problem.inputs, route=route)
    assert found.route == route
    assert_close(found.matrix, expected, rtol=0, atol=1e-13 * scale)
    traced = empirical_ntk(problem.model, problem.inputs, outputs="trace", route=route, by_layer=True)
    assert_close(traced.matrix, expected.diagonal(dim1=2, dim2=3).sum(2), rtol=0, atol=1e-12 * scale)
    assert_close(sum(traced.parts.values()), traced.matrix)
    assert all(torch.equal(value, value.mT) for value in (traced.matrix, *traced.parts.values()))
    assert torch.equal(found.matrix, found.matrix.permute(1, 0, 3, 2))


@pytest.mark.parametrize("route", EXACT)
def test_two_sets_of_inputs_in_chunks_of_any_size(route):
    problem = own("convolution, ntk")
    expected = dense(problem)
    one, two = problem.inputs[:5], problem.inputs[3:]
    for memory in (1, 20_000, 2**20):
        found = empirical_ntk(problem.model, one, two, route=route, memory=memory)
        assert found.examples == (5, 4)
        assert_close(found.matrix, expected[:5, 3:])
        again = empirical_ntk(problem.model, problem.inputs, outputs="trace", route=route, memory=memory)
        assert_close(again.matrix, expected.diagonal(dim1=2, dim2=3).sum(2))


@pytest.mark.parametrize("route", ["jacobian", "layers"])
@pytest.mark.parametrize("outputs", ["full", "trace"])
def test_a_symmetric_kernel_in_groups(outputs, route):
    problem = own("perceptron, ntk")
    expected = dense(problem) if outputs == "full" else dense(problem).diagonal(dim1=2, dim2=3).sum(2)
    seen = set()
    for memory in (1, 500, 750, 1000, 1500, 2000, 4000, 8000, 2**20):
        found = empirical_ntk(problem.model, problem.inputs, outputs=outputs, route=route, memory=memory)
        assert_close(found.matrix, expected)
        seen.add((found.cost.seeds, found.cost.group))
    assert len(seen) > (2 if outputs == "trace" else 1)


@pytest.mark.parametrize("route", EXACT)
def test_as_many_examples_as_outputs(route):
    """A derivative that is the same for all examples, a last bias's, must not be taken for one of all outputs."""
    model, x = drawn(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5))), normal(5, 3)
    rows = dense_rows(model(x).reshape(-1), model)
    found = empirical_ntk(model, x, route=route).matrix
    assert_close(found, (rows @ rows.T).reshape(5, 5, 5, 5).transpose(1, 2))


@pytest.mark.parametrize("route", ["jacobian", "layers"])
@pytest.mark.parametrize("outputs", ["full", "trace"])
def test_blocks_that_are_cut_from_all_derivatives_make_the_whole(outputs, route):
    model, inputs = mlp(), normal(150, 4)
    found = empirical_ntk(model, inputs, outputs=outputs, route=route).matrix  # three groups, the last a small one
    beside = empirical_ntk(model, inputs, inputs.clone(), outputs=outputs, route=route).matrix  # in one piece
    assert_close(found, beside, rtol=1e-12, atol=1e-12)
    assert torch.equal(found, found.permute(1, 0, 3, 2) if outputs == "full" else found.mT)


def test_layers_and_chosen_parameters_are_blocks_of_the_jacobian():
    problem = PROBLEMS["tanh perceptron"]()
    found = empirical_ntk(problem.model, problem.inputs, by_layer=True)
    assert list(found.parts) == ["0", "2"]
    rows = dense_rows(problem.outputs().reshape(-1), problem.model)
    first = (rows[:, :25] @ rows[:, :25].T).reshape(10, 3, 10, 3).transpose(1, 2)  # 4 x 5 weights and 5 biases
    assert_close(found.parts["0"], first)
    assert_close(empirical_ntk(problem.model, problem.inputs, parameters=["0.*"]).matrix, first)
    for route in EXACT:  # a part of a layer
        weight = empirical_ntk(problem.model, problem.inputs, parameters=["0.weight"], route=route).matrix
        assert_close(weight, (rows[:, :20] @ rows[:, :20].T).reshape(10, 3, 10, 3).transpose(1, 2))
    with pytest.raises(BadInput, match="no trainable parameter's name fits 'nothing'"):
        empirical_ntk(problem.model, problem.inputs, parameters=["nothing"])


@pytest.mark.parametrize("route", EXACT)
def test_single_precision_agrees(route):
    model = own("convolution, ntk").model
    exact = empirical_ntk(model, own("convolution, ntk").inputs).matrix
    found = empirical_ntk(copy.deepcopy(model).float(), own("convolution, ntk").inputs.float(), route=route).matrix
    assert found.dtype == torch.float32
    assert float((found.double() - exact).norm() / exact.norm()) < 1e-5


def test_a_product_is_what_outputs_move_by_for_a_small_step():
    model, x = mlp(), normal(6, 4)
    kernel = empirical_ntk(model, x).matrix
    weights, before, step = normal(6, 3, seed=5), model(x).detach(), 1e-6
    (model(x) * weights).sum().backward()
    there = copy.deepcopy(model)
    write(point(model) + step * torch.cat([p.grad.flatten() for p in model.parameters()]), there)
    assert_close(
        torch.einsum("nmab,mb->na", kernel, weights), (there(x).detach() - before) / step, rtol=1e-4, atol=1e-5
    )


def test_the_trace_is_the_sum_over_outputs_and_not_their_mean():
    model = nn.Linear(2, 5, bias=False).double()
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    assert empirical_ntk(model, x, outputs="trace").matrix.item() == pytest.approx(25.0)


def test_the_cheapest_route_depends_on_what_is_asked():
    small = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    found = empirical_ntk(small, normal(9, 3))
    assert found.route == min(found.considered, key=lambda name: found.considered[name].operations) == "layers"
    whole = empirical_ntk(PROBLEMS["tied, ignoring targets"]().model, PROBLEMS["tied, ignoring targets"]().inputs)
    assert whole.cost == min(whole.considered.values(), key=lambda cost: cost.operations)
    starved = empirical_ntk(small, normal(9, 3), memory=8)
    assert starved.cost.each == min(cost.each for cost in starved.considered.values())
    assert_close(starved.matrix, found.matrix)


class Turning(nn.Module):
    """Calls its layer twice for small batches, so that what holds for a few examples does not for all."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(x) if len(x) <= 4 else self.layer(torch.tanh(self.layer(x)))


def test_layers_that_are_called_otherwise_for_other_examples_fall_back():
    model, x = drawn(Turning()), normal(6, 3)
    found = empirical_ntk(model, x, outputs="trace", route="layers")
    assert found.route == "jacobian"


class LooksAtValues(nn.Module):
    """Cannot be mapped over examples."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return torch.stack([(self.weight * row).sum()[None] * (2 if float(row[0]) > 0 else 1) for row in x])


@pytest.mark.parametrize("route", ["jacobian", "layers"])
def test_what_cannot_be_mapped_is_taken_one_by_one(route):
    model, x = drawn(LooksAtValues()), normal(5, 3)
    rows = dense_rows(model(x).reshape(-1), model)
    assert_close(empirical_ntk(model, x, outputs="trace", route=route).matrix, rows @ rows.T)


def test_a_sketch_estimates_the_trace_with_errors_that_cover_it():
    model, x = drawn(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 30))), normal(5, 4)
    exact = empirical_ntk(model, x, outputs="trace").matrix
    upper = torch.triu_indices(5, 5)
    inside, errors = [], []
    for seed in range(60):
        found = empirical_ntk(model, x, outputs="trace", route="sketch", probes=40, generator=seeded(seed))
        assert found.probes == 40
        assert found.standard_errors is not None
        off = (found.matrix - exact)[upper[0], upper[1]] / found.standard_errors[upper[0], upper[1]]
        inside.append((off.abs() < 2.02).double())  # Student's t with 39 degrees of freedom, 95 %
        errors.append(off)
    coverage = torch.stack(inside).mean(0)
    assert float(coverage.mean()) == pytest.approx(0.95, abs=0.03)
    assert float(coverage.min()) > 0.82  # 4 standard errors of 60 draws
    assert float(torch.stack(errors).mean().abs()) < 4 / math.sqrt(60)
    again = [empirical_ntk(model, x, outputs="trace", route="sketch", probes=3, generator=seeded(1)) for _ in range(2)]
    assert torch.equal(again[0].matrix, again[1].matrix)


@pytest.mark.parametrize("memory", [1, 2**20])
@pytest.mark.parametrize("name", ["tanh perceptron", "multi-head attention", "frozen", "mapping"])
def test_the_operator_multiplies_as_the_matrix_does(name, memory):
    problem = PROBLEMS[name]()
    whole = dense(problem)
    n, k = len(whole), whole.shape[2]
    operator = TangentKernel(problem.model, problem.inputs, memory=memory)
    vectors = normal(n * k, 2)
    assert_close(operator @ vectors, whole.transpose(1, 2).reshape(n * k, n * k) @ vectors)
    assert operator.products == 2
    traced = TangentKernel(problem.model, problem.inputs, "trace")
    assert_close(traced @ vectors[:n], whole.diagonal(dim1=2, dim2=3).sum(2) @ vectors[:n])


def test_eigenvalues_of_the_operator():
    problem = PROBLEMS["tanh perceptron"]()
    expected = torch.linalg.eigvalsh(dense(problem).transpose(1, 2).reshape(30, 30)).flip(0)
    found = eigenvalues(TangentKernel(problem.model, problem.inputs), 3, tol=1e-9)
    assert_close(found.values, expected[:3])


def test_the_model_is_left_as_it_was_found():
    model = copy.deepcopy(PROBLEMS["batch normalisation, running"]().model).train()
    x = PROBLEMS["batch normalisation, running"]().inputs
    expected = dense(PROBLEMS["batch normalisation, running"]())
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    before, random = point(model), torch.get_rng_state()
    for route in EXACT:  # by the running statistics, although the model is in training mode
        assert_close(empirical_ntk(model, x, route=route).matrix, expected)
    TangentKernel(model, x) @ torch.ones(30, dtype=torch.float64)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, buffers[name]) for name, value in model.named_buffers())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.equal(point(model), before)
    assert torch.equal(torch.get_rng_state(), random)
    assert not any(module._forward_hooks for module in model.modules())


def test_what_has_no_kernel_is_refused():
    dropout = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1)).double()
    with pytest.raises(BadInput, match=r"differ between two evaluations.*`model.eval\(\)`"):
        empirical_ntk(dropout, normal(4, 3))
    empirical_ntk(dropout.eval(), normal(4, 3))

    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            return self.layer(x) - self.layer(x).mean(0)

    with pytest.raises(BadInput, match="the outputs of an example depend on the others"):
        empirical_ntk(Mixed().double(), normal(4, 3))
    with pytest.raises(BadInput, match="a sketch estimates the trace"):
        empirical_ntk(dropout.eval(), normal(4, 3), route="sketch")
    with pytest.raises(BadInput, match="tensors with examples along the first axis"):
        empirical_ntk(dropout.eval(), {})


class Hidden(nn.Module):
    """Uses its layer's weight once as an attribute, and once from a list where nobody else finds it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.kept = [self.layer.weight]

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layer(inputs) + inputs @ self.kept[0].mT


def test_parameters_that_are_read_past_the_forward_pass_are_refused():
    """Their second use would count as constant: the kernel would be a half or a quarter of what it is."""
    with pytest.raises(BadInput, match=r"layer\.weight would count as constants"):
        empirical_ntk(Hidden(), torch.ones(2, 4))


def test_the_reading_says_what_it_rests_on():
    found = empirical_ntk(mlp(), normal(4, 4), outputs="trace")
    assert found.value == pytest.approx(float(found.matrix.norm()))
    assert "4 x 4 examples, 3 outputs, 43 parameters; by layers" in str(found)
    assert dataclasses.is_dataclass(found.cost)


def _peak(call) -> float:
    """The most bytes that tensors held at a time during a call, above what they held before.

    Python's search for cycles waits: what only that would free is held.
    """
    gc.disable()
    try:
        return _watched(call)
    finally:
        gc.enable()


def _watched(call) -> float:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as watched:
        call()
    assert watched.profiler is not None
    told = watched.profiler.kineto_results.events()
    changes = sorted((event.start_ns(), event.nbytes()) for event in told if event.name() == "[memory]")
    held = most = 0
    for _, change in changes:
        held += change
        most = max(most, held)
    return most


@pytest.mark.parametrize(("route", "allowed", "bound"), [("jacobian", 4, 2), ("layers", 15, 10)])
def test_what_is_held_stays_within_the_memory_allowed(monkeypatch, route, allowed, bound):
    """Layer by layer a tenth of the Jacobian is enough; by its rows it is taken output by output."""
    monkeypatch.setattr("phenoscope.instruments.kernels.costs.PASS", 2**12)
    model = drawn(nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10)))
    x, size = normal(40, 20), sum(part.numel() for part in model.parameters())
    jacobian = 40 * 10 * size * 8

    def kernel(memory, route=route):
        return empirical_ntk(model, x, outputs="trace", route=route, memory=memory)

    cost = kernel(jacobian // allowed).cost
    assert cost.held * 8 <= jacobian / allowed
    assert cost.held * 8 / 2 < _peak(lambda: kernel(jacobian // allowed)) < jacobian / bound
    assert _peak(lambda: kernel(2**40, "jacobian")) > 0.9 * jacobian


def test_graphs_of_earlier_passes_are_not_held(monkeypatch):
    """Tokens through attention, a few outputs and examples at a time: many passes, each with a graph of its own."""
    monkeypatch.setattr("phenoscope.instruments.kernels.costs.PASS", 2**11)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model = drawn(nn.Sequential(nn.Embedding(5, 8), layer, nn.Flatten(), nn.Linear(48, 6)))
    tokens = torch.randint(5, (24, 6), generator=seeded(0))
    for allowed in (2**18, 2**19):
        found = empirical_ntk(model, tokens, outputs="trace", route="layers", memory=allowed)
        assert found.cost.held * 8 <= allowed
        assert (
            _peak(lambda m=allowed: empirical_ntk(model, tokens, outputs="trace", route="layers", memory=m)) < allowed
        )
