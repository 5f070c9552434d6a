"""Peaks in a sweep: against a search written out by hand, and curves whose peaks are plain to see."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.claims import (
    Between,
    Claim,
    Measured,
    Setting,
    hump_across,
    hump_place,
    judge,
    last_value,
    onset,
    peak_descent,
    peak_height,
    peak_place,
    quotient,
    second_minimum,
)
from phenoscope.core.errors import BadInput
from phenoscope.record import Record, Series

RISK, SIZE = last_value(Measured("risk")), Setting("size")
PLACE, HEIGHT, DESCENT, SECOND = (make(RISK, SIZE) for make in (peak_place, peak_height, peak_descent, second_minimum))
DOUBLE = [3.0, 2.0, 9.0, 4.0, 1.0]


def member(size, risk, *, error=0.0, seed=0):
    series = {"risk": [risk]} | ({"risk.residual": [error]} if error else {})
    made = {name: Series(np.arange(1), np.asarray(values, float)) for name, values in series.items()}
    return Record("by hand", {"seed": seed, "steps": 0, "size": size}, made)


def swept(risks, **options):
    return [member(10.0 * (place + 1), risk, **options) for place, risk in enumerate(risks)]


def test_a_double_descent():
    members = swept(DOUBLE)
    assert (HEIGHT.of(members).value, DESCENT.of(members).value, SECOND.of(members).value) == (4.5, 1 / 9, 0.5)
    found = PLACE.of(members)
    assert (found.value - found.error, found.value + found.error) == (20.0, 40.0)
    assert PLACE.censored
    assert not HEIGHT.censored
    assert (PLACE.scale, HEIGHT.scale) == ("linear", "log")


@pytest.mark.parametrize(
    ("risks", "expected"), [([4.0, 2.0, 1.0], (1.0, 0.25, 0.25, 10, 20)), ([1.0, 2.0, 4.0], (4.0, 1.0, 4.0, 20, 30))]
)
def test_without_a_peak_inside(risks, expected):
    members = swept(risks)
    found = PLACE.of(members)
    values = tuple(part.of(members).value for part in (HEIGHT, DESCENT, SECOND))
    assert (*values, found.value - found.error, found.value + found.error) == expected


@given(st.lists(st.floats(0.1, 10), min_size=3, max_size=8, unique=True), st.randoms())
def test_by_hand(risks, random):
    members = swept(risks)
    random.shuffle(members)
    top = risks.index(max(risks))
    before, after = min(risks[: top + 1]), min(risks[top:])
    assert HEIGHT.of(members).value == pytest.approx(risks[top] / before)
    assert DESCENT.of(members).value == pytest.approx(after / risks[top])
    assert SECOND.of(members).value == pytest.approx(after / before)


@given(st.lists(st.floats(0.1, 10), min_size=3, max_size=8))
def test_humps_are_those_of_a_series(risks):
    height, place = hump_across(RISK, SIZE), hump_place(RISK, SIZE)
    best, top = max((risks[j] / max(min(risks[:j]), min(risks[j + 1 :])), -j) for j in range(1, len(risks) - 1))
    assert height.of(swept(risks)).value == pytest.approx(max(1.0, best))
    found = place.of(swept(risks))
    if best <= 1:
        assert "does not fall, rise and fall again" in str(found.reason)
    else:
        assert (found.value - found.error, found.value + found.error) == (10.0 * -top, 10.0 * (2 - top))


def test_a_hump_may_be_lower_than_the_beginning():
    members = swept([20.0, 2.0, 9.0, 4.0, 1.0])
    assert HEIGHT.of(members).value == 1.0
    assert hump_across(RISK, SIZE).of(members).value == 4.5


def test_where_a_peak_is_over_where_something_sets_in():
    """Peak between 20 and 40, onset between 40 and 50: the quotient is known from 20/50 to 40/40."""
    members = swept(DOUBLE)
    found = quotient(PLACE, onset(RISK < 2, SIZE)).of(members)
    assert found.value == pytest.approx(30 / 45)
    assert (found.value - found.error, found.value + found.error) <= (0.4, 1.0)
    assert found.value + found.error >= 1.0 - 1e-12
    assert found.censored
    assert found.scale == "log"
    assert "does not hold" in str(quotient(PLACE, onset(RISK < 0.5, SIZE)).of(members).reason)
    with pytest.raises(BadInput, match="two numbers of a sweep"):
        quotient(PLACE, RISK)  # type: ignore[arg-type]


def test_errors_are_carried():
    members = [*swept(DOUBLE[:2]), member(30.0, 9.0, error=0.9), member(40.0, 4.0)]
    assert HEIGHT.of(members).error == pytest.approx(0.45)
    assert "surely positive" in str(HEIGHT.of(swept([1.0, 2.0, 3.0], error=1.5)).reason)


def test_the_error_of_a_hump_is_the_spread_of_its_repetitions():
    """Measured again and again, with independent errors; the worst case would be five times as much here."""
    true, random = np.array([20.0, 2.0, 9.0, 4.0, 1.0]), np.random.default_rng(1)
    errors = np.array([0.5, 0.1, 0.6, 0.3, 0.3])
    members = [member(i, y, error=e) for i, (y, e) in enumerate(zip(true, errors, strict=True))]
    found = hump_across(RISK, SIZE).of(members)
    again = true + errors * random.standard_normal((4000, 5))
    spread = np.std(again[:, 2] / np.maximum(again[:, :2].min(axis=1), again[:, 3:].min(axis=1)))
    assert found.value == 4.5
    assert found.error == pytest.approx(spread, rel=0.1)
    assert found == hump_across(RISK, SIZE).of(members)
    assert hump_across(RISK, SIZE).of(swept(true)).error == 0.0


def test_humps_that_may_be_chance_have_an_error():
    found = hump_across(RISK, SIZE).of([member(i, 1.0 + 0.01 * (i == 2), error=0.1) for i in range(6)])
    assert found.value == pytest.approx(1.01)
    assert 0.05 < found.error < 0.15


def test_what_it_cannot_tell():
    assert "needs 3 different values" in str(PLACE.of(swept([1.0, 2.0])).reason)
    lacking = HEIGHT.of([Record("by hand", {"size": 1.0}, {})] * 3)
    assert lacking.missing
    assert math.isnan(lacking.value)


def test_a_claim_on_the_place_is_interval_censored():
    claim = Claim("it is at 30", "by hand", PLACE, Between(15, 45), on="a", over="size")
    records = [record for seed in range(5) for record in swept(DOUBLE, seed=seed)]
    (verdict,) = judge((claim,), {"a": records}, sweeps={"a": ("size",)})
    assert (verdict.low, verdict.high, verdict.outcome) == (20.0, 40.0, "supported")


def test_mistakes_are_refused():
    with pytest.raises(BadInput, match="peak_height needs a statistic"):
        peak_height(Measured("risk"), SIZE)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="peak_place needs arithmetic of settings"):
        peak_place(RISK, Measured("risk"))
