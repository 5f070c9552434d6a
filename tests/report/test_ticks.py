"""Scatter plots of few settings: ticks where the settings are, and no arm that hides or is taken for another."""

import itertools

import pytest
from matplotlib.figure import Figure

from phenoscope.panels import PanelData, Trace
from phenoscope.report.figures import onto
from phenoscope.report.ticks import written

WIDTHS = (64.0, 256.0, 1024.0, 4096.0)


def points(*arms: tuple[float, ...], log_x: bool = True, theory: tuple[Trace, ...] = ()) -> PanelData:
    """Two seeds of each arm, whose points are at the places given."""
    traces = tuple(
        Trace(f"arm {number}", {"width": x}, seed, (x,), (1.0 + number + 0.1 * seed,))
        for number, places in enumerate(arms)
        for seed in (0, 1)
        for x in places
    )
    return PanelData("scatter", "t", "c", "width", "y", log_x, False, traces, theory, "theory")


def drawn(panel: PanelData):
    axes = Figure(figsize=(8, 5)).subplots()
    onto(axes, panel, ink="black", page="white")
    return axes


def labels(axes) -> list[str]:
    low, high = axes.get_xlim()
    shown = [place for place in axes.get_xticks() if low <= place <= high]
    return [axes.xaxis.get_major_formatter()(place) for place in shown]


def shifts(axes) -> list[float]:
    """By how many CSS pixels each arm stands beside its places."""
    place = (WIDTHS[0], 1.0)
    moved = [line.get_transform().transform(place) - axes.transData.transform(place) for line in axes.get_lines()]
    return [round(float(pixels) * 72 / axes.figure.dpi, 6) for pixels, _ in moved]


def test_ticks_are_at_the_settings():
    assert labels(drawn(points(WIDTHS, WIDTHS[:3]))) == ["64", "256", "1024", "4096"]


@pytest.mark.parametrize(
    "places",
    [tuple(range(1, 12)), (1.0, 1.01, 1.5, 2.0)],
    ids=["too many", "too near each other"],
)
def test_ticks_are_at_round_numbers_where_the_settings_have_no_room(places):
    shown = labels(drawn(points(tuple(map(float, places)), log_x=False)))
    assert shown != [written(place, logarithmic=False) for place in places]
    assert 2 <= len(shown) < 11


def test_settings_with_long_numbers_have_round_ones_beside_them():
    """Such as the logarithms of compressions that only whole weights make possible."""
    shown = labels(drawn(points((0.50515, 1.49969, 2.49996), (0.50515, 1.49969, 2.49996), log_x=False)))
    assert "0.50515" not in shown
    assert {"1", "2"} <= set(shown)


def test_points_that_are_each_elsewhere_have_round_numbers():
    traces = tuple(Trace("a", {}, seed, (0.1708 + 0.0113 * seed,), (1.0,)) for seed in range(5))
    shown = labels(drawn(PanelData("scatter", "t", "c", "x", "y", False, False, traces, (), "theory")))
    assert all(len(label) <= 6 for label in shown)
    assert "0.1708" not in shown


def test_there_is_nothing_between_two_seeds():
    traces = tuple(Trace("a", {}, seed, (float(seed),), (1.0,)) for seed in range(4))
    shown = labels(drawn(PanelData("scatter", "t", "c", "seed", "y", False, False, traces, (), "theory")))
    assert shown == ["0", "1", "2", "3"]


def test_arms_at_one_place_stand_side_by_side_and_the_axis_stays():
    alone, together = drawn(points(WIDTHS)), drawn(points(WIDTHS, WIDTHS, WIDTHS))
    assert shifts(together) == [-6, 0, 6]
    assert together.get_xlim() == alone.get_xlim()


def test_many_arms_keep_within_their_place():
    many = shifts(drawn(points(*[WIDTHS] * 11)))
    assert many[-1] - many[0] == pytest.approx(30)
    assert sum(many) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "panel",
    [
        points(WIDTHS[:2], WIDTHS[2:]),
        points(WIDTHS, WIDTHS, theory=(Trace("arm 0", {}, None, WIDTHS, (1.0,) * 4),)),
    ],
    ids=["no place in common", "theory runs through the points"],
)
def test_otherwise_points_stand_where_they_are(panel):
    assert set(shifts(drawn(panel))) == {0}


def test_no_two_of_many_arms_look_alike():
    lines = drawn(points(*[WIDTHS] * 12)).get_lines()
    looks = [(line.get_color(), line.get_marker()) for line in lines]
    assert all(a != b for a, b in itertools.combinations(looks, 2))


@pytest.mark.parametrize(
    ("value", "logarithmic", "text"),
    [
        (1e-9, True, "10⁻⁹"),
        (1e5, True, "10⁵"),
        (0.001, True, "0.001"),
        (2e-6, True, "2×10⁻⁶"),
        (14000.0, False, "14000"),
        (-0.25, False, "−0.25"),
        (0.0, False, "0"),
    ],
)
def test_a_tick_is_written_as_short_as_it_can_be(value, logarithmic, text):
    assert written(value, logarithmic=logarithmic) == text
