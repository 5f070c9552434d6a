import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phenoscope.claims.intervals import BOOTSTRAP_FROM, RESAMPLES, Sample, interval
from phenoscope.core.errors import BadInput

FEW = st.lists(st.floats(-100, 100), min_size=2, max_size=BOOTSTRAP_FROM - 1)


def covered(draw, truth, rounds, seed, **options):
    """Share of simulated intervals that hold the truth."""
    generator = np.random.default_rng(seed)
    found = [interval(draw(generator), **options) for _ in range(rounds)]
    return np.mean([one.low <= truth <= one.high for one in found])


@given(values=FEW, level=st.sampled_from([0.5, 0.9, 0.95, 0.999]))
@settings(deadline=None)
def test_few_replicates_use_students_t(values, level):
    if np.std(values) < 1e-9:
        return
    found = interval(values, level)
    expected = stats.t.interval(level, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.method == "Student's t"


@pytest.mark.parametrize(
    ("draw", "truth", "options"),
    [
        (lambda g: g.normal(3, 2, 5), 3.0, {}),
        (lambda g: np.exp(g.normal(1, 0.8, 5)), math.e, {"scale": "log"}),
        (lambda g: g.normal(3, 2, 5), 3.0, {"level": 0.95, "error": 0.01}),
    ],
    ids=["t", "t of logarithms", "t with small errors"],
)
def test_t_covers_as_often_as_it_says(draw, truth, options):
    # 1.96 in place of t would cover 88 %, the population's standard deviation 92 %.
    assert covered(draw, truth, 6000, 1, **options) == pytest.approx(0.95, abs=0.0085)


@pytest.mark.parametrize(
    ("draw", "truth", "at_least"),
    [
        (lambda g: g.exponential(size=(400, 25)), 1.0, 0.92),
        (lambda g: g.lognormal(0, 1, size=(400, 25)), math.exp(0.5), 0.88),
    ],
    ids=["exponential", "lognormal"],
)
def test_bootstrap_t_covers_skewed_draws_better_than_t(draw, truth, at_least):
    draws = draw(np.random.default_rng(2))
    bootstrap = [interval(one) for one in draws]
    plain = [stats.t.interval(0.95, 24, loc=one.mean(), scale=stats.sem(one)) for one in draws]
    by_bootstrap = np.mean([one.low <= truth <= one.high for one in bootstrap])
    assert by_bootstrap > at_least
    assert by_bootstrap > np.mean([low <= truth <= high for low, high in plain])


def test_bootstrap_t_against_another_bootstrap():
    values = np.random.default_rng(3).exponential(size=30)
    generator = np.random.default_rng(4)
    pivots = []
    for _ in range(20_000):
        again = generator.choice(values, size=30)
        pivots.append((again.mean() - values.mean()) / (again.std(ddof=1) / math.sqrt(30)))
    low, high = values.mean() - np.quantile(pivots, [0.975, 0.025]) * values.std(ddof=1) / math.sqrt(30)
    found = interval(values)
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.03)
    assert found.method == "bootstrap-t"


def test_bootstrap_is_deterministic_and_gives_up_far_out():
    values = np.random.default_rng(5).normal(size=40)
    assert interval(values) == interval(values[::-1])
    assert interval(values, 1 - 1 / RESAMPLES).low == -math.inf


def test_ties_that_leave_resamples_no_spread_fall_back_to_t():
    values = [1.0] * 24 + [0.9]
    found = interval(values)
    expected = stats.t.interval(0.95, 24, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 5, 12])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_proportions_are_clopper_pearson(n, level):
    for hits in range(n + 1):
        if n < 2:
            assert interval([1.0] * hits + [0.0] * (n - hits), level, "proportion").reason
            continue
        found = interval([1] * hits + [0] * (n - hits), level, "proportion")
        expected = stats.binomtest(hits, n).proportion_ci(level, "exact")
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_doubtful_outcome_counts_both_ways():
    found = interval([1, 1, 1, 1, 0, 0], 0.95, "proportion", error=[0, 0, 0, 1, 1, 0])
    low = stats.binomtest(3, 6).proportion_ci(0.95, "exact").low
    high = stats.binomtest(5, 6).proportion_ci(0.95, "exact").high
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize("n", [6, 7, 9, 20, 41])
@pytest.mark.parametrize("alpha", [0.1, 0.05, 0.01])
def test_medians_use_the_tightest_valid_order_statistics(n, alpha):
    values = np.arange(n) ** 2.0
    rank = 0  # as many as can be cut from each end while P(Bin(n, 1/2) < rank) ≤ α/2, counted coin by coin
    while sum(math.comb(n, k) for k in range(rank + 1)) / 2**n <= alpha / 2:
        rank += 1
    found = interval(values, 1 - alpha, "median")
    expected = (values[rank - 1], values[n - rank]) if rank else (-math.inf, math.inf)
    assert (found.low, found.high) == expected
    assert found.estimate == np.median(values)


