"""Steepest descent and mirror descent: the geometry by brute force, and where they end against exact solvers."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.core.seeds import stream
from phenoscope.data import Dataset, GaussianClusters, SparseRegression
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.theory import Euclidean, HyperbolicEntropy, Power, largest_margin, nearest_interpolant
from phenoscope.training import (
    Clipped,
    Cosine,
    EntropyMirror,
    GradientDescent,
    HeavyBall,
    PowerMirror,
    Recipe,
    Steepest,
    WeightDecay,
    train,
)
from phenoscope.training.geometry import placed, steepest

SHAPES = ((3, 2), (2,), (2, 1, 2))
SIZE = 12


def length(vectors, norm):
    """‖v‖ row by row, written out."""
    if norm == "spectral":
        parts = vectors.split([6, 2, 4], dim=-1)
        shaped = [part.reshape(-1, *size) for part, size in zip(parts, ((3, 2), (2, 1), (2, 2)), strict=True)]
        return torch.stack([torch.linalg.matrix_norm(part, 2) for part in shaped]).amax(dim=0)
    return torch.linalg.vector_norm(vectors, {"l1": 1, "l2": 2, "linf": torch.inf}[norm], dim=-1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["l1", "l2", "linf", "spectral"]))
def test_no_direction_of_norm_1_is_steeper(seed, norm):
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(2, SIZE, generator=generator, dtype=torch.float64)
    direction, dual = steepest(vectors, norm, SHAPES)
    assert_close(length(direction, norm), torch.ones(2, dtype=torch.float64), rtol=1e-12, atol=0)
    assert_close((vectors * direction).sum(dim=-1, keepdim=True), dual, rtol=1e-12, atol=0)
    others = torch.randn(500, SIZE, generator=generator, dtype=torch.float64)
    near = direction[:1] + 0.1 * others
    for tried in (others, near):
        assert ((tried / length(tried, norm)[:, None]) @ vectors[0] <= dual[0] * (1 + 1e-12)).all()


@pytest.mark.parametrize("norm", ["l1", "l2", "linf", "spectral"])
def test_where_nothing_is_steep_nothing_moves(norm):
    direction, dual = steepest(torch.zeros(2, SIZE), norm, SHAPES)
    assert not direction.any()
    assert not dual.any()


def test_directions_that_a_matrix_has_by_rounding_only_are_left_out():
    left, right = torch.randn(20, generator=stream(0, "a")), torch.randn(30, generator=stream(0, "b"))
    direction, dual = steepest((left[:, None] * right).reshape(1, -1), "spectral", ((20, 30),))
    assert_close(direction.reshape(20, 30), torch.outer(left / left.norm(), right / right.norm()), rtol=1e-4, atol=1e-5)
    assert_close(dual, (left.norm() * right.norm())[None, None])


def test_a_row_that_is_not_finite_leaves_the_others_alone():
    vectors = torch.randn(2, SIZE, generator=stream(0, "a"))
    spoiled = vectors.clone()
    spoiled[1, 0] = torch.nan
    direction, _ = steepest(spoiled, "spectral", SHAPES)
    assert_close(direction[0], steepest(vectors, "spectral", SHAPES)[0][0], rtol=1e-6, atol=1e-6)
    assert torch.isnan(direction[1, :6]).all()


def test_the_spectral_norm_needs_matrices():
    with pytest.raises(BadInput, match="needs the shapes of parameters with 5 entries"):
        steepest(torch.ones(1, 5), "spectral", ((2, 2),))


BASE = Recipe(
    Dataset(GaussianClusters(3, 8, 1.5, 40), train=25, test=10), MLP((4,)), SquaredError(), GradientDescent(0.1), 12,
    dtype="float64",
)  # fmt: skip


def ends(rule, **changes):
    made = dataclasses.replace(BASE, rule=rule, **changes)
    return list(train([made]))[-1]


def test_dual_steps_of_the_euclidean_norm_and_squares_are_gradient_descent():
    plain, heavy = ends(GradientDescent(0.1)).points, ends(HeavyBall(0.1, 0.8)).points
    assert_close(ends(Steepest(0.1, "l2", length="dual")).points, plain, rtol=1e-12, atol=1e-14)
    assert_close(ends(Steepest(0.1, "l2", 0.8, "dual")).points, heavy, rtol=1e-12, atol=1e-14)
    assert_close(ends(PowerMirror(0.1, 2.0)).points, plain, rtol=1e-12, atol=1e-14)
    scale = 1e4  # where ψ is half a squared length over 2a
    assert_close(ends(EntropyMirror(0.1 / (2 * scale), scale)).points, plain, rtol=1e-7, atol=1e-9)


def test_each_matrix_of_a_network_is_moved_by_orthogonal_steps():
    """Each is as steep as a matrix of norm 1 can be; wrappers pass on where the parameters lie."""
    state = next(train([dataclasses.replace(BASE, rule=Steepest(0.1, "spectral"), steps=1)]))
    moved = ends(WeightDecay(Clipped(Steepest(0.1, "spectral"), 1e9), 0.0), steps=1).points
    names = state.landscape.network.layout
    gradient, change = names.unravel(state.around.gradient[0]), names.unravel((state.points - moved)[0] / 0.1)
    for name, slope in gradient.items():
        matrix, turn = (each if each.ndim == 2 else each[:, None] for each in (slope, change[name]))
        assert (turn * matrix).sum() == pytest.approx(float(torch.linalg.matrix_norm(matrix, "nuc")), rel=1e-9)
        assert torch.linalg.matrix_norm(turn, 2) == pytest.approx(1, rel=1e-9)
    assert placed(GradientDescent(0.1), names) == GradientDescent(0.1)


@pytest.mark.parametrize("dynamics", ["linearised", "quadratic"])
def test_matrices_are_known_where_features_are_frozen(dynamics):
    """At the start the gradient is the network's, and so is the step."""
    rule = Steepest(0.1, "spectral")
    assert_close(ends(rule, steps=1, dynamics=dynamics).points, ends(rule, steps=1).points, rtol=1e-9, atol=1e-12)


