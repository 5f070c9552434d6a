"""Marks in training: against searches written out by hand, simulated clocks, and the censored cases one by one."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from phenoscope.claims import (
    Above,
    Claim,
    Measured,
    first_step,
    highest_step,
    judge,
    last_value,
    mark_correlation,
    mark_ratio,
    rank_correlation,
    settled_step,
)
from phenoscope.core.errors import BadInput
from phenoscope.record import Record, Series

X, Y = Measured("x"), Measured("y")
STEPS = np.array([0, 1, 2, 4, 8, 16])
CALM = settled_step(X <= 1.0)
EARLY, OTHER = first_step(X >= 1.0), first_step(Y >= 1.0)


def member(*, steps=STEPS, lr=0.1, start=0, seed=0, **series):
    made = {name.replace("_", "."): Series(steps, np.asarray(values, float)) for name, values in series.items()}
    return Record("by hand", {"seed": seed, "steps": 16, "lr": lr, "initialisation": start}, made)


def span(value):
    return value.value - value.error, value.value + value.error


def jump(at):
    """A series that is 1 from a step on; never, for infinity."""
    return (at <= STEPS).astype(float)


@given(st.lists(st.sampled_from([0.0, 2.0]), min_size=6, max_size=6))
def test_it_settles_after_the_last_failure(values):
    found = CALM.of(member(x=values))
    failing = [step for step, value in zip(STEPS, values, strict=True) if value > 1]
    if failing and failing[-1] == STEPS[-1]:
        assert math.isnan(found.value)
        assert "does not hold up to step 16" in str(found.reason)
        assert found.after == 16
    elif not failing:
        assert span(found) == (0, 0)
    else:
        assert span(found) == (failing[-1], STEPS[list(STEPS).index(failing[-1]) + 1])
    assert found.censored


def test_to_settle_is_not_to_hold_once():
    dips = [2.0, 0, 2, 0, 0, 0]
    assert span(CALM.of(member(x=dips))) == (2, 4)
    assert span(first_step(X <= 1.0).of(member(x=dips))) == (0, 1)


def test_errors_widen_where_it_settles():
    found = CALM.of(member(x=[3.0, 1.2, 0.9, 0.2, 0.1, 0.1], x_residual=[0, 0.5, 0.5, 0, 0, 0]))
    assert span(found) == (0, 4)  # at 1 it may hold, at 2 it may fail
    assert CALM.of(member(x=[2.0, math.nan, 0, 0, 0, 0])).after is None


@given(st.permutations([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
def test_the_highest_step_lies_between_the_neighbours_of_the_largest_reading(values):
    found, top = highest_step(X).of(member(x=values)), values.index(6.0)
    if top == 5:
        assert found.after == 8
        assert "may still rise" in str(found.reason)
    else:
        assert span(found) == (STEPS[max(top - 1, 0)], STEPS[top + 1])


def test_errors_widen_where_it_is_highest():
    values, errors = [0.0, 5.0, 1.0, 4.5, 0.0, 0.0], [0.0, 0.3, 0.0, 0.3, 0.0, 0.0]
    assert span(highest_step(X).of(member(x=values, x_residual=errors))) == (0, 8)
    assert span(highest_step(X).of(member(x=values))) == (0, 2)
    assert highest_step(X).of(member(x=[math.inf, 0, 0, 0, 0, 0])).after is None


def test_what_never_comes_is_known_to_be_later():
    assert EARLY.of(member(x=jump(math.inf))).after == 16
    doubtful = member(x=[0, 0, 0.9, 0, 0, 0], x_residual=[0, 0, 0.5, 0, 0, 0])
    assert EARLY.of(doubtful).after == 1  # at 2 it may have come
    assert EARLY.of(member(x=[0, math.nan, 0, 0, 0, 0])).after is None


DATES = st.lists(st.sampled_from([0, 1, 2, 4, 8, 16, math.inf]), min_size=6, max_size=6)


@given(DATES, DATES, st.sampled_from([None, "lr", "initialisation"]))
def test_the_correlation_counts_pairs_whose_order_is_known(one, other, within):
    # On a common grid a date is a place in it, and what never comes is after all that do: τ-b of the places.
    places = list(itertools.product((0.1, 0.2), (0, 1, 2)))
    members = [
        member(lr=lr, start=start, x=jump(a), y=jump(b)) for (lr, start), a, b in zip(places, one, other, strict=True)
    ]
    found = mark_correlation(EARLY, OTHER, within=within).of(members[::-1]).value
    fixed = {None: None, "lr": 1, "initialisation": 0}[within]
    count = np.zeros(3)
    for i, j in itertools.combinations(range(6), 2):
        if fixed is None or places[i][fixed] == places[j][fixed]:
            a, b = np.sign(_minus(one[i], one[j])), np.sign(_minus(other[i], other[j]))
            count += (a * b, a != 0, b != 0)
    if 0 in count[1:]:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(count[0] / math.sqrt(count[1] * count[2]))
        if fixed is None:
            ranks = [stats.rankdata(np.nan_to_num(dates, posinf=99.0)) for dates in (one, other)]
            assert found == pytest.approx(stats.kendalltau(*ranks)[0])


def _minus(a, b):
    return 0.0 if a == b else a - b


def test_dates_on_grids_that_overlap_are_ties():
    late = member(steps=np.array([0, 8, 16]), lr=0.2, x=[0, 1, 1], y=[0, 1, 1])  # in (0, 8]
    members = [member(x=jump(4), y=jump(4)), late, member(lr=0.3, x=jump(16), y=jump(16))]
    assert mark_correlation(EARLY, OTHER).of(members).value == 1.0
    assert "no pair" in str(mark_correlation(EARLY, OTHER).of(members[:2]).reason)
    assert rank_correlation(EARLY, OTHER).of(members[:2]).value == 1.0  # which takes the middles for the dates


def test_what_was_so_from_the_first_reading_may_be_as_early_as_what_came_until_then():
    calm = settled_step(Y <= 1.0)
    at_four = member(steps=STEPS[3:], x=[0, 0, 0], y=[0, 0, 0])  # at 4, from where it was read
    until_four = member(lr=0.2, x=[2, 2, 2, 0, 0, 0], y=[2, 2, 2, 0, 0, 0])  # in (2, 4]
    after_four = member(lr=0.3, x=[2, 2, 2, 2, 0, 0], y=[2, 2, 2, 2, 0, 0])  # in (4, 8]
    assert "no pair" in str(mark_correlation(CALM, calm).of([at_four, until_four]).reason)
    assert mark_correlation(CALM, calm).of([at_four, after_four]).value == 1.0


def test_shuffled_correlations_are_those_of_chance():
    found = []
    for seed in range(200):
        members = [member(seed=seed, lr=lr, x=jump(at), y=jump(at)) for lr, at in enumerate(STEPS)]
        found.append(mark_correlation(EARLY, OTHER, shuffled=True).of(members).value)
        assert mark_correlation(EARLY, OTHER).of(members).value == 1.0
    assert abs(np.mean(found)) < 4 * np.std(found) / math.sqrt(200)
    assert np.std(found) == pytest.approx(math.sqrt(2 * (2 * 6 + 5) / (9 * 6 * 5)), rel=0.2)


def test_the_ratio_lies_between_the_medians_of_the_bounds():
    members = [member(x=jump(a), y=jump(b)) for a, b in ((4, 1), (8, 2), (math.inf, 4))]
    found = mark_ratio(EARLY, OTHER).of(members)
    # (2, 4] over (0, 1], (4, 8] over (1, 2], and later than 16 over (2, 4], each on a clock that begins at 1
    lows, highs = [3 / 2, 5 / 3, 17 / 5], [5 / 1, 9 / 2, math.inf]
    assert span(found) == pytest.approx((np.median(lows), np.median(highs)))
    assert (found.scale, found.censored) == ("log", True)


def test_marks_that_never_come_count_until_they_are_too_many():
    never = member(x=jump(math.inf), y=jump(1))
    once = member(x=jump(1), y=jump(1))
    ratio = mark_ratio(EARLY, OTHER)
    assert ratio.of([once, once, never]).value > 0
    assert "has not come in too many of 3 members" in str(ratio.of([once, never, never]).reason)
    assert "too many" in str(ratio.of([once, never]).reason)
    assert span(mark_ratio(OTHER, EARLY).of([once, once, never])) == pytest.approx((1 / 2, 2))


@given(st.integers(0, 10_000))
def test_the_true_ratio_lies_within(seed):
    generator = np.random.default_rng(seed)
    dates = generator.uniform(0, 30, size=(5, 2))
    members = [member(x=jump(a), y=jump(b)) for a, b in dates]
    found = mark_ratio(EARLY, OTHER).of(members)
    truth = np.median((1 + dates[:, 0]) / (1 + dates[:, 1]))
    if found.reason is None:
        low, high = span(found)
        assert low - 1e-9 <= truth <= high + 1e-9


def test_a_claim_on_them_is_judged_seed_by_seed():
    claim = Claim("later with later", "by hand", mark_correlation(EARLY, OTHER), Above(0), on="a", over="lr")
    records = [member(seed=seed, lr=lr, x=jump(lr), y=jump(lr)) for seed in range(4) for lr in (1, 4, 16)]
    (verdict,) = judge((claim,), {"a": records}, sweeps={"a": ("lr",)})
    assert verdict.outcome == "supported"


def test_what_is_wrong_is_said():
    for made in (mark_ratio, mark_correlation):
        with pytest.raises(BadInput, match="steps at which something happens"):
            made(EARLY, last_value(X))
    with pytest.raises(BadInput, match="names a swept setting"):
        mark_correlation(EARLY, OTHER, within=" ")
    assert mark_ratio(EARLY, OTHER).of([member(x=jump(1))]).missing
    assert "a reading is nan" in str(mark_correlation(CALM, CALM).of([member(x=[math.nan] * 6)]).reason)
    assert str(mark_ratio(EARLY, CALM)) == "mark_ratio(first_step(x ≥ 1), settled_step(x ≤ 1))"
    assert "within lr, shuffled" in str(mark_correlation(EARLY, CALM, within="lr", shuffled=True))
