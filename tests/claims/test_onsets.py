"""Onsets in a sweep: against a search written out by hand, and what a grid and errors leave open."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.claims import AtMost, Claim, Measured, Setting, judge, last_value, onset
from phenoscope.core.errors import BadInput
from phenoscope.record import Record, Series

HEIGHT, AT = last_value(Measured("height")), Setting("at")
LOW = onset(HEIGHT <= 1.0, AT)


def member(at, height, *, error=0.0, seed=0):
    series = {"height": [height]} | ({"height.residual": [error]} if error else {})
    made = {name: Series(np.arange(1), np.asarray(values, float)) for name, values in series.items()}
    return Record("by hand", {"seed": seed, "steps": 0, "at": at}, made)


def swept(heights, **options):
    return [member(float(at), height, **options) for at, height in enumerate(heights)]


@given(st.lists(st.sampled_from([0.0, 2.0]), min_size=2, max_size=8), st.randoms())
def test_it_is_where_the_last_failure_ends(heights, random):
    members = swept(heights)
    random.shuffle(members)
    found = LOW.of(members)
    failing = [at for at, height in enumerate(heights) if height > 1]
    if failing and failing[-1] == len(heights) - 1:
        assert "does not hold up to" in str(found.reason)
        assert math.isnan(found.value)
    elif not failing:
        assert (found.value, found.error) == (0.0, 0.0)
    else:
        assert (found.value - found.error, found.value + found.error) == (failing[-1], failing[-1] + 1)
    assert found.censored


def test_a_dip_is_no_onset():
    assert LOW.of(swept([2, 0, 2, 0, 0])).value == 2.5  # the first time that it holds is at 1


def test_what_errors_leave_open_widens_the_bounds():
    members = [member(0, 3.0), member(1, 1.2, error=0.5), member(2, 0.9, error=0.5), member(3, 0.1)]
    found = LOW.of(members)
    assert (found.value - found.error, found.value + found.error) == (0.0, 3.0)
    assert "does not hold" in str(LOW.of([member(0, 2.0), member(1, 0.9, error=0.5)]).reason)


def test_a_claim_on_it_is_interval_censored():
    claim = Claim("it is early", "by hand", LOW, AtMost(1.5), on="a", over="at")
    records = [record for seed in range(5) for record in swept([2, 2, 0, 0], seed=seed)]
    (verdict,) = judge((claim,), {"a": records}, sweeps={"a": ("at",)})
    assert (verdict.low, verdict.high) == (1.0, 2.0)
    assert verdict.outcome == "undecided"


def test_what_is_lacking_is_said():
    assert LOW.of([Record("x", {"seed": 0, "steps": 0}, {})]).missing
    with pytest.raises(BadInput, match="onset needs a criterion"):
        onset(HEIGHT, AT)
    with pytest.raises(BadInput, match="arithmetic of settings"):
        onset(HEIGHT <= 1, Measured("height"))
    assert str(LOW) == "onset(last_value(height) ≤ 1, at)"