def test_medians_cover_heavy_tails_and_need_six():
    share = covered(lambda g: g.standard_cauchy(9), 0.0, 2000, 6, kind="median")
    assert 0.95 <= share <= 0.975
    five = interval([1, 2, 3, 4, 5], kind="median")
    assert five.reason == "the interval of a median needs 6 seeds, got 5"
    assert (five.low, five.high) == (-math.inf, math.inf)


def test_a_median_is_no_better_known_than_its_readings():
    found = interval([1, 2, 3, 4, 5, 6], kind="median", error=0.5)
    assert (found.low, found.high) == (0.5, 6.5)


def test_spread_is_never_below_the_measurement_error():
    found = interval([2.0, 2.0, 2.0, 2.0], error=[0.3, 0.3, 0.3, 0.3])
    half = stats.t.ppf(0.975, 3) * 0.3 / 2
    assert (found.low, found.high) == pytest.approx((2 - half, 2 + half))
    values = [1.0, 2.0, 3.0]
    assert interval(values, error=0.5) == interval(values)
    # In a bootstrap too, whether the values agree exactly or only more closely than they were measured.
    for values in ([2.0] * 25, 2 + 1e-3 * np.random.default_rng(0).normal(size=25)):
        many = interval(values, error=0.3)
        assert many.high - many.low == pytest.approx(2 * stats.t.ppf(0.975, 24) * 0.3 / 5, rel=0.1)


def test_errors_on_the_log_scale_take_the_side_towards_zero():
    found = interval([2.0, 2.0, 2.0], scale="log", error=0.5)
    half = stats.t.ppf(0.975, 2) * (math.log(2) - math.log(1.5)) / math.sqrt(3)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((math.log(2) - half, math.log(2) + half))


def test_log_scale_is_blind_to_units_and_falls_back_where_there_is_no_logarithm():
    values = np.array([0.5, 1.0, 3.0, 4.0])
    one, thousand = interval(values, scale="log"), interval(1000 * values, scale="log")
    assert (thousand.low, thousand.high) == pytest.approx((1000 * one.low, 1000 * one.high))
    assert one.low > 0
    with_zero = [0.0, 1.0, 2.0]
    assert interval(with_zero, scale="log") == interval(with_zero)
    assert Sample.made(values, 0.6, "mean", "log").used_scale == "linear", "0.5 ± 0.6 may be zero"


@given(values=FEW, width=st.floats(0, 10))
@settings(deadline=None)
def test_censored_reaches_from_the_lows_to_the_highs(values, width):
    found = interval(values, error=width, censored=True)
    lows, highs = interval(np.array(values) - width), interval(np.array(values) + width)
    assert found.low == pytest.approx(lows.low, abs=1e-9)
    assert found.high == pytest.approx(highs.high, abs=1e-9)
    assert found.high - found.low >= 2 * width - 1e-9


def test_censored_covers_onsets_read_from_a_grid():
    def read(generator):
        onsets = generator.normal(100, 8, size=6)
        return np.floor(onsets / 20) * 20 + 10

    assert covered(read, 100.0, 500, 7, error=10.0, censored=True) >= 0.95


@pytest.mark.parametrize("kind", ["mean", "median", "proportion"])
@pytest.mark.parametrize("n", [7, 30])
@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_intervals_at_rising_levels_are_nested(kind, n, data):
    numbers = st.sampled_from([0.0, 1.0]) if kind == "proportion" else st.floats(-5, 5)
    made = Sample.made(data.draw(st.lists(numbers, min_size=n, max_size=n)), 0.0, kind)
    found = [made.bounds(alpha) for alpha in (1.0, 0.5, 0.1, 0.05, 1e-3, 1e-9)]
    for inner, outer in pairwise(found):
        assert outer[0] <= inner[0] + 1e-12
        assert inner[1] <= outer[1] + 1e-12


@given(values=st.lists(st.floats(0.1, 50), min_size=2, max_size=30), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_the_order_of_the_seeds_changes_nothing(values, seed):
    shuffled = np.random.default_rng(seed).permutation(values)
    assert interval(values, scale="log") == interval(shuffled, scale="log")


@pytest.mark.parametrize(
    ("values", "error", "reason"),
    [
        ([], 0, "there are no seeds"),
        ([1.0], 0, "one seed shows no spread"),
        ([1.0, math.nan], 0, "a value is not a finite number"),
        ([1.0, math.inf], 0, "a value is not a finite number"),
        ([1.0, 2.0], math.inf, "the measurement error of a value is not bounded"),
    ],
)
def test_no_interval_is_the_whole_line_with_a_reason(values, error, reason):
    found = interval(values, error=error)
    assert (found.low, found.high, found.reason) == (-math.inf, math.inf, reason)


def test_huge_values_give_no_warning():
    found = interval([1e308, -1e308, 1e308])
    assert not (math.isfinite(found.low) and math.isfinite(found.high))


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "wrong",
    [
        lambda: interval([1, 2], level=95),
        lambda: interval([[1, 2]]),
        lambda: interval([1, 2], error=-0.1),
        lambda: interval([0.5, 1.0], kind="proportion"),
    ],
)
def test_mistakes_are_refused(wrong):
    with pytest.raises(BadInput, match="got"):
        wrong()
