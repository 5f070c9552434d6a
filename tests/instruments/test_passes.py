"""Passes over long vectors, cut in pieces or not: the products that they stand for, in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from phenoscope.core.threads import threads
from phenoscope.instruments.spectra import passes

counts = st.integers(0, 3)


@pytest.fixture
def short_pieces(monkeypatch):
    """Vectors of a few numbers are cut, too."""
    monkeypatch.setattr(passes, "LEAST", 2)


@settings(deadline=None)
@given(rows=st.integers(1, 2), k=counts, m=counts, p=st.integers(1, 23), count=st.sampled_from([1, 2, 3]))
@pytest.mark.usefixtures("short_pieces")
def test_they_are_matrix_products(rows, k, m, p, count):
    left, right = torch.randn(rows, k, p).double(), torch.randn(rows, m, p + 4).double()[..., 2:-2]
    mix = torch.randn(rows, k, m).double()
    with threads(count):
        assert_close(passes.inner(left, right), torch.einsum("nkp,nmp->nkm", left, right))
        assert_close(passes.combined(mix, right), torch.einsum("nkm,nmp->nkp", mix, right))
        for sign in (1, -1):
            to = left.clone()
            assert passes.add(to, mix, right, sign=sign) is to
            assert_close(to, left + sign * torch.einsum("nkm,nmp->nkp", mix, right))


@pytest.mark.usefixtures("short_pieces")
def test_what_is_left_over_by_the_pieces_counts():
    ones = torch.ones(1, 1, 7)
    with threads(3):
        assert passes.inner(ones, ones).item() == 7
        assert passes.combined(torch.ones(1, 1, 1), ones).sum() == 7


def test_rows_of_several_networks_are_not_mixed():
    rows = torch.randn(3, 2, 5)
    assert_close(passes.inner(rows, rows)[1], rows[1] @ rows[1].mT)


@pytest.mark.parametrize("size", [1e-30, 1e-22, 1.0, 1e25])
def test_norms_are_right_where_squares_are_no_numbers(size):
    vectors = size * torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert_close(passes.norms(vectors), torch.tensor([5.0, 0.0]).double() * size, rtol=1e-6, atol=0)
