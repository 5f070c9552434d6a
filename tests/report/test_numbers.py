"""Numbers as written against the numbers themselves."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.report.numbers import counted, duration, interval, number, read

FINITE = st.floats(-1e300, 1e300, allow_subnormal=False)


@given(FINITE)
def test_number_is_within_half_a_unit_of_its_fourth_digit(value):
    assert read(number(value)) == pytest.approx(value, rel=5.001e-4, abs=0)


@pytest.mark.parametrize(("value", "text"), [(math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "–"), (-0.5, "−0.5")])
def test_special_numbers(value, text):
    assert number(value) == text


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e3), st.floats(-1e6, 1e6))
def test_an_interval_is_rounded_finer_than_its_width_and_to_the_right_side(low, width, edge):
    high = low + width
    middle = (low + high) / 2
    shown = [read(text) for text in interval(middle, low, high, edges=(edge,))]
    for value, seen in zip((middle, low, high), shown, strict=True):
        assert abs(seen - value) <= max(0.051 * width, 5.001e-4 * abs(value))
    for value, seen in zip((low, high), shown[1:], strict=True):
        assert value == edge or (seen > edge, seen < edge) == (value > edge, value < edge)


def test_an_interval_that_only_just_crosses_an_edge_is_seen_to_cross():
    assert interval(1.2, 0.99996, 1.4)[1] == "1.00"
    assert interval(1.2, 0.99996, 1.4, edges=(1.0, math.inf))[1] == "0.99996"


def test_an_end_next_to_zero_is_not_written_as_zero():
    assert interval(0.5, 1e-40, 1.0, edges=(0.0,)) == ("0.5", "1×10⁻⁴⁰", "1")


def test_the_three_have_the_same_decimals():
    texts = interval(1.0, 0.95, 1.1)
    assert {Decimal(text).as_tuple().exponent for text in texts} == {-3} or texts == ("1.00", "0.95", "1.10")


def test_an_interval_as_narrow_as_rounding_has_no_more_digits_than_a_reader_can_use():
    low, high = 1 - 1e-15, 1 + 1e-15
    assert interval(1.0, low, high) == ("1.00000000",) * 3
    assert interval(1.0, low, high, edges=(1 - 2e-10,)) == ("1.00000000",) * 3
    assert interval(1.0, 1 - 4e-10, high, edges=(1 - 3e-10, 1.5))[1] == "0.9999999996"


def test_no_negative_zero():
    assert interval(1.0, -0.0004, 2.0)[1] == "0.0"


def test_a_wide_interval_does_not_swallow_its_estimate():
    assert interval(0.402, -24.13, 24.93) == ("0.402", "−24.1", "24.9")
    assert interval(0.0691, -0.6, 0.8)[0] == "0.0691"


def test_large_numbers_show_their_spread():
    assert interval(1234567.0, 1234500.0, 1234700.0)[0] == "1.23457×10⁶"


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.7, "60 s"), (60, "1 min"), (3599.6, "1 h"), (3600, "1 h"), (math.nan, "–")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_counted_plural():
    assert counted(0, "member has", "members have") == "0 members have"
