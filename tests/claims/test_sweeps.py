"""The largest and the mean of a sweep: of what, with what error, and on which scale."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from phenoscope.claims import (
    Between,
    Claim,
    Measured,
    average,
    correlation_trend,
    first_step,
    judge,
    largest,
    last_value,
    rank_correlation,
)
from phenoscope.core.errors import BadInput

X, Y = last_value(Measured("x")), last_value(Measured("y"))


def members(record, values, error=0.0):
    """One member a rate."""
    return [
        record({"x": [value], "x.residual": [error * (1 + place)]}, lr=float(place))
        for place, value in enumerate(values)
    ]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12))
def test_it_is_the_largest_signed_one(record, values):
    found = largest(X).of(members(record, values))
    assert (found.value, found.error, found.reason) == (max(values), 0.0, None)


def test_its_error_is_the_largest_error(record):
    found = largest(X).of(members(record, [5.0, 1.0, 2.0], error=0.1))
    assert found.value == 5.0
    assert found.error == pytest.approx(0.3)  # of a member that is not the largest, and might be


def test_ratios_stay_ratios(record):
    pairs = [record({"x": [2.0], "y": [4.0]}, lr=1.0), record({"x": [9.0], "y": [3.0]}, lr=2.0)]
    made = largest(X / Y)
    assert (made.of(pairs).value, made.scale, made.of(pairs).scale) == (3.0, "log", "log")
    assert largest(X).scale == "linear"
    assert made.names == ("x", "y")
    assert str(made) == "largest(last_value(x) / last_value(y))"


def test_a_member_without_a_number_leaves_none(record):
    found = largest(X).of([*members(record, [1.0]), record({"x": [math.nan]}, lr=3.0)])
    assert math.isnan(found.value)
    assert "not a finite number" in (found.reason or "")
    assert not found.missing
    assert largest(Y).of(members(record, [1.0])).missing


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12))
def test_in_the_mean_every_member_counts_alike(record, values):
    found = average(X).of(members(record, values))
    assert found.value == pytest.approx(float(np.mean(values)), abs=1e-9)
    assert found.reason is None


def test_the_error_of_the_mean_is_the_mean_error(record):
    found = average(X).of(members(record, [5.0, 1.0, 3.0], error=0.1))
    assert found.value == pytest.approx(3.0)
    assert found.error == pytest.approx(0.2)  # the errors of one network have one cause: they need not cancel
    assert (str(average(X)), average(X).names) == ("average(last_value(x))", ("x",))


def test_a_mean_lacks_nothing_and_is_of_no_ratios(record):
    assert average(Y).of(members(record, [1.0, 2.0])).missing
    assert math.isnan(average(X).of([*members(record, [1.0]), record({"x": [math.nan]}, lr=3.0)]).value)
    for wrong in (X / Y, first_step(Measured("x") > 1), Measured("x")):
        with pytest.raises(BadInput, match="no ratio"):
            average(wrong)


def test_it_is_judged_over_any_sweep(record):
    evidence = {
        "models": [
            record({"x": [value]}, seed=seed, lr=lr, batch=batch)
            for seed in range(5)
            for lr, batch, value in ((0.1, 5.0, 1.0), (0.2, 5.0, 2.0 + seed / 100), (0.1, 9.0, 0.5))
        ]
    }
    claim = Claim("says", "source", largest(X), Between(1.9, 2.2), on="models", over=("lr", "batch"))
    (verdict,) = judge([claim], evidence)
    assert verdict.outcome == "supported"
    assert verdict.estimate == pytest.approx(2.02)


def test_what_is_no_number_with_an_error_is_refused():
    with pytest.raises(BadInput, match="known but for its error"):
        largest(first_step(Measured("x") > 1))
    with pytest.raises(BadInput, match="known but for its error"):
        largest(Measured("x"))


def models(record, rows):
    """Of each row: the width, x and y; the rate tells the models of one width apart."""
    return [
        record({"x": [x], "y": [y]}, lr=float(place), width=float(width)) for place, (width, x, y) in enumerate(rows)
    ]


ORDER = rank_correlation(X, Y)


def test_the_trend_is_the_slope_of_the_correlations_of_each_size(record):
    """τ is 1 at width 8, 1/3 at width 16, -1 at width 32: against log₂ the slope is -1, whatever happens across."""
    rows = [(8, 1, 10), (8, 2, 20), (8, 3, 30), (16, 1, 1), (16, 2, 3), (16, 3, 2), (32, 7, 3), (32, 8, 2), (32, 9, 1)]
    made = correlation_trend(ORDER, across="width")
    found = made.of(models(record, rows))
    assert found.value == pytest.approx(-1.0)
    assert found.value == pytest.approx(np.polyfit([3, 4, 5], [1, 1 / 3, -1], 1)[0])
    assert correlation_trend(ORDER, across="width").of(models(record, rows[::-1])).value == pytest.approx(-1.0)
    assert made.takes(("lr", "width"))
    assert not made.takes(("lr", "batch"))
    assert made.settings == ("width",)


@given(st.lists(st.tuples(st.sampled_from([4, 16]), st.integers(0, 50), st.integers(0, 50)), min_size=8, max_size=20))
def test_of_two_sizes_it_is_the_difference_by_doublings(record, rows):
    taus = [
        kendalltau([x for w, x, _ in rows if w == size], [y for w, _, y in rows if w == size]).statistic
        if sum(w == size for w, *_ in rows) > 1
        else math.nan
        for size in (4, 16)
    ]
    found = correlation_trend(ORDER, across="width").of(models(record, rows))
    if any(map(math.isnan, taus)):
        assert found.reason
    else:
        assert found.value == pytest.approx((taus[1] - taus[0]) / 2, abs=1e-12)


def test_errors_of_the_correlations_are_carried(record):
    rows = [(4, 1, 1), (4, 2, 2), (16, 1, 1), (16, 2, 2)]
    members = [
        record({"x": [x], "x.residual": [1.2], "y": [y]}, lr=float(place), width=float(width))
        for place, (width, x, y) in enumerate(rows)
    ]
    found = correlation_trend(ORDER, across="width").of(members)
    one = ORDER.of(members[:2]).error
    assert one > 0
    assert found.error == pytest.approx(one)  # weights of -1/2 and 1/2


def test_what_has_no_trend_says_why(record):
    made = correlation_trend(ORDER, across="width")
    assert "needs 2 different values of width" in (made.of(models(record, [(4, 1, 1), (4, 2, 2)])).reason or "")
    assert "needs a positive width" in (made.of([record({"x": [1.0], "y": [1.0]}, lr=1.0)]).reason or "")
    with pytest.raises(BadInput, match="nothing can be compared within it"):
        correlation_trend(rank_correlation(X, Y, within="width"), across="width")
    with pytest.raises(BadInput, match="across a swept setting"):
        correlation_trend(ORDER, across=" ")
