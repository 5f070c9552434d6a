"""Networks in half precision are measured like their copies in double precision, to the digits that they have."""

import copy

import pytest
import torch

import phenoscope as ps
from oracles import CE, CLASSES, POINTS, Problem, dense_gauss_newton, dense_hessian, mlp, seeded
from phenoscope.objective import Matrix, Objective

HALVES = [torch.float16, torch.bfloat16]
TIMES = 4.0
"""Of the errors that readings state, that they may be off by."""


def made(dtype: torch.dtype) -> tuple[Objective, Problem]:
    """A network in half precision, and its exact copy."""
    half, inputs = mlp().to(dtype), POINTS.to(dtype)
    return Objective(half, CE, (inputs, CLASSES)), Problem(copy.deepcopy(half).double(), CE, inputs.double(), CLASSES)


@pytest.mark.parametrize("method", ["auto", "layer-wise", "exact", "hutchinson", "hutch++", "xtrace"])
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_traces_are_those_of_the_dense_hessian(dtype, method):
    objective, twin = made(dtype)
    expected = dense_hessian(twin.total, twin.model).trace().item()
    found = ps.trace(objective, 0.1, method=method, generator=seeded(1))
    assert abs(found.value - expected) <= TIMES * found.standard_error


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_xtrace_does_not_take_rounding_for_a_range_that_is_spanned(dtype):
    """Two large eigenvalues and many as small as a rounding of these: there is much beside what ten images span."""
    values = torch.cat([torch.ones(2), torch.full((998,), torch.finfo(dtype).eps)]).to(dtype)
    found = ps.trace(Matrix(torch.diag(values)), 0.2, method="xtrace", generator=seeded(1))
    assert abs(found.value - values.double().sum().item()) <= TIMES * found.standard_error


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_known_eigenvectors_are_deflated(dtype):
    objective, twin = made(dtype)
    expected = dense_hessian(twin.total, twin.model).trace().item()
    top = ps.sharpness(objective, generator=seeded(1))
    found = ps.trace(objective, 0.1, method="hutchinson", deflate=top, generator=seeded(1))
    assert abs(found.value - expected) <= TIMES * found.standard_error


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_the_diagonal_is_that_of_the_dense_hessian(dtype):
    objective, twin = made(dtype)
    expected = dense_hessian(twin.total, twin.model).diagonal()
    found = ps.diagonal(objective, 1e-3)
    assert float((found.values.double() - expected).norm()) <= TIMES * found.relative_error * float(expected.norm())


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_the_spectrum_is_that_of_the_dense_gauss_newton_matrix(dtype):
    objective, twin = made(dtype)
    found = ps.gauss_newton_spectrum(objective)
    expected = torch.linalg.eigvalsh(dense_gauss_newton(twin)).flip(0)[: len(found.values)]
    assert float((found.values - expected).abs().max()) <= TIMES * found.rounding


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_relative_flatness_is_that_of_the_exact_copy(dtype):
    objective, twin = made(dtype)
    found, expected = (
        ps.relative_flatness(each, tol=1e-9) for each in (objective, Objective(twin.model, twin.loss, twin.data))
    )
    assert found.value == pytest.approx(expected.value, rel=10 * torch.finfo(dtype).eps)
