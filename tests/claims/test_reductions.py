import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.claims import (
    Measured,
    Setting,
    block_ratio,
    first_step,
    first_value,
    fraction_of,
    growth,
    last_value,
    late_mean,
    log_log_slope,
    maximum,
    maximum_until,
    mean,
    minimum,
    ratio,
    relative_spread,
    sign_changes,
    trend,
)
from phenoscope.core.errors import BadInput

X, Y, LR = Measured("x", unit="nats"), Measured("y"), Setting("lr")
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=40)

ALL = [
    late_mean(X),
    mean(X),
    maximum(X),
    minimum(X),
    first_value(X),
    last_value(X),
    fraction_of(X > 0),
    first_step(X > 0),
    maximum_until(X, X > 3),
    block_ratio(X, block=2),
    sign_changes(X),
    trend(X),
    growth(X),
    relative_spread(X),
    ratio(late_mean(X), first_value(X)),
    first_value(X) > 2,
]


def test_late_is_decided_by_step_not_by_index(record):
    # Denser early: the last third of the readings starts at step 5, the last third of 300 steps after step 200.
    steps = [0, 1, 2, 3, 4, 5, 100, 200, 201, 300]
    one = record({"x": (steps, [9, 9, 9, 9, 9, 9, 9, 9, 1, 3])}, steps=300)
    assert late_mean(X, fraction=1 / 3).of(one).value == 2


def test_late_is_late_in_what_training_reached_if_it_stopped_early(record):
    values = [0.0] * 40 + [1.0] * 20  # steps 0 to 59 of 300
    value = late_mean(X).of(record({"x": values}, steps=300, outcome="diverged", stopped_at=59))
    assert value.value == 1.0  # the last third of 59 steps, not of 300 (of which nothing is recorded)


@pytest.mark.parametrize("steps", [3, 30, 99, 300, 3000, 99_999])
def test_the_last_third_has_a_third_of_the_steps(record, steps):
    one = record({"x": np.arange(steps + 1)})
    third = (Measured("x") * 1).readings(one).late(one, 1 / 3)
    assert len(third) == steps // 3
    assert third.steps[-1] == steps


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.7, 0.9, 1 / 3, 2 / 3])
def test_rounding_of_the_fraction_moves_no_step(record, fraction):
    one = record({"x": np.arange(31)})
    assert len(X.readings(one).late(one, fraction)) == round(30 * fraction)


@given(values=VALUES)
@settings(deadline=None)
def test_simple_reductions_are_those_of_numpy(record, values):
    one, x = record({"x": values}), np.array(values)
    expected = [(mean, x.mean()), (maximum, x.max()), (minimum, x.min()), (first_value, x[0]), (last_value, x[-1])]
    for reduction, number in expected:
        assert reduction(X).of(one).value == pytest.approx(number, rel=1e-12, abs=1e-12)
    late = x[np.arange(len(x)) > (len(x) - 1) * 2 / 3 + 1e-9]
    assert late_mean(X).of(one).value == pytest.approx(late.mean(), rel=1e-12, abs=1e-12)


def test_extremes_are_signed(record):
    one = record({"x": [-5.0, 1.0, 2.0]})
    assert maximum(X).of(one).value == 2
    assert minimum(X).of(one).value == -5


@pytest.mark.parametrize(
    "reduction", [mean, maximum, minimum, first_value, last_value, late_mean, growth, relative_spread]
)
@given(data=st.data())
@settings(deadline=None)
def test_carried_errors_bound_what_errors_can_do(record, reduction, data):
    """Oracle: shift every reading anywhere within its error; the statistic moves at most by the error carried."""
    values = np.array(data.draw(st.lists(st.floats(1, 9), min_size=4, max_size=9)))
    errors = np.array(data.draw(st.lists(st.floats(0, 0.5), min_size=len(values), max_size=len(values))))
    shifts = np.array(data.draw(st.lists(st.floats(-1, 1), min_size=len(values), max_size=len(values))))
    found = reduction(X).of(record({"x": values, "x.residual": errors}))
    true = reduction(X).of(record({"x": values + shifts * errors}))
    assert abs(true.value - found.value) <= found.error + 1e-9


def test_a_share_knows_its_resolution_and_its_doubts(record):
    one = record({"x": [1, 1, -1, 1]})
    share = fraction_of(X > 0, last=1).of(one)
    assert (share.value, share.error) == (0.75, 0.125)
    doubtful = record({"x": [1.0, 1.0, -0.01, 1.0], "x.residual": [0.1] * 4})
    assert fraction_of(X > 0, last=1).of(doubtful).error == 0.375


def test_a_share_with_an_unknown_reading_is_no_number(record):
    value = fraction_of(X > 0, last=1).of(record({"x": [1.0, np.nan, 1.0]}))
    assert math.isnan(value.value)
    assert value.reason == "the reading at step 1 is not a finite number"


