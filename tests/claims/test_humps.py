"""Humps of series written by hand, and of any series against a search through all triples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.claims import Measured, Setting, hump_height, hump_step
from phenoscope.core.errors import BadInput

X = Measured("x")


@pytest.mark.parametrize(
    ("values", "height"),
    [
        ([5, 3, 1, 2, 4], 1.0),  # a valley
        ([1, 2, 4, 2, 1], 4.0),
        ([8, 2, 6, 3, 4], 2.0),  # over the higher valley, not the lower one; 3 to 4 does not fall again
        ([9, 5, 3, 2, 1], 1.0),
        ([9, 2, 3, 1, 5, 4], 1.5),  # 3 above 2 and 1; 5 above 1 and 4 is only 1.25
    ],
    ids=["valley", "hill", "two valleys", "falling", "two humps"],
)
def test_by_hand(record, values, height):
    assert hump_height(X).of(record({"x": values})).value == pytest.approx(height)


@given(values=st.lists(st.floats(0.1, 10.0), min_size=3, max_size=12))
def test_as_by_every_triple(record, values):
    best = max(values[j] / max(values[i], values[k])
               for j in range(1, len(values) - 1) for i in range(j) for k in range(j + 1, len(values)))  # fmt: skip
    assert hump_height(X).of(record({"x": values})).value == pytest.approx(max(1.0, best))


def test_the_step_lies_between_the_neighbours(record):
    hump = hump_step(X).of(record({"x": ([0, 10, 20, 40, 50], [8, 2, 6, 3, 3])}))
    assert (hump.value - hump.error, hump.value + hump.error, hump.censored) == (10, 40, True)
    assert "does not fall, rise and fall again" in str(hump_step(X).of(record({"x": [3, 2, 1, 2]})).reason)


def test_a_window_takes_fluctuations_away(record):
    noisy = [10, 8, 9, 7, 8, 6, 7, 5, 6, 4]
    assert hump_height(X).of(record({"x": noisy})).value > 1.1
    # means of three: 9, 8, 8, 7, 7, 6, 6, 5
    assert hump_height(X, window=3).of(record({"x": noisy})).value == pytest.approx(1.0)
    hump = hump_step(X, window=3).of(record({"x": [9, 3, 1, 2, 5, 6, 5, 2, 1, 1]}))
    assert (hump.value - hump.error, hump.value + hump.error) == (4, 6)


def test_what_cannot_be_told(record):
    assert "needs 5 readings" in str(hump_height(X, window=3).of(record({"x": [1, 2, 3, 4]})).reason)
    assert "surely positive" in str(hump_height(X).of(record({"x": [1, 0, 2, 1]})).reason)
    assert "not a finite number" in str(hump_height(X).of(record({"x": [1, np.nan, 2]})).reason)
    assert "needs the series" in str(hump_height(X).of(record({"y": [1, 2, 3]})).reason)


@pytest.mark.parametrize("window", [0, 2, 1.0, True])
def test_windows_that_make_no_sense(window, as_shipped):
    with pytest.raises(BadInput, match="odd number"):
        hump_height(X, window=window)
    with pytest.raises(BadInput, match="series of numbers"):
        hump_step(Setting("lr"))


@pytest.mark.parametrize("window", [1, 3])
def test_its_error_is_the_spread_over_new_errors(record, window):
    true = np.array([20.0, 10.0, 3.0, 2.0, 2.5, 6.0, 7.0, 5.0, 3.0, 3.2, 3.1])
    errors = np.array([1.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1])  # large where nothing depends on it
    found = hump_height(X, window=window).of(record({"x": true, "x.residual": errors}))
    again = true + errors * np.random.default_rng(1).standard_normal((4000, 11))
    means = np.array([np.convolve(row, np.full(window, 1 / window), "valid") for row in again])
    heights = [max(row[j] / max(row[:j].min(), row[j + 1 :].min()) for j in range(1, len(row) - 1)) for row in means]
    assert found.error == pytest.approx(np.std(heights), rel=0.1)
    assert found.error < 0.1 * found.value


def test_without_errors_it_has_none(record):
    assert hump_height(X).of(record({"x": [8.0, 2.0, 6.0, 3.0]})).error == 0
