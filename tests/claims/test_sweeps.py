"""The largest of a sweep: of what, with what error, and on which scale."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.claims import Between, Claim, Measured, first_step, judge, largest, last_value
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
