"""The slope of a boundary in the plane of two settings: against power laws, and what has no boundary."""

import numpy as np
import pytest

from phenoscope.claims import AtLeast, Between, Claim, Measured, crossing_slope, judge, last_value
from phenoscope.core.errors import BadInput

X = last_value(Measured("x"))
ALPHAS, WIDTHS = (0.1, 0.3, 1.0, 4.0), (10.0, 40.0, 90.0)


def members(record, law, seed=0, error=None):
    made = []
    for width in WIDTHS:
        for alpha in ALPHAS:
            series = {"x": [law(alpha, width)]} | ({} if error is None else {"x.residual": [error]})
            made.append(record(series, seed=seed, alpha=alpha, width=width))
    return made


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 0.25])
@pytest.mark.parametrize("steepness", [-1.0, -2.0, 1.5])
def test_power_laws_have_their_boundary(record, exponent, steepness):
    """Y = (α / w^a)^s is 1 where α = w^a; other levels only move it."""
    found = [
        crossing_slope(X, "alpha", level=level, across="width").of(
            members(record, lambda alpha, width: (alpha / (width / 30) ** exponent) ** steepness)
        )
        for level in (1.0, 1.3)
    ]
    assert [each.value for each in found] == pytest.approx([exponent, exponent])
    assert [each.error for each in found] == [0.0, 0.0]


def test_only_the_neighbours_of_the_level_count(record):
    """A bent curve, interpolated by hand."""

    def law(alpha, width):
        return 1 / (1 + (alpha * width**0.5) ** 2)

    level, places = 0.1, []
    for width in WIDTHS:
        heights = np.log([law(alpha, width) for alpha in ALPHAS])
        places.append(np.interp(-np.log(level), -heights, np.log(ALPHAS)))
    slope = np.polyfit(np.log(WIDTHS), places, 1)[0]
    assert crossing_slope(X, "alpha", level=level, across="width").of(members(record, law)).value == pytest.approx(
        slope
    )


def test_errors_move_the_place(record):
    """Y = 1/α with an error of 0.1, between y = 1 and y = 1/4: log α moves as far as log y; Σ|w| of three widths."""
    logs = np.log(WIDTHS) - np.mean(np.log(WIDTHS))
    found = crossing_slope(X, "alpha", level=1.0, across="width").of(
        members(record, lambda alpha, width: 1 / alpha, error=0.1)
    )
    sizes = [-np.log1p(-0.1 / value) for value in (1.0, 0.25)]
    assert found.error == pytest.approx(max(sizes) * np.abs(logs).sum() / (logs**2).sum())


def test_no_boundary_is_no_number(record):
    made = crossing_slope(X, "alpha", level=1.0, across="width")
    for law in (lambda alpha, width: 2.0 + alpha, lambda alpha, width: 0.5 if alpha in (0.1, 1.0) else 2.0):
        value = made.of(members(record, law))
        assert np.isnan(value.value)
        assert value.reason is not None
        assert "not crossed exactly once" in value.reason
    negative = made.of(members(record, lambda alpha, width: -alpha)).reason
    assert negative is not None
    assert "needs positive numbers" in negative
    assert made.of([record({"y": [1.0]}, alpha=1.0, width=1.0)]).missing


def test_a_claim_is_judged_over_both_settings(record):
    claim = Claim(
        "the boundary falls as the root", "nobody", crossing_slope(X, "alpha", level=1.0, across="width"),
        Between(-0.6, -0.4), on="main", over=("alpha", "width"),
    )  # fmt: skip
    evidence = [
        each
        for seed in range(5)
        for each in members(record, lambda alpha, width, s=seed: alpha * (width / 30) ** (0.49 + s / 200), seed=seed)
    ]
    (verdict,) = judge([claim], {"main": evidence}, sweeps={"main": ("alpha", "width")})
    assert verdict.outcome == "supported"
    assert verdict.estimate == pytest.approx(-0.5)
    with pytest.raises(BadInput, match="needs one number from a sweep"):
        Claim("it", "nobody", claim.statistic, AtLeast(0.0), on="main", over="alpha")


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="a crossing is of one number a member"):
        crossing_slope(Measured("x"), "alpha", level=1.0, across="width")  # type: ignore[arg-type]
    for options in ({"level": 0.0, "across": "width"}, {"level": 1.0, "across": "alpha"}):
        with pytest.raises(BadInput, match="a positive level"):
            crossing_slope(X, "alpha", **options)
