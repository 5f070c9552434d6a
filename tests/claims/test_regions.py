import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.claims import Above, AtLeast, AtMost, Below, Between, region_from_json
from phenoscope.core.errors import BadInput

REGIONS = {
    Between(0.9, 1.15): "[0.9, 1.15]",
    AtLeast(0.8): "≥ 0.8",
    AtMost(1): "≤ 1",
    Above(0): "> 0",
    Below(-2): "< −2",
}
HOLDS = {
    Between(0.9, 1.15): lambda x: 0.9 <= x <= 1.15,
    AtLeast(0.8): lambda x: x >= 0.8,
    AtMost(1): lambda x: x <= 1,
    Above(0): lambda x: x > 0,
    Below(-2): lambda x: x < -2,
}  # fmt: skip
ENDS = st.one_of(st.floats(-3, 3), st.sampled_from([0.9, 1.15, 0.8, 1.0, 0.0, -2.0, math.inf, -math.inf]))


@pytest.mark.parametrize("region", REGIONS, ids=str)
@given(ends=st.tuples(ENDS, ENDS), inside=st.floats(0, 1))
@settings(deadline=None)
def test_contains_and_excludes_agree_with_membership(region, ends, inside):
    low, high = sorted(ends)
    points = [point for point in (low, high) if math.isfinite(point)]
    if len(points) == 2:
        points.append(min(max(low + inside * (high - low), low), high))
    if region.contains(low, high):
        assert all(HOLDS[region](point) for point in points)
    if region.excludes(low, high):
        assert not any(HOLDS[region](point) for point in points)
    if low == high and points:
        assert region.contains(low, high) == HOLDS[region](low)
        assert region.excludes(low, high) != HOLDS[region](low)


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_nan_is_neither_in_nor_out(region):
    for low, high in ((math.nan, 1.0), (1.0, math.nan), (math.nan, math.nan)):
        assert not region.contains(low, high)
        assert not region.excludes(low, high)


def test_an_interval_across_the_whole_region_is_neither():
    assert not Between(0, 1).contains(-1, 2)
    assert not Between(0, 1).excludes(-1, 2)


def test_unbounded_intervals():
    assert AtLeast(1).contains(2, math.inf)
    assert Above(1).contains(2, math.inf)
    assert not AtMost(1).contains(-2, math.inf)


@pytest.mark.parametrize(("region", "text"), REGIONS.items(), ids=str)
def test_written_and_read_back(region, text):
    assert str(region) == text
    assert region_from_json(region.to_json()) == region


def test_edges_are_floats_whatever_was_passed():
    assert Between(0, 2).to_json() == Between(0.0, 2.0).to_json() == {"kind": "Between", "low": 0.0, "high": 2.0}


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Between(1, 1),
        lambda: Between(2, 1),
        lambda: Between(0, math.inf),
        lambda: AtLeast(math.nan),
        lambda: AtMost("1"),  # type: ignore[arg-type]
        lambda: Above(True),
        lambda: region_from_json([1, 2]),
    ],
)
def test_mistakes_are_refused(wrong):
    with pytest.raises(BadInput, match="got"):
        wrong()
