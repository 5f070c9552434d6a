"""The best value of a setting across another: against parabolas whose minimum is known, and grids with a cliff."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phenoscope.claims import AtMost, Claim, Measured, Setting, judge, last_value, log_log_slope, optimum_slope
from phenoscope.core.errors import BadInput
from phenoscope.record import Record, Series

LOSS = last_value(Measured("loss"))
PLACE, LEAST = (optimum_slope(LOSS, "lr", across="width", of=of) for of in ("place", "value"))
RATES, WIDTHS = [2.0**e for e in range(-6, 5)], (10.0, 20.0, 40.0, 80.0)


def member(width, rate, loss, *, seed=0, outcome="finished"):
    settings = {"seed": seed, "steps": 0, "width": width, "lr": rate}
    return Record("by hand", settings, {"loss": Series(np.arange(1), np.array([float(loss)]))}, outcome=outcome)


def valley(exponent, depth, *, cliff=math.inf, seed=0):
    """Loss = depth(width) · (1 + parabola in log rate around width^exponent), infinite beyond the cliff."""
    found = []
    for width in WIDTHS:
        best = (width / 20) ** exponent
        for rate in RATES:
            loss = width**depth * math.exp(math.log(rate / best) ** 2)
            over = rate > cliff * best
            outcome = "diverged" if over else "finished"
            found.append(member(width, rate, math.nan if over else loss, seed=seed, outcome=outcome))
    return found


@given(exponent=st.floats(-1.0, 1.0), depth=st.floats(-1.0, 1.0))
def test_a_parabola_is_found_exactly(exponent, depth):
    members = valley(exponent, depth)
    assert PLACE.of(members).value == pytest.approx(exponent, abs=1e-8)
    assert LEAST.of(members).value == pytest.approx(depth, abs=1e-8)


def test_beside_a_cliff_the_grid_is_the_answer_with_its_error():
    members = valley(-1.0, -0.5, cliff=1.0)
    found = PLACE.of(members)
    assert found.value == pytest.approx(-1.0)
    logs = np.log(WIDTHS) - np.mean(np.log(WIDTHS))
    expected = math.log(2) / math.sqrt(12) * math.sqrt(1 / (logs**2).sum())
    assert found.error == pytest.approx(expected)
    assert LEAST.of(members).value == pytest.approx(-0.5)


def test_the_error_is_that_of_reading_places_from_a_grid():
    """Simulated: cliffs anywhere between two rates, so that the rate below is read instead of the best one."""
    rng, found = np.random.default_rng(0), []
    logs = np.log(WIDTHS)
    for _ in range(2000):
        best = logs / math.log(2) + rng.uniform(size=len(WIDTHS))
        found.append(np.polyfit(logs, (np.floor(best) - best) * math.log(2), 1)[0])
    assert np.std(found) == pytest.approx(PLACE.of(valley(1.0, 0.0)).error, rel=0.1)


def test_a_best_value_at_an_end_of_the_sweep_is_no_best_value():
    members = [m for m in valley(0.0, 0.0) if m.settings["lr"] <= 1.0]
    assert "at width = 10 it is at an end" in PLACE.of(members).reason
    gone = [member(width, rate, 1.0, outcome="diverged") for width in WIDTHS for rate in RATES]
    assert "at an end" in LEAST.of(gone).reason
    assert "2 different" in PLACE.of([m for m in valley(0.0, 0.0) if m.settings["width"] == 10.0]).reason


def test_missing_series_and_settings_are_told_apart_from_numbers():
    found = PLACE.of([Record("by hand", {"seed": 0, "steps": 0, "lr": 1.0}, {})])
    assert found.missing


def test_a_claim_over_two_sweeps_with_members_that_diverged():
    members = [m for seed in range(5) for m in valley(-1.0 + 0.01 * seed, 0.0, cliff=1.5, seed=seed)]
    options = {"on": "arm", "over": ("width", "lr"), "region_from": "pilot"}
    claim = Claim("it falls", "by hand", PLACE, AtMost(-0.5), if_diverged="as measured", **options)
    (verdict,) = judge([claim], {"arm": members})
    assert verdict.outcome == "supported"
    (open_,) = judge([Claim("it falls", "by hand", PLACE, AtMost(-0.5), **options)], {"arm": members})
    assert open_.outcome == "undecided"


def test_what_has_no_optimum_is_refused():
    with pytest.raises(BadInput, match="one number a member"):
        optimum_slope(Measured("loss"), "lr", across="width")
    with pytest.raises(BadInput, match="one swept setting, across another"):
        optimum_slope(LOSS, "lr", across="lr")
    with pytest.raises(BadInput, match="got 'lr', 'width' and 'depth'"):
        optimum_slope(LOSS, "lr", across="width", of="depth")
    with pytest.raises(BadInput, match="one number from a sweep"):
        Claim("it falls", "by hand", PLACE, AtMost(0.0), on="arm", over=("width", "batch"))
    assert not log_log_slope(LOSS, Setting("lr")).takes(("width", "lr"))