def test_sign_changes(record):
    alternating = [(-1.0) ** step for step in range(31)]
    assert sign_changes(X).of(record({"x": alternating})).value == 1
    assert sign_changes(X, last=1).of(record({"x": [1, 2, -1, -2, -3]})).value == 0.25
    assert sign_changes(X, last=1).of(record({"x": [1, 0, 1, 0, -1]})).value == 0
    # An even grid cannot see an oscillation of period two: the docstring says so, and so it is.
    assert sign_changes(X).of(record({"x": (range(0, 31, 2), alternating[::2])})).value == 0
    assert "needs 2 readings" in str(sign_changes(X).of(record({"x": [1.0]})).reason)


def test_growth_is_late_root_mean_square_over_first_size(record):
    one = record({"x": [-2, 0, 0, 0, 0, 3, -4]})
    assert growth(X).of(one).value == pytest.approx(math.sqrt(12.5) / 2)
    assert growth(X).of(one).scale == "log"
    assert "not a finite number" in str(growth(X).of(record({"x": [0, 1, 1]})).reason)


def test_relative_spread(record):
    assert relative_spread(X).of(record({"x": [-2, 1, 3]})).value == 2.5
    # Both ends of the spread may be off, in opposite directions.
    both_off = record({"x": [5, 9, 1], "x.residual": [0, 0.5, 0.5]})
    assert relative_spread(X).of(both_off).error == pytest.approx(1 / 5)


def test_arithmetic_of_statistics(record):
    one = record({"x": [2, 4, 6, 8]}, lr=0.5)
    statistic = (maximum(X) - first_value(X)) / minimum(X) * LR + 1
    assert statistic.of(one).value == (8 - 2) / 2 * 0.5 + 1
    assert str(statistic) == "(maximum(x) − first_value(x)) / minimum(x) · lr + 1"
    assert (2 / LR / first_value(X)).of(one).value == 2
    assert (-first_value(X)).of(one).value == -2


@pytest.mark.parametrize(
    ("statistic", "scale"),
    [
        (late_mean(X), "linear"),
        (late_mean(X) / 2, "linear"),
        (late_mean(X) * LR, "linear"),
        (maximum(X) / first_value(X), "log"),
        (ratio(maximum(X), minimum(X)) * 2, "log"),
        (2 / late_mean(X), "log"),
        (ratio(maximum(X), minimum(X)) - 1, "linear"),
        (maximum(X) * minimum(X), "linear"),
        (growth(X) * block_ratio(X), "log"),
    ],
    ids=str,
)
def test_ratios_are_on_the_log_scale(statistic, scale):
    assert statistic.scale == scale


def test_onsets_stay_censored_in_arithmetic(record):
    gap = first_step(X > 5) - first_step(X > 2)
    value = gap.of(record({"x": ([0, 10, 20, 30], [0, 3, 4, 6])}))
    assert (value.value, value.error, value.censored) == (20, 10, True)


def test_units_go_as_far_as_they_are_known():
    assert late_mean(X).unit == maximum_until(X, Y > 0).unit == "nats"
    assert first_step(X > 0).unit == "steps"
    assert fraction_of(X > 0).unit == growth(X).unit == late_mean(X * LR).unit == ""


@pytest.mark.parametrize("statistic", ALL, ids=str)
def test_a_record_without_the_series_says_what_is_needed(record, statistic):
    value = statistic.of(record({"y": [1.0]}))
    assert value.missing
    assert value.reason == "needs the series 'x'"
    assert math.isnan(value.value)


@pytest.mark.parametrize("statistic", ALL, ids=str)
@pytest.mark.parametrize("values", [[], [np.nan] * 9, [1e308, -1e308] * 5, [0.0] * 9])
def test_odd_readings_give_a_number_or_a_reason_and_no_warning(record, statistic, values):
    value = statistic.of(record({"x": values}, steps=8))
    assert math.isfinite(value.value) == (value.reason is None)
    assert not value.missing


@pytest.mark.parametrize("statistic", ALL, ids=str)
def test_statistics_are_values(statistic):
    assert pickle.loads(pickle.dumps(statistic)) == statistic
    assert hash(statistic) == hash(pickle.loads(pickle.dumps(statistic)))


def test_missing_settings_and_several_series(record):
    reason = late_mean(X * Y / LR).of(record({})).reason
    assert reason == "needs the series 'x' and 'y' and the setting 'lr'"


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "wrong",
    [
        lambda: late_mean(X > 0),
        lambda: late_mean(LR),
        lambda: late_mean(late_mean(X)),
        lambda: late_mean(X, fraction=0),
        lambda: late_mean(X, fraction=1.5),
        lambda: fraction_of(X),
        lambda: fraction_of(LR > 0),
        lambda: first_step(first_value(X) > 1),
        lambda: maximum_until(X, X),
        lambda: maximum_until(X > 0, X > 0),
        lambda: block_ratio(X, block=0),
        lambda: block_ratio(X, block=2.5),  # type: ignore[arg-type]
        lambda: log_log_slope(X, LR),
        lambda: log_log_slope(late_mean(X), X),
        lambda: log_log_slope(late_mean(X), 2),
        lambda: ratio(X, late_mean(X)),
    ],
)
def test_a_wrong_argument_is_refused_when_built(wrong):
    with pytest.raises(BadInput, match="got"):
        wrong()
