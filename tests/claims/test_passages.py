import math

import numpy as np
import pytest
from hypothesis import strategies as st

from phenoscope.claims import (
    Measured,
    Setting,
    block_ratio,
    first_step,
    late_mean,
    log_log_slope,
    maximum_until,
    value_when,
)

X, Y, LR = Measured("x", unit="nats"), Measured("y"), Setting("lr")
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=40)


def test_onset_lies_between_the_reading_before_and_the_one_found(record):
    onset = first_step(X >= 1).of(record({"x": ([0, 10, 40, 50], [0, 0.9, 1.0, 0.2])}))
    assert (onset.value, onset.error, onset.censored) == (25, 15, True)
    at_start = first_step(X >= 1).of(record({"x": ([0, 10], [2, 2])}))
    assert (at_start.value, at_start.error) == (0, 0)
    late_start = first_step(X >= 1).of(record({"x": ([8, 10], [2, 2])}))
    assert (late_start.value, late_start.error) == (4, 4)


def test_onset_with_doubtful_readings_reaches_from_may_to_must(record):
    one = record({"x": ([0, 10, 20, 30, 40], [0, 0.95, 1.05, 0.9, 2]), "x.residual": ([0], [0.1])})
    onset = first_step(X >= 1).of(one)
    assert (onset.value - onset.error, onset.value + onset.error) == (0, 40)


def test_onset_that_never_comes_or_cannot_be_told(record):
    assert "never holds in 3 readings" in str(first_step(X > 5).of(record({"x": [1, 2, 3]})).reason)
    assert "cannot be told before step 2" in str(first_step(X > 5).of(record({"x": [1, np.nan, 9]})).reason)
    assert first_step(X > 5).of(record({"x": [1, 9, np.nan]})).value == 0.5
    vague = record({"x": [1.0, 2.0], "x.residual": [5.0, 5.0]})
    assert "beyond its measurement error" in str(first_step(X > 1.5).of(vague).reason)


def test_maximum_until(record):
    one = record({"x": [1, 4, 2, 3, 9], "y": [0, 0, 0, 1, 1]})
    assert maximum_until(X, Y >= 1).of(one).value == 4
    assert maximum_until(X, X >= 3).of(one).value == 4, "the step found counts"
    assert maximum_until(X, Y > 7).of(one).value == 9, "everything, if it never holds"
    assert math.isnan(maximum_until(X, Y > 0).of(record({"x": [1, 2], "y": [np.nan, 1]})).value)
    coarse = record({"x": ([0, 1, 2, 3], [1, 2, 5, 9]), "y": ([0, 2], [0, 1])})
    assert maximum_until(X, Y >= 1).of(coarse).value == 5, "the series are cut at a step, not joined"


def test_block_ratio_takes_complete_blocks_only(record):
    falling = [8, 8, 4, 4, 3, 3, 100]
    assert block_ratio(X, block=2).of(record({"x": falling})).value == 0.75
    rising = record({"x": [8, 8, 4, 4, 6, 6, 1]})
    assert block_ratio(X, block=2).of(rising).value == 1.5
    cut = record({"x": [8, 8, 4, 4, 9, 9, 9]}, steps=6, outcome="diverged", stopped_at=5)
    assert block_ratio(X, block=2).of(cut).value == 0.5
    assert block_ratio(X, block=2).of(record({"x": falling, "x.residual": [0.1] * 7})).error == pytest.approx(
        max((4.1 / 7.9) - 0.5, (3.1 / 3.9) - 0.75)
    )


def test_block_ratio_is_no_better_known_than_its_worst_known_block(record):
    one = record({"x": [1, 1, 0.9], "x.residual": [0, 0, 0.5]}, steps=3)
    assert (block_ratio(X, block=1).of(one).value, block_ratio(X, block=1).of(one).error) == (1, 0.5)


def test_block_ratio_without_an_answer(record):
    assert "2 complete blocks" in str(block_ratio(X).of(record({"x": [1.0] * 900})).reason)
    gap = record({"x": ([0, 1, 4, 5, 6], [1, 1, 1, 1, 1])})
    assert "no reading in steps 2 to 4" in str(block_ratio(X, block=2).of(gap).reason)
    assert "not positive" in str(block_ratio(X, block=1).of(record({"x": [1, 0, 1, 1]})).reason)


def test_slope_against_a_direct_fit(record):
    rates, levels = np.array([0.1, 0.2, 0.4, 0.8]), np.array([21.0, 9.0, 5.2, 2.4])
    members = [record({"x": [level] * 4}, lr=rate) for rate, level in zip(rates, levels, strict=True)]
    found = log_log_slope(late_mean(X), 1 / LR).of(members)
    assert found.value == pytest.approx(np.polyfit(np.log(1 / rates), np.log(levels), 1)[0])


def test_slope_carries_errors_by_worst_case(record):
    def slope(levels, error):
        series = [{"x": [level] * 4, "x.residual": [error] * 4} for level in levels]
        return log_log_slope(late_mean(X), LR).of([record(one, lr=2.0**k) for k, one in enumerate(series)])

    found = slope([8.0, 4.0, 2.0], 0.5)
    assert found.value == pytest.approx(-1)
    worst = max(abs(slope([8 + 0.5 * i, 4.0, 2 + 0.5 * j], 0).value + 1) for i in (-1, 1) for j in (-1, 1))
    assert found.error >= worst - 1e-12
    assert found.error == pytest.approx(worst, rel=0.02)


def test_slope_without_an_answer(record):
    slope = log_log_slope(late_mean(X), 1 / LR)
    one, negative = record({"x": [1.0] * 4}, lr=0.1), record({"x": [-1.0] * 4}, lr=0.2)
    assert "2 different values of 1 / lr" in str(slope.of([one]).reason)
    assert "positive" in str(slope.of([one, negative]).reason)
    assert slope.of([one, record({}, lr=0.2)]).missing


def test_the_value_when_another_series_reaches_a_level(record):
    one = record({"x": ([0, 10, 20, 30], [1, 2, 3, 4]), "y": ([0, 10, 20, 30], [9, 5, 6, 1]), "x.residual": [0.5] * 4})
    found = value_when(X, Y <= 5).of(one)  # the first time, not the last
    assert (found.value, found.error) == (2, 0.5)
    assert value_when(X, Y >= 9).of(one).value == 1
    assert value_when(X * LR, X >= 3).of(record({"x": [1, 2, 3, 4]}, lr=0.5)).value == 1.5


def test_the_value_when_has_its_reasons(record):
    assert "never holds in 3 readings" in str(value_when(X, X > 5).of(record({"x": [1, 2, 3]})).reason)
    assert "cannot be told" in str(value_when(X, X > 5).of(record({"x": [1, np.nan, 9]})).reason)
    apart = record({"x": ([0, 20], [1, 2]), "y": ([0, 10], [9, 5])})
    assert "x was not read at step 10" in str(value_when(X, Y <= 5).of(apart).reason)
    assert "not a finite" in str(value_when(X, Y <= 5).of(record({"x": [np.inf, 1], "y": [1, 1]})).reason)


def test_there_is_no_value_where_errors_leave_the_step_open(record):
    series = {"x": [1.0, 2.0, 3.0], "y": [9.0, 5.2, 1.0]}
    assert value_when(X, Y <= 5).of(record(series | {"y.residual": [0.1] * 3})).value == 3
    assert "off by too much" in str(value_when(X, Y <= 5).of(record(series | {"y.residual": [0.3] * 3})).reason)
