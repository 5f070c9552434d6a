"""Shares of gradients and overlaps of eigenspaces against dense eigenvectors, with bounds that hold."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import PROBLEMS, dense_hessian, labels, mlp, normal, seeded
from phenoscope import measure
from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.instruments import Outcome, batch_gradient_share, eigenspace_overlap, eigenvalues, gradient_share
from phenoscope.instruments.spectra import eigenspaces
from phenoscope.objective import Matrix, Objective


def dense_share(objective, problem, k):
    vectors = torch.linalg.eigh(dense_hessian(problem.total, problem.model))[1][:, -k:]
    gradient = objective.gradient()
    return ((vectors.T @ gradient).square().sum() / gradient.square().sum()).item()


@pytest.mark.parametrize("name", ["tanh perceptron", "convolution", "layer normalisation", "multi-head attention"])
@pytest.mark.parametrize("k", [1, 3])
def test_the_share_of_the_gradient_is_that_of_a_dense_matrix(name, k):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    exact = gradient_share(objective, k, tol=1e-9)
    expected = dense_share(objective, problem, k)
    assert_close(exact.value, expected, rtol=1e-6, atol=1e-9)
    assert exact.residual < 1e-5
    assert exact.random == k / len(objective.point)
    rough = gradient_share(objective, k, tol=0.1)
    assert abs(rough.value - expected) <= rough.residual
    assert rough.products <= exact.products


def test_k_is_the_number_of_classes_unless_given():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    assert gradient_share(objective).k == 3
    problem = PROBLEMS["multi-head attention"]()  # outputs (examples, classes, positions)
    assert gradient_share(Objective(problem.model, problem.loss, problem.data)).k == 5


def test_pairs_that_are_there_serve_again():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    pairs = eigenvalues(objective, 4, tol=1e-8)
    reading = gradient_share(objective, 3, pairs=pairs)
    assert reading.products == 1  # by which they are examined
    assert_close(reading.value, dense_share(objective, problem, 3), rtol=1e-6, atol=1e-9)
    assert gradient_share(objective, 3, pairs=objective.hessian()).products > 0


@pytest.mark.parametrize("share", [gradient_share, batch_gradient_share])
def test_pairs_of_another_point_or_of_other_data_are_refused(share):
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    inputs, targets = problem.data
    fewer = Objective(problem.model, problem.loss, (inputs[:5], targets[:5]))
    for tol in (1e-2, 1e-6):
        share(objective, 3, pairs=eigenvalues(objective, 4, tol=tol))
    with pytest.raises(BadInput, match="no eigenpairs of the 'hessian' here"):
        share(objective, 3, pairs=eigenvalues(fewer, 4))
    with pytest.raises(BadInput, match="no eigenpairs of the 'gauss_newton' here"):
        share(objective, 3, operator="gauss_newton", pairs=eigenvalues(objective, 4))
    pairs = eigenvalues(objective, 4)
    with torch.no_grad():
        next(problem.model.parameters()).add_(0.1)
    with pytest.raises(BadInput, match="another point, other data"):
        share(objective, 3, pairs=pairs)


class Bowl(nn.Module):
    """½ Σ hⱼ wⱼ² at w = 1."""

    def __init__(self, h) -> None:
        super().__init__()
        self.w, self.h = nn.Parameter(torch.ones(len(h), dtype=torch.float64)), torch.tensor(h, dtype=torch.float64)

    def forward(self, x):
        return (self.h * self.w.square()).sum() / 2 + 0 * x.sum()


def bowl(*h: float) -> Objective:
    return Objective(Bowl(h), lambda o, t: o, (torch.zeros(2, 1).double(), torch.zeros(2)))


def test_without_a_gap_the_space_is_not_determined():
    clear, none = gradient_share(bowl(3.0, 2.0, 1.0, 0.5), 2), gradient_share(bowl(3.0, 2.0, 2.0, 0.5), 2)
    assert_close(clear.value, 13 / 14.25, rtol=1e-6, atol=0)
    assert clear.converged
    assert none.outcome is Outcome.UNDETERMINED
    assert none.residual == pytest.approx(max(none.value, 1 - none.value))
    assert "no gap" in str(none)


def test_the_angle_bound_of_a_share_is_that_of_turned_vectors():
    """In the plane of a vector and an axis, turned by all angles up to the bound."""
    for share in (0.0, 0.02, 0.5, 0.97, 1.0):
        angle = math.acos(math.sqrt(share))
        for sine in (1e-3, 0.3, 0.9):
            turns = torch.linspace(-math.asin(sine), math.asin(sine), 2001, dtype=torch.float64)
            turned = torch.cos(torch.clamp((angle + turns).abs(), max=math.pi / 2)) ** 2
            worst = (turned - share).abs().max().item()
            bound = eigenspaces.changed(torch.tensor(share).double(), torch.tensor(sine).double()).item()
            assert bound == pytest.approx(worst, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("gap", [0.05, 0.3, 2.0])
def test_the_bound_of_davis_and_kahan_holds_for_rough_vectors(gap):
    """Ritz vectors of a disturbed start, so that residuals are large; the true angle is measured."""
    values = torch.cat([torch.tensor([5.0, 4.0, 4.0 - gap]), torch.linspace(-1, 1, 27)]).double()
    basis = torch.linalg.qr(normal(30, 30)).Q
    matrix = basis @ torch.diag(values) @ basis.T
    top = basis[:, :2]
    for seed in range(10):
        start = torch.linalg.qr(basis[:, :3] + 0.02 * normal(30, 3, seed=seed)).Q
        small, mixed = torch.linalg.eigh(start.T @ matrix @ start)
        rough = eigenvalues(Matrix(matrix), 3, tol=1e-9)
        vectors = start @ mixed.flip(1)
        residuals = (matrix @ vectors - vectors * small.flip(0)).norm(dim=0)
        rough = type(rough)(small.flip(0), vectors, residuals, 0, rough.outcome, 0.0, 0.0)
        angles = torch.linalg.svdvals(top.T @ vectors[:, :2])
        sine = math.sqrt(max(0.0, 1 - angles.min().item() ** 2))
        assert sine <= eigenspaces.slant(rough, 2)
        overlap = eigenspace_overlap(rough, top)
        assert 1 - overlap.value <= overlap.residual + 1e-12


def test_overlaps_by_hand():
    axes = torch.eye(6, dtype=torch.float64)
    assert eigenspace_overlap(axes[:, :2], axes[:, 2:4]).value == 0.0
    assert eigenspace_overlap(axes[:, :2], axes[:, [1, 0]]).value == pytest.approx(1.0)
    turned = torch.stack([math.cos(0.3) * axes[0] + math.sin(0.3) * axes[3], axes[1]], dim=1)
    found = eigenspace_overlap(axes[:, :2], turned)
    assert found.value == pytest.approx((math.cos(0.3) ** 2 + 1) / 2)
    assert found.random == pytest.approx(1 / 3)
    scaled = eigenspace_overlap(5 * axes[:, :2], turned @ torch.tensor([[1.0, 1.0], [0.0, 2.0]]).double())
    assert scaled.value == pytest.approx(found.value)  # spaces, whatever their columns


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_an_overlap_with_what_is_not_finite_is_no_number(wrong):
    axes = torch.eye(6, dtype=torch.float64)
    other = axes.clone()
    other[0, 1] = wrong
    for found in (eigenspace_overlap(axes[:, :2], other[:, :2]), eigenspace_overlap(other[:, :2], axes[:, :2])):
        assert math.isnan(found.value)
        assert found.outcome is Outcome.NOT_FINITE


def test_overlap_of_readings_and_what_is_missing():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    first = eigenvalues(objective, 3, tol=1e-8)
    dense_first = torch.linalg.eigh(dense_hessian(problem.total, problem.model))[1][:, -2:]
    write(objective.point + 0.05 * normal(len(objective.point), seed=8), problem.model)
    second = eigenvalues(objective, 3, tol=1e-8)
    dense_second = torch.linalg.eigh(dense_hessian(problem.total, problem.model))[1][:, -2:]
    reading = eigenspace_overlap(first, second, 2)
    expected = (dense_first.T @ dense_second).square().sum().item() / 2
    assert abs(reading.value - expected) <= reading.residual < 1e-4
    assert reading.converged
    blind = eigenspace_overlap(first, second)
    assert blind.outcome is Outcome.UNDETERMINED
    assert "no gap below the last eigenvalue is known" in str(blind)
    both = eigenvalues(objective, 3, "both")
    with pytest.raises(BadInput, match="of one end of the spectrum"):
        eigenspace_overlap(first, both, 2)
    low = [eigenvalues(objective, 3, "smallest", tol=1e-8) for _ in range(2)]
    assert eigenspace_overlap(*low, 2).value == pytest.approx(1.0)
    assert eigenspace_overlap(*low, 2).converged


def test_mini_batches_scatter_around_their_mean():
    inputs, targets = normal(60, 4), labels(3, 60)
    model = mlp()
    objective = Objective(model, nn.CrossEntropyLoss(), (inputs, targets))
    pairs = eigenvalues(objective, 4, tol=1e-8)
    single = []
    for x, y in zip(inputs, targets, strict=True):  # batches of one are the examples, all equally likely
        gradient = Objective(model, nn.CrossEntropyLoss(), (x[None], y[None])).gradient()
        single.append(((gradient @ pairs.vectors[:, :3]).square().sum() / gradient.square().sum()).item())
    truth = sum(single) / 60
    readings = [
        batch_gradient_share(objective, 3, batch_size=1, batches=40, pairs=pairs, generator=seeded(s))
        for s in range(60)
    ]
    covered = sum(abs(reading.value - truth) <= 1.96 * reading.standard_error for reading in readings) / 60
    assert covered >= 0.85
    assert batch_gradient_share(objective, 3, batches=2, pairs=pairs).batch_size == 32
    whole = batch_gradient_share(objective, 3, batch_size=60, batches=2, pairs=pairs)
    full = gradient_share(objective, 3, pairs=pairs)
    assert_close(whole.value, full.value, rtol=1e-9, atol=0)
    assert whole.standard_error < 1e-12
    assert abs(truth - full.value) > 0.02  # the mean of the ratios is not the share of the mean
    assert "40 mini-batches of 1" in str(readings[0])


def test_mini_batches_take_32_or_all_where_there_are_fewer():
    problem = PROBLEMS["tanh perceptron"]()
    found = batch_gradient_share(Objective(problem.model, problem.loss, problem.data))
    assert found.batch_size == len(problem.inputs)
    many = Objective(mlp(), nn.CrossEntropyLoss(), (normal(60, 4), labels(3, 60)))
    panel = measure(many, ("batch_gradient_share", "gradient_share"))
    read, full = (panel[name].reading for name in ("batch_gradient_share", "gradient_share"))
    assert (read.batch_size, read.k) == (32, 3)
    assert read.error == read.standard_error + read.residual > read.standard_error > 0
    # a mini-batch's noise has less of it in the space than the mean gradient: the space holds 3 of 43 dimensions
    assert read.value < full.value


def test_one_generator_one_reading():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    before = torch.get_rng_state()
    one, same, other = (batch_gradient_share(objective, batch_size=3, generator=seeded(s)) for s in (1, 1, 2))
    assert one == same != other
    assert batch_gradient_share(objective, batches=2).batch_size == len(problem.targets)  # there are fewer than 32
    assert gradient_share(objective) == gradient_share(objective)
    assert torch.equal(before, torch.get_rng_state())


def test_a_gradient_of_zero_has_no_share():
    flat = bowl(2.0, 1.0)
    write(torch.zeros(2), flat.model)
    reading = gradient_share(flat, 1)
    assert math.isnan(reading.value)
    assert reading.outcome is Outcome.UNDETERMINED


def test_mistakes_are_refused():
    problem = PROBLEMS["tanh perceptron"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    with pytest.raises(BadInput, match="`k` must be from 1 to 42"):
        gradient_share(objective, 43)
    with pytest.raises(BadInput, match="needs the 4 largest eigenpairs, got 3"):
        gradient_share(objective, 3, pairs=eigenvalues(objective, 3))
    with pytest.raises(BadInput, match="`batches` must be at least 2"):
        batch_gradient_share(objective, batches=1)
    with pytest.raises(BadInput, match="the overlap of 3-dimensional spaces"):
        eigenspace_overlap(torch.eye(4)[:, :2], torch.eye(4)[:, :3], 3)
    with pytest.raises(BadInput, match="of one size"):
        eigenspace_overlap(torch.eye(4)[:, :2], torch.eye(5)[:, :2])
    with pytest.raises(BadInput, match="given by columns"):
        eigenspace_overlap(torch.ones(4), torch.ones(4))
