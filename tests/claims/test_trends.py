"""The trend of a series: Kendall's rank correlation with the order of its readings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from phenoscope.claims import Measured, trend

X = Measured("x")


@given(st.lists(st.integers(-10_000, 10_000), min_size=3, max_size=40, unique=True))
def test_it_is_the_rank_correlation_of_scipy_where_no_two_readings_are_equal(record, values):
    expected = kendalltau(np.arange(len(values)), values).statistic
    assert trend(X).of(record({"x": values})).value == pytest.approx(expected, abs=1e-12)


def test_what_rises_falls_and_stays_whatever_the_gaps_between_the_steps(record):
    assert trend(X).of(record({"x": ([0, 1, 50, 51], [1.0, 2.0, 2.5, 9.0])})).value == 1
    assert trend(X).of(record({"x": [4.0, 3.0, 2.0]})).value == -1
    assert trend(X).of(record({"x": [2.0, 2.0, 2.0]})).value == 0


def test_pairs_whose_order_is_open_are_its_error(record):
    values, close = [0.0, 1.0, 1.1, 5.0], 0.2  # of 6 pairs one is open
    found = trend(X).of(record({"x": values, "x.residual": [close] * 4}))
    assert (found.value, found.error) == (1.0, pytest.approx(2 / 6))
    assert trend(X).of(record({"x": values, "x.residual": [0.04] * 4})).error == 0
    swapped = trend(X).of(record({"x": [0.0, 1.1, 1.0, 5.0], "x.residual": [close] * 4}))
    assert swapped.value + swapped.error >= 1.0  # what the truth may be


def test_two_readings_are_too_few_for_a_trend(record):
    assert "needs 3 readings, got 2" in (trend(X).of(record({"x": [1.0, 2.0]})).reason or "")
