"""Hutch++ and XTrace: right, with honest errors, and cheaper than Hutchinson's probes where the spectrum decays."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from oracles import normal, seeded
from phenoscope.instruments import Outcome, trace
from phenoscope.objective import Matrix

P = 150
METHODS = ("hutch++", "xtrace")


def turned(values: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """A matrix with these eigenvalues and random vectors."""
    basis = torch.linalg.qr(normal(len(values), len(values), seed=seed)).Q
    return basis * values @ basis.T


DECAYING = turned(100 * torch.arange(1, P + 1, dtype=torch.float64) ** -1.5)
FLAT = turned(torch.linspace(-1, 3, P, dtype=torch.float64))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("matrix", "tol"), [(DECAYING, 0.02), (FLAT, 0.1)], ids=["decaying", "flat"])
def test_the_error_covers_with_the_stopping_rule_on(method, matrix, tol):
    value, draws = torch.trace(matrix).item(), 150
    readings = [trace(Matrix(matrix), tol, method=method, generator=seeded(seed)) for seed in range(draws)]
    errors = np.array([reading.value - value for reading in readings])
    sizes = np.array([reading.standard_error for reading in readings])
    assert all(reading.converged for reading in readings)
    assert (np.abs(errors) <= 1.96 * sizes).mean() >= 0.88
    assert abs(errors.mean()) <= 4 * errors.std() / math.sqrt(draws) + 0.1 * sizes.mean()


@pytest.mark.parametrize("rank", [11, 12, 15, 30])
def test_the_error_covers_where_the_sketch_is_nearly_the_whole_range(rank):
    values = torch.zeros(P, dtype=torch.float64)
    values[:rank] = torch.linspace(1, 2, rank, dtype=torch.float64)
    matrix, draws = Matrix(turned(values)), 300
    readings = [trace(matrix, 0.1, method="xtrace", generator=seeded(seed)) for seed in range(draws)]
    apart = torch.tensor([reading.value for reading in readings]) - values.sum()
    errors = torch.tensor([reading.standard_error for reading in readings])
    assert (errors > 1e-9).sum() > draws / 5  # the others are exact
    assert (apart.abs() <= 1.96 * errors + 1e-9).double().mean() >= 0.93


@pytest.mark.parametrize("method", METHODS)
def test_few_eigenvalues_are_known_exactly(method):
    values = torch.zeros(P, dtype=torch.float64)
    values[:4] = torch.tensor([5.0, -2.0, 1.0, 0.5])
    reading = trace(Matrix(turned(values)), 1e-9, method=method)
    assert_close(reading.value, 4.5, rtol=1e-10, atol=0)
    assert reading.products <= 30
    assert reading.standard_error <= 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_a_decaying_spectrum_takes_fewer_products_than_ordinary_probes(method):
    fast = turned(100 * 0.7 ** torch.arange(400, dtype=torch.float64))
    sketched, ordinary = (trace(Matrix(fast), 1e-3, method=each) for each in (method, "hutchinson"))
    assert sketched.converged
    assert sketched.products < ordinary.products / 1.5
    assert abs(sketched.value - torch.trace(fast).item()) <= 4 * sketched.standard_error + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_small_matrices_are_summed_and_products_end(method):
    small = trace(Matrix(torch.eye(7)), method=method)
    assert (small.value, small.products, small.method) == (7.0, 7, "exact")
    single = trace(Matrix(torch.full((1, 1), 3.0)), method=method)
    assert (single.value, single.products, single.method) == (3.0, 1, "exact")
    ended = trace(Matrix(FLAT), 1e-6, method=method, max_products=70)
    assert ended.outcome is Outcome.NOT_CONVERGED
    assert ended.products <= 75
    assert abs(ended.value - torch.trace(FLAT).item()) <= 4 * ended.standard_error


@pytest.mark.parametrize("method", METHODS)
def test_one_generator_one_reading(method):
    one, same, other = (trace(Matrix(FLAT), 0.1, method=method, generator=seeded(seed)) for seed in (5, 5, 6))
    assert one == same
    assert one.value != other.value


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_finite_is_an_outcome(method):
    broken = torch.full((40, 40), float("inf"))
    assert trace(Matrix(broken), method=method).outcome is Outcome.NOT_FINITE
