"""Diagonals and Frobenius norms against dense ones: exact, estimated, with errors that cover."""

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
    TOKENS,
    Attention,
    Problem,
    dense_gauss_newton,
    dense_hessian,
    dense_rows,
    drawn,
    labels,
    normal,
    seeded,
)
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, diagonal, frobenius_norm, sharpness
from phenoscope.objective import Matrix, Objective

WHICH = ["hessian", "gauss_newton", "fisher", "empirical_fisher", "gradient_covariance"]


def deep() -> nn.Module:
    return drawn(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)), 5)


def images() -> nn.Module:
    return drawn(nn.Sequential(nn.Conv2d(1, 2, 2), nn.Tanh(), nn.GroupNorm(1, 2), nn.Flatten(), nn.Linear(8, 3)))


NETWORKS = {
    "perceptron": lambda: Problem(deep(), CE, POINTS, CLASSES),
    "images": lambda: Problem(images(), CE, IMAGES, CLASSES),
    "tokens": lambda: Problem(drawn(nn.Sequential(nn.Embedding(5, 4), Turned())), CE, TOKENS, TOKENS.flip(1)),
    "partly by rules": lambda: Problem(drawn(nn.Sequential(nn.Linear(4, 4), Bare())), CE, POINTS, CLASSES),
    "tied": lambda: Problem(drawn(Attention(nn.Tanh())), CE, TOKENS, TOKENS.flip(1)),
}


class Turned(nn.Module):
    """A head over tokens whose logits lie along the second axis."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 5)

    def forward(self, hidden):
        return self.head(hidden.tanh()).transpose(1, 2)


class Bare(nn.Module):
    """A weight that belongs to no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.inside = nn.Parameter(torch.ones(4, 3)), nn.Identity()

    def forward(self, x):
        return self.inside(x.tanh() @ self.weight)


def exact(problem: Problem, which: str) -> torch.Tensor:
    if which == "hessian":
        return dense_hessian(problem.total, problem.model)
    if which in ("gauss_newton", "fisher"):
        return dense_gauss_newton(problem)
    pairs = zip(problem.outputs(), problem.targets, strict=True)
    losses = [problem.loss(output[None], target[None]) for output, target in pairs]
    gradients = dense_rows(torch.stack(losses), problem.model)
    mean = gradients.mean(0) if which == "gradient_covariance" else torch.zeros_like(gradients[0])
    return (gradients - mean).T @ (gradients - mean) / len(gradients)


def test_a_norm_is_known_beside_its_own_size():
    """Of what is not symmetric, tr A² is no norm: it may be far below ‖A²‖, and its error far above it."""
    made = Matrix(torch.eye(40, dtype=torch.float64))
    made._entries = (normal(40, 40, seed=1) - normal(40, 40, seed=1).T)[None]
    assert frobenius_norm(made).outcome is Outcome.NOT_SYMMETRIC


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_diagonal_of_every_network(name, which):
    problem = NETWORKS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    expected = torch.diagonal(exact(problem, which))
    found = diagonal(objective, operator=which, method="exact")
    assert_close(found.values, expected, rtol=1e-9, atol=1e-12)
    assert (found.converged, found.probes) == (True, 0)
    reading = diagonal(objective, 0.25, operator=which)
    assert reading.converged
    assert reading.relative_error <= 0.25
    assert float((reading.values - expected).norm()) <= 2 * 0.25 * float(expected.norm()) + 1e-12
    assert bool(((reading.values - expected).abs() <= 6 * reading.standard_errors + 1e-9).all())


@pytest.mark.parametrize("method", ["auto", "hutchinson"])
def test_the_errors_of_the_entries_cover(method):
    problem = NETWORKS["tokens"]()
    objective = Objective(problem.model, problem.loss, problem.data)
    expected = torch.diagonal(exact(problem, "hessian"))
    covered, ratio = [], []
    for seed in range(8):
        reading = diagonal(objective, 0.15, method=method, generator=seeded(seed), max_products=40)
        assert reading.probes > 0
        apart = (reading.values - expected).abs()
        covered.append((apart <= 1.96 * reading.standard_errors).double().mean().item())
        ratio.append(float(apart.norm() / reading.standard_errors.norm()))
    assert 0.88 <= np.mean(covered) <= 0.99
    assert 0.7 <= np.mean(ratio) <= 1.4


