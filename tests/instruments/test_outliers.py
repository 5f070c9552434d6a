"""Outliers of spectra that are known, dense and by Lanczos; gaps that are no gaps are not passed over."""

import math
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oracles import PROBLEMS, dense_hessian
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, outliers
from phenoscope.objective import Matrix, Objective
from quadratics import turned


def spectrum(count, gap=5.0, size=40):
    """So many eigenvalues around 10, the others up to 10/gap, a few of them negative."""
    top = torch.linspace(10.0, 12.0, count, dtype=torch.float64).flip(0)  # 10 where there is only one
    bulk = torch.linspace(10.0 / gap, 1.0 / gap, size - count - 5, dtype=torch.float64)
    return torch.cat([top, bulk, torch.linspace(-0.1, -3.0, 5, dtype=torch.float64)])


@given(count=st.integers(1, 12), gap=st.floats(1.5, 50.0))
def test_the_widest_gap_is_found(count, gap):
    values = spectrum(count, gap)
    found = outliers(Matrix(turned(values)), 15)
    ratios = sorted((values[:15] / values[1:16]).tolist())
    assert found.value == count
    assert found.gap == pytest.approx(gap, rel=1e-9)
    assert found.second_gap == pytest.approx(ratios[-2], rel=1e-9)
    assert found.bulk == 40 - count
    assert found.outcome is Outcome.CONVERGED


def test_lanczos_finds_what_the_matrix_shows(monkeypatch):
    matrix = Matrix(turned(spectrum(6)))
    whole = outliers(matrix, 15)
    monkeypatch.setattr(sys.modules["phenoscope.instruments.gradients.outliers"], "DENSE", 10)
    found = outliers(matrix, 15, tol=1e-6)
    assert (found.value, found.outcome) == (whole.value, whole.outcome) == (6, Outcome.CONVERGED)
    assert found.gap == pytest.approx(whole.gap, rel=1e-6)
    assert math.isnan(found.bulk)
    assert str(found) == str(outliers(matrix, 15, tol=1e-6))
    spread = Matrix(turned(torch.linspace(10.0, 9.0, 200, dtype=torch.float64)))
    rough = outliers(spread, 15, tol=0.3)
    assert rough.outcome is Outcome.UNDETERMINED  # the residuals leave open which of the small gaps is the widest


def test_a_gap_beyond_the_search_is_not_seen_and_what_is_flat_is_one_level():
    values = spectrum(12)
    assert outliers(Matrix(turned(values)), 5).value <= 5
    few = torch.tensor([5.0, 4.0, 1.0, 0.9, 1e-9, 1e-16, -1.0], dtype=torch.float64)
    found = outliers(Matrix(turned(few)), 6)
    assert (found.value, found.gap, found.second_gap) == (4, pytest.approx(180.0), pytest.approx(4.0))


def test_sizes_are_signed_not_absolute():
    """By absolute value the large negative eigenvalue would be an outlier, too."""
    values = torch.tensor([9.0, 8.0, 1.0, 0.9, 0.8, -20.0], dtype=torch.float64)
    found = outliers(Matrix(turned(values)), 4)
    assert (found.value, found.bulk) == (2, 4)


def test_of_a_network_it_is_that_of_its_dense_hessian():
    made = PROBLEMS["tanh perceptron"]()
    values = torch.linalg.eigvalsh(dense_hessian(made.total, made.model)).flip(0)
    found = outliers(Objective(made.model, made.loss, made.data, **made.options))
    kept = values[: found.searched].clamp_min(values[0] / 1000)
    gaps = kept[:-1] / kept[1:]
    assert found.value == int(gaps.argmax()) + 1
    assert found.gap == pytest.approx(gaps.max().item(), rel=1e-8)
    torch.testing.assert_close(found.eigenvalues, values, rtol=1e-9, atol=1e-11)


def test_what_has_no_gap_says_so():
    nothing = outliers(Matrix(-torch.eye(4, dtype=torch.float64)), 3)
    assert (nothing.value, nothing.outcome) == (0, Outcome.UNDETERMINED)
    broken = outliers(Matrix(torch.full((4, 4), math.nan, dtype=torch.float64)), 3)
    assert (broken.value, broken.outcome) == (0, Outcome.NOT_FINITE)


def test_mistakes_are_refused():
    with pytest.raises(BadInput, match="`most` with an operator"):
        outliers(Matrix(torch.eye(4)))
    with pytest.raises(BadInput, match="most=0"):
        outliers(Matrix(torch.eye(4)), 0)
