"""Blocks of time of one run: the autocorrelation time of AR(1), the interval's coverage, and what has no blocks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    block_ratio,
    first_step,
    fraction_of,
    judge_run,
    late_mean,
    log_log_slope,
    maximum,
    mean,
    sign_changes,
)
from phenoscope.claims.blocks import LEAST, TIMES, autocorrelation_time, blocks
from phenoscope.record import Record, Series

X, LR = Measured("x"), Setting("lr")


def record(values, residuals=None, **settings):
    values = np.asarray(values, dtype=np.float64)
    steps = np.arange(len(values))
    series = {"x": Series(steps, values)}
    if residuals is not None:
        series["x.residual"] = Series(steps, np.broadcast_to(np.asarray(residuals, np.float64), values.shape).copy())
    return Record("run", {"seed": 0, "steps": len(values), "lr": 0.5} | settings, series)


def wandering(phi, size, generator):
    """A stationary AR(1) series of mean 0 and variance 1: its autocorrelation time is (1 + φ)/(1 - φ)."""
    noise = generator.standard_normal(size) * math.sqrt(1 - phi**2)
    series = np.empty(size)
    series[0] = generator.standard_normal()
    for step in range(1, size):
        series[step] = phi * series[step - 1] + noise[step]
    return series


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_the_time_of_a_wandering_series(phi):
    generator = np.random.default_rng(0)
    found = [autocorrelation_time(wandering(phi, 4000, generator)) for _ in range(20)]
    assert np.mean(found) == pytest.approx((1 + phi) / (1 - phi), rel=0.15)


def test_series_without_memory_of_their_own():
    assert autocorrelation_time(np.array([1.0, -1.0] * 50)) == 1  # 1 + 2 Σ ρ is 0
    assert autocorrelation_time(np.full(50, 1e8)) == 1
    assert autocorrelation_time(np.array([3.0])) == 1
    assert autocorrelation_time(np.array([])) == 1
    assert autocorrelation_time(np.arange(1000.0)) > 100  # a drift


def claim(statistic, region, **options):
    return Claim("it is so", "nobody", statistic, region, on="arm", **options)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """At φ = 0.8 taking readings for replicates covers in about half of the cases; blocks in about 94 %."""
    generator = np.random.default_rng(1)
    judged = covered = naive = 0
    for _ in range(400):
        series = wandering(0.8, 3000, generator)
        (verdict,) = judge_run([claim(mean(X), AtLeast(10.0))], record(series))
        if verdict.n >= LEAST:
            judged += 1
            covered += verdict.raw_low <= 0 <= verdict.raw_high
            naive += abs(series.mean()) <= 1.96 * series.std() / math.sqrt(len(series))
    assert judged > 390
    assert covered / judged > 0.91
    assert naive / judged < 0.6


def test_blocks_are_as_long_as_they_must_be():
    series = wandering(0.9, 6000, np.random.default_rng(2))
    found = blocks(mean(X), record(series))
    time = autocorrelation_time(series)
    assert LEAST <= len(found) <= 6000 / (TIMES * time)
    assert np.mean([value.value for value in found]) == pytest.approx(series.mean(), abs=0.02)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(60, 400), factor=st.floats(0.1, 10), shift=st.floats(-5, 5))
def test_scaling_and_shifting_do_to_blocks_what_they_do_to_the_whole(seed, size, factor, shift):
    run = record(np.random.default_rng(seed).standard_normal(size))
    plain = blocks(late_mean(X), run)
    moved = blocks(late_mean(X) * factor + shift, run)
    assert isinstance(plain, str) == isinstance(moved, str)
    if not isinstance(plain, str):
        assert [v.value for v in moved] == pytest.approx([v.value * factor + shift for v in plain])
        assert [v.error for v in moved] == pytest.approx([v.error * factor for v in plain], abs=1e-9)


def test_a_share_keeps_its_resolution_and_its_doubts():
    signs = np.array([1.0, -1.0] * 100)
    found = blocks(fraction_of(X > 0, last=1), record(signs))
    assert [value.value for value in found] == pytest.approx([0.5] * len(found), abs=0.06)
    assert all(value.error >= 0.5 / (200 / len(found)) * 0.9 for value in found)
    doubtful = blocks(fraction_of(X > 0, last=1), record(signs, residuals=2.0))
    assert all(value.error >= 1 for value in doubtful)


def test_sign_changes_in_blocks_are_those_of_the_whole():
    found = blocks(sign_changes(X, last=1), record([1.0, -1.0] * 100))
    assert [value.value for value in found] == [1.0] * len(found)


ONCE = {
    "a maximum": maximum(X),
    "a ratio of the largest": late_mean(X) / maximum(X),
    "an onset": first_step(X > 1),
    "blocks already": block_ratio(X + 10, 50),
    "an inverse": 1 / (late_mean(X) + 10),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_happens_once_has_no_replicates(name):
    run = record(np.random.default_rng(3).standard_normal(300))
    (verdict,) = judge_run([claim(ONCE[name], AtLeast(-100.0))], run)
    assert verdict.outcome == "undecided"
    assert verdict.scope == "this run"
    assert "happens once in a run" in verdict.reason
    assert math.isfinite(verdict.estimate)  # shown, but not judged


def test_a_claim_on_several_runs_is_undecided():
    run = record(np.ones(300))
    (verdict,) = judge_run([claim(log_log_slope(mean(X), LR), AtLeast(0.0), over="lr")], run)
    assert (verdict.outcome, verdict.n) == ("undecided", 1)
    (verdict,) = judge_run([claim(mean(X) > 0, AtLeast(0.5), summary="proportion")], run)
    assert verdict.outcome == "undecided"


def test_a_drift_is_undecided_and_says_how_long_a_run_it_would_take():
    (verdict,) = judge_run([claim(mean(X), AtLeast(0.0))], record(np.linspace(1, 2, 600)))
    assert verdict.outcome == "undecided"
    assert "blocks of ten autocorrelation times" in verdict.reason
    assert "times as long" in verdict.reason


def test_verdicts_on_one_run():
    generator = np.random.default_rng(4)
    run = record(1 + 0.1 * generator.standard_normal(600))
    claims = [
        claim(mean(X * LR), Between(0.45, 0.55), each="lr", control=Breaks("other")),
        claim(mean(X), AtLeast(2.0)),
        claim(mean(X), AtMost(3.0), given=mean(X) > 5),
        claim(mean(Measured("y")), AtMost(3.0)),
    ]
    found = judge_run(claims, run)
    assert [verdict.outcome for verdict in found] == ["supported", "contradicted", "not tested", "not tested"]
    assert found[0].control is None
    assert found[0].where == {"lr": 0.5}
    assert found[0].seeds == ()
    assert len(found[0].values) == found[0].n >= LEAST
    assert found[0].level == pytest.approx(1 - 0.05 / 2)  # Holm, over the two that were tested
    assert "'y'" in found[3].reason


def test_more_blocks_are_asked_for_by_that_name():
    run = record(1 + 0.1 * np.random.default_rng(5).standard_normal(300))
    (verdict,) = judge_run([claim(mean(X), AtLeast(0.995))], run)
    assert verdict.outcome == "undecided"
    assert "seeds" not in verdict.reason
    assert "blocks of time" in verdict.reason


def test_a_diverged_run_is_counted_as_the_claim_says():
    run = Record("run", {"seed": 0, "steps": 500}, {"x": Series(np.arange(200), np.ones(200))}, "diverged", 200)
    one, two = judge_run([claim(mean(X), AtLeast(0.0)), claim(mean(X), AtLeast(0.0), if_diverged="as measured")], run)
    assert one.outcome == "undecided"
    assert two.outcome == "supported"
    assert one.diverged is two.diverged is None  # there are no seeds that could have


def test_a_claim_on_a_setting_that_the_run_has_not_is_not_tested():
    (verdict,) = judge_run([claim(mean(X), AtLeast(0.0), each="beta1")], record(np.ones(300)))
    assert verdict.outcome == "not tested"
    assert "the setting 'beta1'" in verdict.reason
    assert verdict.where == {}