def test_a_training_that_diverges_ends_as_others_do():
    state = ends(Steepest(1e200, "spectral", 0.9, "dual"), steps=40)
    assert not state.alive
    assert torch.isfinite(state.points).all()


def path_end(rule, slope, start, steps):
    """The point after so many updates along a gradient written out by hand, (1, p)."""
    points, memory = start, rule.init(start)
    for step in range(steps):
        points, memory = rule.update(slope(points), points, memory, step)
    return points


def examples(classes, count):
    """Inputs (n, 10) and labels that a linear function can tell apart."""
    source = GaussianClusters(classes, 10, 4.0, 2 * count)
    draw = Dataset(source, train=count, test=1).draw(stream(3, "data")).train
    return draw.inputs.flatten(1).double(), draw.targets


def pulled(weights, x, labels):
    """How far each right output is above the others, (n, c - 1), and minus the gradient of log Σ exp(-gap).

    The logarithm, as with the cross-entropy itself steps end where 1 - p is 0 to rounding.
    """
    outputs, others = x @ weights.mT, torch.nn.functional.one_hot(labels, len(weights)) == 0
    gaps = (outputs.gather(1, labels[:, None]) - outputs)[others].reshape(len(x), -1)
    pull = torch.softmax(-gaps.flatten(), dim=0).reshape(gaps.shape)
    pulls = torch.zeros_like(outputs).masked_scatter(others, -pull)
    return gaps, pulls.scatter(1, labels[:, None], pull.sum(dim=1, keepdim=True)).mT @ x


def classifier(rule, x, labels, classes, steps=4000):
    """W (c, d) after training."""
    shape = (classes, x.shape[1])
    start = 1e-3 * torch.randn(1, classes * x.shape[1], generator=stream(0, "start"), dtype=torch.float64)
    end = path_end(rule, lambda w: -pulled(w.reshape(shape), x, labels)[1].reshape(1, -1), start, steps)
    return end.reshape(shape)


