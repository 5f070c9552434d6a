"""Products of large matrices, by either library, against double precision."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from oracles import seeded
from phenoscope.instruments.kernels import multiplying
from phenoscope.instruments.kernels.multiplying import inner


def _off(left, right):
    """The largest error, in roundings of the lengths of the rows."""
    expected = left.double() @ right.double().mT
    scale = left.double().norm(dim=1)[:, None] * right.double().norm(dim=1) * torch.finfo(torch.float32).eps
    return float(((inner(left, right) - expected) / scale).abs().max())


@pytest.mark.parametrize("wide", [False, True], ids=["default library", "oneDNN"])
@pytest.mark.parametrize("sizes", [(40, 800, 90), (8, 2**16, 8), (130, 257, 129)], ids=str)
def test_products_are_single_precision_throughout(monkeypatch, wide, sizes):
    monkeypatch.setattr(multiplying, "_wide", lambda: wide and torch.backends.mkldnn.is_available())
    n, k, m = sizes
    left, right = (torch.randn(rows, k, generator=seeded(rows)) for rows in (n, m))
    assert n * k * m >= multiplying.LARGE
    assert _off(left, right) < 30  # in half precision it would be 1e4


@given(sizes=st.tuples(*[st.integers(1, 9)] * 3), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_any_sizes_and_strides_by_either_library(sizes, seed):
    n, k, m = sizes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multiplying, "LARGE", 0)
        patch.setattr(multiplying, "_wide", torch.backends.mkldnn.is_available)
        left = torch.randn(2 * k, n, generator=seeded(seed))[::2].mT
        right = torch.randn(m, 3 * k, generator=seeded(seed + 1))[:, k : 2 * k]
        assert _off(left, right) < 4


def test_double_precision_stays_double():
    left, right = (torch.randn(150, 200, generator=seeded(s), dtype=torch.float64) for s in (0, 1))
    assert_close(inner(left, right), left @ right.mT, rtol=0, atol=0)


def test_no_graph_is_kept():
    left = torch.randn(3, 4, generator=seeded(0)).requires_grad_()
    assert not inner(left, left).requires_grad
