"""Completions by products of matrices: the problem, the readings by hand, and the two cases that are known."""

import math

import numpy as np
import pytest

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, EndToEndField, MatrixCompletion
from phenoscope.methods.matrix_factorisation import descended, product_of


def test_the_problem_is_of_its_rank_and_shows_so_many_entries():
    target, seen, factors = MatrixCompletion(observed=17, rank=2, size=6, depth=4).problem()
    np.testing.assert_allclose(np.linalg.svd(target)[1][[0, 2, 5]], [1, 0, 0], atol=1e-12)
    assert (seen.sum(), len(factors)) == (17, 4)
    again = MatrixCompletion(observed=17, rank=2, size=6, depth=4, seed=1).problem()
    assert not np.array_equal(again[1], seen)


def test_readings_are_those_of_the_updates():
    made = MatrixCompletion(observed=12, size=4, steps=3, scale=0.5)
    target, seen, factors = made.problem()
    for _ in range(8):
        factors = descended(factors, (product_of(factors) - target) * seen, made.rate)
    *_, found = made.readings()
    product = product_of(factors)
    assert found.step == 3
    assert found.values["error"] == pytest.approx(np.linalg.norm(product - target) / np.linalg.norm(target))
    assert found.values["log loss"] == pytest.approx(math.log(np.square((product - target)[seen]).sum() / 2))
    assert set(found.values) == set(made.units)
    assert isinstance(made, Computation)


def test_with_all_entries_all_agree_and_one_factor_leaves_open_entries_as_they_were():
    *_, found = MatrixCompletion(observed=16, size=4, steps=13, scale=0.3, depth=2).readings()
    assert found.values["distance"] < 1e-4
    assert found.values["nuclear norm"] == pytest.approx(1, abs=1e-4)
    made = MatrixCompletion(observed=8, size=4, steps=9, depth=1)
    target, seen, (start,) = made.problem()
    *_, found = made.readings()
    expected = np.linalg.norm((start - target)[~seen]) / np.linalg.norm(target)
    assert found.values["error"] == pytest.approx(expected, rel=1e-6)


def test_velocities_turn_where_there_is_more_than_one_factor():
    for depth in (1, 2, 3):
        values = [found.values["rotation"] for found in EndToEndField(depth=depth, size=3, steps=4).readings()]
        assert len(values) == 5
        assert all(value == 0 for value in values) if depth == 1 else all(value > 0.01 for value in values)


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"observed": 200}, {"rank": 0}, {"scale": 0.0}, {"steps": 0}], ids=str)
def test_what_is_no_completion_is_refused(wrong):
    with pytest.raises(BadInput, match="a matrix completion needs"):
        MatrixCompletion(**wrong)


def test_what_is_no_field_is_refused():
    with pytest.raises(BadInput, match="an end-to-end field needs"):
        EndToEndField(size=1)