def test_signs_for_each_example_know_more_than_signs_for_all():
    objective = Objective(NETWORKS["images"]().model, CE, (normal(60, 1, 3, 3), labels(3, 60)))
    own, shared = (diagonal(objective, 1e-9, method=m, max_products=15) for m in ("auto", "hutchinson"))
    assert own.relative_error < shared.relative_error / 2


def test_blocks_are_in_the_order_of_the_point():
    problem = NETWORKS["perceptron"]()
    objective = Objective(problem.model, CE, problem.data)
    chosen = objective.chosen("2.weight", "0.bias")
    expected = torch.diagonal(exact(problem, "hessian"))[chosen]
    assert_close(diagonal(objective, chosen=chosen, method="exact").values, expected, rtol=1e-9, atol=1e-12)
    matrix = exact(problem, "hessian")
    assert_close(diagonal(Matrix(matrix), chosen=chosen, method="exact").values, expected, rtol=1e-12, atol=0)


def test_a_reading_says_how_it_ended():
    matrix = normal(40, 40)
    matrix = matrix + matrix.T
    ended = diagonal(Matrix(matrix), 1e-3, max_products=20)
    assert (ended.outcome, ended.probes, ended.products) == (Outcome.NOT_CONVERGED, 20, 20)
    assert "20 probes" in str(ended)
    whole = diagonal(Matrix(matrix), 1e-3)
    assert_close(whole.values, torch.diagonal(matrix), rtol=1e-12, atol=0)
    assert whole.probes == 0
    assert diagonal(Matrix(matrix.float()), 1e-9).outcome is Outcome.PRECISION_FLOOR
    one, same = (diagonal(Matrix(matrix), 0.5, generator=seeded(3)).values for _ in range(2))
    assert torch.equal(one, same)
    assert diagonal(Matrix(torch.full((30, 30), 1e308, dtype=torch.float64))).outcome is Outcome.NOT_FINITE
    with pytest.raises(BadInput, match="`tol` must be positive"):
        diagonal(Matrix(matrix), 0.0)


@pytest.mark.parametrize("which", WHICH)
def test_the_norm_is_that_of_the_matrix(which):
    problem = NETWORKS["perceptron"]()
    objective = Objective(problem.model, CE, problem.data)
    expected = torch.linalg.matrix_norm(exact(problem, which)).item()
    assert_close(frobenius_norm(objective, 1e-9, operator=which).value, expected, rtol=1e-9, atol=0)
    reading = frobenius_norm(objective, 0.2, operator=which)
    assert reading.converged
    assert abs(reading.value - expected) <= 4 * reading.standard_error + 1e-12


def spiked(height: float) -> torch.Tensor:
    factor, top = normal(150, 150), torch.nn.functional.normalize(normal(150, seed=1), dim=0)
    return factor @ factor.T / 150 + height * torch.outer(top, top)


@pytest.mark.parametrize("height", [0.0, 30.0])
def test_the_error_of_the_norm_covers_though_the_estimate_stops_on_it(height):
    matrix, draws = spiked(height), 200
    expected = torch.linalg.matrix_norm(matrix).item()
    readings = [frobenius_norm(Matrix(matrix), 0.1, generator=seeded(seed)) for seed in range(draws)]
    errors = np.array([reading.value - expected for reading in readings])
    sizes = np.array([reading.standard_error for reading in readings])
    assert (np.abs(errors) <= 1.96 * sizes).mean() >= 0.89
    assert (sizes <= 0.1001 * np.array([reading.value for reading in readings])).all()


def test_what_is_deflated_is_no_part_of_the_norms_error():
    matrix = Matrix(spiked(30.0))
    plain, deflated = (frobenius_norm(matrix, 0.03, deflate=top) for top in (None, sharpness(matrix, 1e-8)))
    assert deflated.products < plain.products
    assert abs(deflated.value - torch.linalg.matrix_norm(spiked(30.0)).item()) <= 4 * deflated.standard_error


def test_too_few_products_for_a_norm_are_told_as_they_were_given():
    for few in (3, 1, 0):
        with pytest.raises(BadInput, match=f"at least 4, two for each of two probes, got {few}"):
            frobenius_norm(Matrix(spiked(1.0)), max_products=few)
    assert frobenius_norm(Matrix(spiked(1.0)), max_products=4).products == 4
