"""Rank correlations over a sweep: against scipy, against pairs counted by hand, and as claims with their controls."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phenoscope.claims import (
    Above,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    judge,
    last_value,
    log_log_slope,
    rank_correlation,
    slope,
)
from phenoscope.core.errors import BadInput
from phenoscope.record import Record, Series

X, Y, LR, WIDTH = last_value(Measured("x")), last_value(Measured("y")), Setting("lr"), Setting("width")
GRID = tuple(itertools.product((0.1, 0.2, 0.4), (8, 16)))
small = st.integers(-2, 2)  # few values, so that there are ties


def member(x, y, *, seed=0, error=0.0, **others):
    series = {"x": [x], "y": [y]} | ({"x.residual": [error]} if error else {})
    made = {name: Series(np.arange(1), np.asarray(values, float)) for name, values in series.items()}
    return Record("by hand", {"seed": seed, "steps": 0} | others, made)


def grid(x, y, **options):
    return [member(a, b, lr=lr, width=width, **options) for a, b, (lr, width) in zip(x, y, GRID, strict=True)]


@given(st.lists(st.tuples(small, small), min_size=2, max_size=12))
@settings(max_examples=60, deadline=None)
def test_over_all_members_it_is_scipys_tau_b(pairs):
    x, y = np.array(pairs, float).T
    found = rank_correlation(X, Y).of([member(a, b, lr=i) for i, (a, b) in enumerate(pairs)])
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert "no pair of members that differ in both" in str(found.reason)
    else:
        assert found.value == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)


@given(st.lists(st.tuples(small, small), min_size=6, max_size=6))
@settings(max_examples=60, deadline=None)
def test_within_a_setting_it_counts_the_pairs_that_differ_in_it_alone(pairs):
    x, y = np.array(pairs, float).T
    found = rank_correlation(X, Y, within="lr").of(grid(x, y))
    count = np.zeros(3)
    for i, j in itertools.combinations(range(6), 2):
        if GRID[i][1] == GRID[j][1]:
            one, two = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
            count += (one * two, one != 0, two != 0)
    if 0 in count[1:]:
        assert math.isnan(found.value)
    else:
        assert found.value == pytest.approx(count[0] / math.sqrt(count[1] * count[2]))


def test_another_setting_makes_a_correlation_overall_and_none_within():
    # Width moves x and y together; within a width they go against each other.
    x = [lr + 10 * width for lr, width in GRID]
    y = [-lr + 10 * width for lr, width in GRID]
    assert rank_correlation(X, Y).of(grid(x, y)).value > 0
    assert rank_correlation(X, Y, within="lr").of(grid(x, y)).value == pytest.approx(-1)
    assert rank_correlation(X, Y, within="width").of(grid(x, y)).value == pytest.approx(1)
    assert rank_correlation(X, LR).of(grid(x, y)).value == pytest.approx(stats.kendalltau(x, [g[0] for g in GRID])[0])


def test_what_follows_from_a_setting_goes_along_with_it():
    x, y = [3, 1, 4, 1, 5, 9], [2, 7, 1, 8, 2, 8]
    plain = grid(x, y)
    along = [dataclasses.replace(each, settings={**each.settings, "steps": 1 / each.settings["lr"]}) for each in plain]
    for within in ("lr", "width"):
        statistic = rank_correlation(X, Y, within=within)
        assert statistic.of(along).value == statistic.of(plain).value


def test_the_order_of_the_members_does_not_matter():
    members = grid([3, 1, 4, 1, 5, 9], [2, 7, 1, 8, 2, 8], seed=4)
    for statistic in (rank_correlation(X, Y), rank_correlation(X, Y, shuffled=True)):
        assert statistic.of(members).value == statistic.of(members[::-1]).value


def test_shuffled_pairs_have_the_spread_of_independent_ones():
    count = 40
    members = [[member(i, i, seed=seed, lr=i) for i in range(count)] for seed in range(150)]
    found = np.array([rank_correlation(X, Y, shuffled=True).of(each).value for each in members])
    wanted = math.sqrt(2 * (2 * count + 5) / (9 * count * (count - 1)))
    assert abs(found.mean()) < 4 * wanted / math.sqrt(150)
    assert found.std() == pytest.approx(wanted, rel=0.25)
    assert rank_correlation(X, Y, shuffled=True).of(members[0]).value == found[0]


def test_shuffled_within_a_setting_stays_within_it():
    members = grid([lr for lr, _ in GRID], [width for _, width in GRID])  # y is one number in each slice of lr
    assert "no pair" in str(rank_correlation(X, Y, within="lr", shuffled=True).of(members).reason)


def test_the_error_is_what_single_readings_can_do():
    # 1 and 1.4 may change places, 10 may not: one of three pairs goes from +1 to -1, by each of the two readings.
    members = [member(x, y, lr=y, error=0.5) for x, y in ((1.0, 1), (1.4, 2), (10.0, 3))]
    assert rank_correlation(X, Y).of(members).error == pytest.approx(math.hypot(2 / 3, 2 / 3))
    assert rank_correlation(X, Y).of([member(x, x, lr=x) for x in (1, 2)]).error == 0


def test_what_is_missing_is_said():
    members = [member(1, 2, lr=0.1), Record("r", {"seed": 0, "lr": 0.2}, {})]
    assert rank_correlation(X, Y).of(members).missing
    assert rank_correlation(X, Y, within="depth").of(members[:1]).reason == "needs the setting 'depth'"


def test_a_plain_slope_against_a_direct_fit():
    rates, levels = [0.0, 0.2, 0.4], [-1.0, 3.0, 2.0]
    found = slope(X, LR).of([member(y, 0, error=0.5, lr=lr) for lr, y in zip(rates, levels, strict=True)])
    assert found.value == pytest.approx(np.polyfit(rates, levels, 1)[0])
    shifts = ([-0.5, 0.0, 0.5], [0.5, 0.0, -0.5])
    worst = max(abs(np.polyfit(rates, np.add(levels, shift), 1)[0] - found.value) for shift in shifts)
    assert found.error == pytest.approx(worst)
    assert str(slope(X, LR)) == "slope(last_value(x), lr)"
    with pytest.raises(BadInput, match="slope needs arithmetic of settings for x"):
        slope(X, Y)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: rank_correlation(Measured("x"), Y), "Reduce it first"),
        (lambda: rank_correlation(X, 3), "numbers that differ between members"),
        (lambda: rank_correlation(X, Y, within=""), "`within` names a swept setting"),
    ],
)
def test_mistakes_are_refused(wrong, says):
    with pytest.raises(BadInput, match=says):
        wrong()


def claimed(**options):
    parts = {"statistic": rank_correlation(X, Y), "region": Above(0.5), "on": "main", "over": ("lr", "width")}
    return Claim("x goes with y", "by hand", **(parts | options))


def sweep(x, y):
    return [each for seed in range(5) for each in grid(x(seed), y(seed), seed=seed)]


TOGETHER = sweep(lambda seed: [1, 2, 3, 4, 5, 6 - 2 * (seed == 1)], lambda seed: [1, 2, 3, 4, 5, 6])
SWEEPS = {"main": ("lr", "width")}


def test_a_claim_takes_a_sweep_of_several_settings():
    (verdict,) = judge([claimed()], {"main": TOGETHER}, sweeps=SWEEPS)
    assert (verdict.outcome, verdict.n) == ("supported", 5)
    (short,) = judge([claimed()], {"main": TOGETHER[:-1]}, sweeps=SWEEPS)
    assert short.reason == "seed 4: has 5 of the 6 combinations of lr, width"
    with pytest.raises(BadInput, match="sweeps 'width', which the claim"):
        judge([claimed(over="lr")], {"main": TOGETHER}, sweeps=SWEEPS)
    with pytest.raises(BadInput, match="needs one number from a sweep of lr, width"):
        claimed(statistic=log_log_slope(X, LR))
    with pytest.raises(BadInput, match="needs one number from a sweep of lr"):
        claimed(statistic=rank_correlation(X, Y, within="width"), over="lr")


def test_a_control_may_be_another_reading_of_the_same_arm():
    shuffled = Breaks("main", statistic=rank_correlation(X, Y, shuffled=True))
    (verdict,) = judge([claimed(control=shuffled)], {"main": TOGETHER}, sweeps=SWEEPS)
    assert verdict.outcome == "supported"
    assert verdict.control.arm == "rank_correlation(last_value(x), last_value(y), shuffled) of main"
    named = Breaks("main", statistic=rank_correlation(X, Y, shuffled=True), called="y dealt out anew")
    (verdict,) = judge([claimed(control=named)], {"main": TOGETHER}, sweeps=SWEEPS)
    assert verdict.control.arm == "y dealt out anew"
    same = Breaks("main", statistic=rank_correlation(Y, X))
    (verdict,) = judge([claimed(control=same)], {"main": TOGETHER}, sweeps=SWEEPS)
    assert verdict.outcome == "supported, control did not discriminate"
    (verdict,) = judge([claimed(control=Twin("main", Above(0.9), rank_correlation(Y, Y)))], {"main": TOGETHER})
    assert (verdict.control.estimate, verdict.control.how) == (1.0, "as expected: expected > 0.9")
