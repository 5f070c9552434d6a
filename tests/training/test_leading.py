"""Where the largest curvatures are: what rates and rules are given, and what is refused."""

import dataclasses

import pytest
import torch
from torch.testing import assert_close

from oracles import normal
from phenoscope.core.errors import PhenoscopeError
from phenoscope.training import leading

MATRIX = normal(12, 12, seed=1)
MATRIX = MATRIX + MATRIX.T


class Plain:
    def multiply(self, block):
        return block @ MATRIX


POINTS = torch.zeros(1, 12, dtype=torch.float64)


def test_the_largest_curvature_is_that_of_the_dense_matrix():
    assert_close(leading.largest(Plain(), POINTS)[0], torch.linalg.eigvalsh(MATRIX)[-1])


def test_one_that_was_not_found_makes_no_rate(monkeypatch):
    wanted = leading.Wanted
    monkeypatch.setattr(leading, "Wanted", lambda *a, **k: dataclasses.replace(wanted(*a, **k), products=2))
    with pytest.raises(PhenoscopeError, match=r"not found in \d+ products .* Give the rate as a number"):
        leading.largest(Plain(), POINTS)
