import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phenoscope.claims import AtLeast, AtMost, Between
from phenoscope.claims.family import SMALLEST, decisive_alpha, holm, seeds_to_decide, side
from phenoscope.claims.intervals import Sample

P_VALUES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.01, 0.0125, 0.05, 0.025])), max_size=8)


def textbook(p_values, alpha):
    """Holm 1979: while the smallest p-value left is at most α over the number left, reject it and go on."""
    left, rejected = dict(enumerate(p_values)), set()
    while left:
        smallest = min(left, key=lambda index: left[index])
        if left[smallest] > alpha / len(left):
            break
        rejected.add(smallest)
        del left[smallest]
    return rejected


@given(p_values=P_VALUES, alpha=st.sampled_from([0.05, 0.1]))
@settings(deadline=None)
def test_holm_rejects_as_the_textbook_does(p_values, alpha):
    levels = holm(p_values, alpha)
    assert {index for index, level in enumerate(levels) if p_values[index] <= level} == textbook(p_values, alpha)


def test_holm_by_hand():
    # 0.01 ≤ 0.05/4; 0.015 ≤ 0.05/3; 0.03 > 0.05/2 fails, and 0.04 falls with it although 0.04 ≤ 0.05/1.
    assert holm([0.04, 0.01, 0.03, 0.015], 0.05) == pytest.approx((0.025, 0.0125, 0.025, 0.05 / 3))
    assert holm([0.2], 0.05) == (0.05,)
    assert holm([], 0.05) == ()


@given(values=st.lists(st.floats(-2, 2), min_size=3, max_size=9), edge=st.floats(-2, 2))
@settings(deadline=None)
def test_the_p_value_of_a_half_line_is_that_of_the_two_sided_t_test(values, edge):
    if np.std(values) < 1e-3:
        return
    expected = stats.ttest_1samp(values, edge).pvalue
    for region in (AtLeast(edge), AtMost(edge)):
        found = decisive_alpha(Sample.made(values, 0.0), region)
        assert found == pytest.approx(max(expected, SMALLEST), rel=1e-6)


@given(values=st.lists(st.floats(-2, 2), min_size=2, max_size=9), edges=st.tuples(st.floats(-2, 2), st.floats(-2, 2)))
@settings(deadline=None)
def test_the_p_value_is_where_the_decision_turns(values, edges):
    low, high = sorted(edges)
    if high - low < 1e-6:
        return
    made, region = Sample.made(values, 0.0), Between(low, high)
    found = decisive_alpha(made, region)
    if found < 1:
        assert side(region, *made.bounds(found)) is not None
    if found > SMALLEST:
        assert side(region, *made.bounds(found * (1 - 1e-6))) is None


def test_values_that_agree_exactly_decide_at_any_level():
    assert decisive_alpha(Sample.made([1.0, 1.0], 0.0), AtLeast(0.5)) == SMALLEST
    assert decisive_alpha(Sample.made([1.0, 1.0], 0.0), AtLeast(1.5)) == SMALLEST


@pytest.mark.parametrize("distance", [0.3, 0.6, 1.0])
def test_planned_seeds_are_those_of_students_t(distance):
    values = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    needed = next(
        n for n in range(6, 2000) if stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n) <= distance
    )
    found = seeds_to_decide(Sample.made(values, 0.0), AtMost(distance), 0.05)
    assert found is not None
    assert needed <= found <= math.ceil(1.05 * needed)


def test_no_number_of_seeds_decides_on_the_edge():
    assert seeds_to_decide(Sample.made([-1.0, 0.0, 1.0], 0.0), AtMost(0.0), 0.05) is None


def test_planned_seeds_for_counts_and_medians():
    counts = Sample.made([1, 1, 1, 1, 0], 0.0, "proportion")
    found = seeds_to_decide(counts, AtLeast(0.5), 0.05)
    assert found is not None
    assert stats.binomtest(round(0.8 * found), found).proportion_ci(0.95, "exact").low >= 0.47
    median = seeds_to_decide(Sample.made(np.arange(7.0), 0.0, "median"), AtLeast(1.5), 0.05)
    assert median is not None
    assert 8 <= median <= 30
