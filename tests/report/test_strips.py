"""Strips against the verdicts they draw."""

import math
from xml.etree import ElementTree as ET

import pytest
from report_samples import SUPPORTED, UNDECIDED, VERDICTS, verdict

from phenoscope.claims.regions import Above, AtLeast, AtMost, Below, Between
from phenoscope.claims.verdict import ControlVerdict, verdict_from_json
from phenoscope.report import interval_strip
from phenoscope.report.numbers import read
from phenoscope.report.strips import MAIN, SEEDS, WIDTH, ruler_of

SVG = "{http://www.w3.org/2000/svg}"
IDS = [f"{v.outcome}-{v.claim[:12]}-{v.where}" for v in VERDICTS]


def parsed(subject) -> ET.Element:
    return ET.fromstring(interval_strip(subject))


def places(root: ET.Element, tag: str, **attributes: str) -> list[ET.Element]:
    return [e for e in root.iter(f"{SVG}{tag}") if all(e.get(k.replace("_", "-")) == v for k, v in attributes.items())]


@pytest.mark.parametrize("subject", VERDICTS, ids=IDS)
def test_is_an_image_with_finite_places_and_words(subject):
    root = parsed(subject)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == subject.outcome
    assert f"region {subject.region}" in (root.findtext(f"{SVG}desc") or "")
    text = interval_strip(subject)
    assert "nan" not in text.replace("contradicted", "")
    assert '"inf' not in text


@pytest.mark.parametrize("subject", VERDICTS, ids=IDS)
def test_after_json_infinite_ends_draw_the_same(subject):
    again = verdict_from_json(subject.to_json())
    assert interval_strip(again) == interval_strip(subject)


def test_everything_lies_where_the_ruler_says():
    root, ruler = parsed(SUPPORTED), ruler_of(SUPPORTED)
    dot = places(root, "circle", cy=str(MAIN))[0]
    assert float(dot.get("cx", "")) == pytest.approx(ruler.place(SUPPORTED.estimate), abs=0.06)
    thin, thick = (places(root, "line", y1=str(MAIN), stroke_width=w)[0] for w in ("1.3", "6"))
    for line, low, high in ((thin, SUPPORTED.low, SUPPORTED.high), (thick, SUPPORTED.raw_low, SUPPORTED.raw_high)):
        assert float(line.get("x1", "")) == pytest.approx(ruler.place(low), abs=0.06)
        assert float(line.get("x2", "")) == pytest.approx(ruler.place(high), abs=0.06)
    region = places(root, "rect")[0]
    assert float(region.get("x", "")) == pytest.approx(ruler.place(0.9), abs=0.06)
    assert float(region.get("width", "")) == pytest.approx(ruler.place(1.15) - ruler.place(0.9), abs=0.11)
    seeds = places(root, "line", y1=str(SEEDS - 3))
    marked = [float(s.get("x1", "")) for s in seeds]
    assert marked == pytest.approx([ruler.place(v) for v in SUPPORTED.values], abs=0.06)


@pytest.mark.parametrize(
    ("region", "open_side"), [(AtLeast(1.0), 1), (Above(1.0), 1), (AtMost(1.0), 0), (Below(1.0), 0)], ids=str
)
def test_a_region_without_an_edge_fades_to_that_side(region, open_side):
    root = parsed(verdict(region=region))
    stops = [float(stop.get("stop-opacity", "")) for stop in root.iter(f"{SVG}stop")]
    assert stops[-open_side] == 0
    assert stops[open_side - 1] > 0
    shade = places(root, "rect")[0]
    start, width = float(shade.get("x", "")), float(shade.get("width", ""))
    assert (start + width == pytest.approx(WIDTH)) if open_side else (start == 0)
    assert width > 10


def test_a_region_with_two_edges_does_not_fade():
    assert not places(parsed(SUPPORTED), "linearGradient")


def test_log_scale_is_even_in_factors():
    ruler = ruler_of(UNDECIDED)
    assert ruler.log
    assert ruler.place(5) - ruler.place(4) == pytest.approx(ruler.place(6.25) - ruler.place(5))
    assert not ruler_of(SUPPORTED).log


def test_an_edge_at_zero_lies_off_a_log_scale():
    shade = places(parsed(verdict(scale="log", region=AtLeast(0.0))), "rect")[0]
    assert (float(shade.get("x", "")), float(shade.get("width", ""))) == (0, WIDTH)


@pytest.mark.parametrize("region", [AtLeast(5.0), AtMost(-5.0)], ids=str)
def test_a_region_out_of_reach_is_still_seen(region):
    shade = places(parsed(verdict(region=region, control=None)), "rect")[0]
    assert float(shade.get("width", "")) > 40


@pytest.mark.parametrize(("estimate", "side"), [(1e9, "end"), (-1e9, "start")])
def test_a_control_far_away_is_an_arrow_with_its_number(estimate, side):
    far = ControlVerdict("c", "breaks", estimate, estimate - 1, estimate + 1, 5, True, "")
    near = ruler_of(verdict(control=None))
    assert ruler_of(verdict(control=far)).high - ruler_of(verdict(control=far)).low < 2 * (near.high - near.low)
    label = places(parsed(verdict(control=far)), "text", text_anchor=side)[0]
    assert read(label.text or "") == estimate


def test_a_control_nearby_is_drawn_to_scale():
    ruler = ruler_of(VERDICTS[1])
    ring = places(parsed(VERDICTS[1]), "circle", r="3.2")[0]
    assert float(ring.get("cx", "")) == pytest.approx(ruler.place(1.01), abs=0.06)


def test_no_interval_no_line():
    subject = next(v for v in VERDICTS if v.low == -math.inf)
    root = parsed(subject)
    assert places(root, "circle", cy=str(MAIN))
    assert not places(root, "line", y1=str(MAIN))


def test_one_end_at_infinity_is_an_arrow():
    root = parsed(verdict(high=math.inf))
    line = places(root, "line", y1=str(MAIN), stroke_width="1.3")[0]
    assert float(line.get("x2", "")) == WIDTH - 2
    assert any(f"L{WIDTH - 2:.1f} {MAIN}L" in path.get("d", "") for path in places(root, "path"))


def test_labels_at_the_edges_do_not_touch():
    root = parsed(verdict(region=Between(1.0, 1.001), estimate=900.0, low=800.0, high=1000.0, control=None))
    first, second = (float(text.get("x", "")) for text in places(root, "text"))
    assert second - first >= 40
