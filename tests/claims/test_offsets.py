"""Which of two predictions is nearer: by hand, against a dense search of the boxes, and what is no number."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.claims import (
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    hump_place,
    judge,
    last_value,
    offset_ratio,
    onset,
    peak_place,
)
from phenoscope.claims.offsets import _between
from phenoscope.core.errors import BadInput

Y, ERROR, WIDTH = last_value(Measured("y")), last_value(Measured("error")), Setting("width")
PEAK, FITS = peak_place(Y, WIDTH), onset(ERROR <= 0.0, WIDTH)


def members(record, values, errors, name="width", seed=0):
    """One a width, 1, 2, ...; `errors` is what is not fitted."""
    return [
        record({"y": [y], "error": [error]}, seed=seed, **{name: float(place)})
        for place, (y, error) in enumerate(zip(values, errors, strict=True), start=1)
    ]


def test_of_two_numbers_it_is_the_factor_between_their_misses(record):
    """The peak is in (3, 5), what fits in (2, 3]: it is off by 1 to 5/2, and 10 by 2 to 10/3."""
    found = offset_ratio(PEAK, FITS, 10).of(members(record, [1, 2, 3, 9, 4, 1], [1, 1, 0, 0, 0, 0]))
    low, high = found.value - found.error, found.value + found.error
    assert (low, high) == (pytest.approx(1 / (10 / 3)), pytest.approx(2.5 / 2))
    assert (found.scale, found.censored, found.reason) == ("log", True, None)


def test_the_direction_of_a_miss_does_not_matter():
    points = [np.log([value, value]) for value in (6.0, 3.0, 12.0)]
    assert _between(*points) == pytest.approx((1.0, 1.0))
    assert _between(points[0], points[1], np.log([24.0, 24.0])) == pytest.approx((0.5, 0.5))


INTERVALS = st.tuples(st.floats(-3, 3), st.floats(0, 2)).map(lambda pair: np.array([pair[0], pair[0] + pair[1]]))


@given(INTERVALS, INTERVALS, INTERVALS)
def test_a_dense_search_finds_nothing_beyond_and_comes_near(place, one, other):
    low, high = np.log(_between(place, one, other))
    axes = [np.linspace(*ends, 41) for ends in (place, one, other)]
    p, a, b = np.meshgrid(*axes, indexing="ij")
    tried = abs(p - a) - abs(p - b)
    assert low - 1e-9 <= tried.min() <= low + 0.2
    assert high - 0.2 <= tried.max() <= high + 1e-9


def test_a_place_that_is_not_there_leaves_none(record):
    falling = members(record, [5, 4, 3, 2, 1], [1, 1, 0, 0, 0])
    for made in (offset_ratio(hump_place(Y, WIDTH), FITS, 4), offset_ratio(FITS, hump_place(Y, WIDTH), 4)):
        found = made.of(falling)
        assert math.isnan(found.value)
        assert "does not fall, rise and fall" in (found.reason or "")
        assert found.censored
    assert offset_ratio(PEAK, onset(last_value(Measured("other")) <= 0, WIDTH), 4).of(falling).missing
    nowhere = [record({"y": [1.0], "error": [0.0]}, width=width) for width in (0.0, 1.0, 2.0)]
    assert "positive places" in (offset_ratio(PEAK, FITS, 4).of(nowhere).reason or "")


def test_a_control_may_sweep_another_setting(record):
    """Networks peak where they fit, far from 20; in the linear arm, which sweeps features, the two are alike."""
    nets, linear = [], []
    for seed in range(5):
        nets += members(record, [1, 2, 9, 4, 1, 1, 1], [1, 1, 0, 0, 0, 0, 0], seed=seed)
        linear += members(record, [1, 2, 9, 4, 1, 1, 1], [1, 1, 0, 0, 0, 0, 0], "features", seed)
    features = Setting("features")
    alike = offset_ratio(peak_place(Y, features), onset(ERROR <= 0, features), 3)
    claim = Claim(
        "says", "source", offset_ratio(PEAK, FITS, 20), Below(0.5), on="nets", over="width",
        control=Breaks("linear", statistic=alike, over="features"),
    )  # fmt: skip
    (verdict,) = judge([claim], {"nets": nets, "linear": linear})
    assert verdict.outcome == "supported"
    assert verdict.control is not None
    assert verdict.control.n == 5
    assert 0.5 < verdict.control.low < 1 < verdict.control.high
    assert claim.at_control.over == "features"
    assert (claim.over, str(claim.statistic)[:13]) == ("width", "offset_ratio(")


def test_what_makes_no_sense():
    for wrong in (
        (Y, FITS, 4),
        (PEAK, 3, 4),
        (PEAK, FITS, -1.0),
        (PEAK, FITS, math.inf),
        (PEAK, Y, 4),
        (PEAK, True, FITS),
    ):
        with pytest.raises(BadInput, match="offsets are of a place"):
            offset_ratio(*wrong)
    with pytest.raises(BadInput, match="another statistic"):
        Claim("says", "source", PEAK, Between(1, 2), on="nets", over="width", control=Breaks("linear", over="features"))
    assert offset_ratio(PEAK, FITS, 4).takes(("width",))
    assert not offset_ratio(PEAK, FITS, 4).takes(("features",))
    assert {*offset_ratio(PEAK, FITS, 4).names} == {"y", "error"}