FACTOR = {"l1": 1.0, "l2": 2**0.5, "linf": 2.0, "spectral": 2**0.5}
"""‖w₁ - w₀‖ over the norm of (w₀, w₁) at best, which is at w₀ = -w₁."""


def shares(weights, x, labels):
    """The margin of two classes in each norm over the largest one, by an exact solver for the difference w₁ - w₀."""
    signed = ((2.0 * labels - 1)[:, None] * x).numpy()
    apart = (signed @ (weights[1] - weights[0]).numpy()).min()
    found = {}
    for norm, factor in FACTOR.items():
        size = torch.linalg.matrix_norm(weights, 2) if norm == "spectral" else length(weights.reshape(1, -1), norm)[0]
        best = largest_margin(signed, norm="l2" if norm == "spectral" else norm).value
        found[norm] = float(apart / size) / (best * factor)
    return found


@pytest.mark.parametrize(
    ("norm", "momentum"), [("l1", 0.0), ("l2", 0.0), ("linf", 0.0), ("linf", 0.9), ("spectral", 0.0)]
)
def test_steepest_descent_comes_to_the_largest_margin_of_its_norm(norm, momentum):
    x, labels = examples(2, 20)
    shapes = ((2, 10),) if norm == "spectral" else ()
    rule = Steepest(Cosine(0.05, 4000), norm, momentum, shapes=shapes)
    found = shares(classifier(rule, x, labels, 2), x, labels)
    assert 0.98 < found[norm] < 1 + 1e-9
    assert found[{"l1": "l2", "l2": "linf", "linf": "l2", "spectral": "linf"}[norm]] < 0.95


def test_orthogonalised_steps_maximise_the_margin_of_several_classes():
    """No solver here: the weights of the examples prove how good any classifier may be in the spectral norm."""
    x, labels = examples(4, 30)
    bound, value = {}, {}
    for norm in ("spectral", "linf"):
        weights = classifier(Steepest(Cosine(0.05, 4000), norm, shapes=((4, 10),)), x, labels, 4)
        gaps, pull = pulled(weights, x, labels)
        value[norm] = float(gaps.min() / torch.linalg.matrix_norm(weights, 2))
        bound[norm] = float(torch.linalg.matrix_norm(pull, "nuc"))
    assert 0.97 * bound["spectral"] < value["spectral"] <= bound["spectral"] * (1 + 1e-9)
    assert value["linf"] < 0.9 * bound["spectral"]


MIRRORS = {
    "squares": (GradientDescent(0.2), Euclidean()),
    "power": (PowerMirror(0.05, 1.5), Power(1.5)),
    "hyperbolic": (EntropyMirror(0.3, 1e-2), HyperbolicEntropy(1e-2)),
}


@pytest.mark.parametrize("name", MIRRORS)
def test_mirror_descent_comes_to_the_solution_that_its_potential_puts_nearest(name):
    draw = Dataset(SparseRegression(30, 3, 20), train=12, test=1).draw(stream(0, "data")).train
    x, y = draw.inputs.double(), draw.targets.double().reshape(-1)
    start = 0.1 * torch.randn(1, 30, generator=stream(0, "start"), dtype=torch.float64)
    end = path_end(MIRRORS[name][0], lambda beta: (beta @ x.mT - y) @ x / len(x), start, 6000)[0].numpy()
    assert np.abs(x.numpy() @ end - y.numpy()).max() < 1e-7
    for other, (_, mirror) in MIRRORS.items():
        expected = nearest_interpolant(x.numpy(), y.numpy(), mirror, start[0].numpy()).point
        apart = np.linalg.norm(end - expected) / np.linalg.norm(end)
        assert apart < 1e-5 if other == name else apart > 0.05


def test_a_layout_is_all_that_a_rule_asks_for():
    model = torch.nn.Linear(3, 2)
    rule = placed(WeightDecay(Steepest(0.1, "spectral"), 0.1), layout(model))
    assert rule.of.shapes == ((2, 3), (2,))
    assert placed(Steepest(0.1, "linf"), layout(model)).shapes == ()
