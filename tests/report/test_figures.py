"""Figures and their data against the panels they were made from."""

import csv
import dataclasses
import io
import re
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from report_samples import EMPTY, NASTY, SCATTER, oscillation

from phenoscope.panels import PanelData, Trace
from phenoscope.report import data_csv, draw
from phenoscope.report.palette import SERIES

SVG = "{http://www.w3.org/2000/svg}"
ONE = oscillation(1, 50)
PANELS = {
    "lines": oscillation(6, 200),
    "one": ONE,
    "scatter": SCATTER,
    "empty": EMPTY,
    "log": dataclasses.replace(oscillation(3, 50), log_y=True),
    "single point": dataclasses.replace(ONE, traces=(Trace("a", {}, 0, (3.0,), (1.0,)),), theory=()),
    "not positive": dataclasses.replace(ONE, log_y=True, traces=(Trace("a", {}, 0, (1.0,), (-1.0,)),), theory=()),
    "other script": dataclasses.replace(ONE, y_label="鋭さ"),
    "wide": dataclasses.replace(ONE, traces=tuple(Trace(f"arm {k}", {}, 0, (1.0, 2.0), (k, k)) for k in range(20))),
}


def parsed(panel: PanelData) -> ET.Element:
    return ET.fromstring(draw(panel))


def paths(root: ET.Element, colour: str) -> list[ET.Element]:
    """The open curves in one of the series' colours."""
    found = [element for element in root.iter(f"{SVG}path") if f", {colour})" in element.get("style", "")]
    return [element for element in found if "z" not in element.get("d", "")]


def corners(path: ET.Element) -> np.ndarray:
    return np.array(re.findall(r"-?[\d.]+", path.get("d", "")), dtype=float).reshape(-1, 2)


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_is_an_image_with_words(panel):
    root = parsed(panel)
    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == panel.title
    assert desc is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_takes_its_colours_from_the_page(panel):
    text = draw(panel)
    bare = re.sub(r"var\([^)]*\)", "", text)
    assert not re.findall(r"#[0-9a-f]{6}\b(?!-)", re.sub(r'(?:url\(|href=")#[^")]*', "", bare))
    assert "<style" not in text
    assert "font-family: '" not in text
    assert not re.search(r'href="(?!#)', text)


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_every_reference_meets_an_id_no_other_figure_has(panel):
    root = parsed(panel)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', draw(panel))) <= set(ids)
    other = {element.get("id") for element in parsed(dataclasses.replace(panel, title="another")).iter()}
    assert not set(ids) & other


def test_description_says_what_is_drawn():
    desc = parsed(PANELS["lines"]).findtext(f"{SVG}desc") or ""
    for part in (
        "1 arm",
        "gradient descent (lr 0.1, 0.2, 0.3, 2 seeds)",
        "step from 0 to 199",
        "2/η",
        "3 dashed lines",
    ):
        assert part in desc
    scatter = parsed(SCATTER).findtext(f"{SVG}desc") or ""
    assert "1 member has no finite value" in scatter
    assert "on a logarithmic axis" in scatter
    assert "Nothing was measured" in (parsed(EMPTY).findtext(f"{SVG}desc") or "")


def test_same_panel_same_bytes_whatever_the_users_settings():
    first = draw(PANELS["lines"])
    with mpl.rc_context({"axes.ymargin": 0.5, "lines.linewidth": 9, "font.size": 30}):
        assert draw(PANELS["lines"]) == first
    assert "date" not in first.lower()


def test_a_line_has_the_shape_of_its_numbers():
    points = corners(paths(parsed(ONE), SERIES[0])[0])
    x, y = np.array(ONE.traces[0].x), np.array(ONE.traces[0].y)
    assert len(points) == len(x)
    assert np.corrcoef(points[:, 0], x)[0, 1] == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(points[:, 1], -y)[0, 1] == pytest.approx(1, abs=1e-5)


def test_members_share_a_colour_and_theory_is_dashed_in_it():
    found = paths(parsed(PANELS["lines"]), SERIES[1])
    dashed = [path for path in found if "dasharray" in path.get("style", "")]
    assert len(found) == 2 + 1 + 1  # two seeds, the theory, the legend's sample
    assert len(dashed) == 1


def test_many_long_lines_stay_small_and_keep_their_extremes():
    panel = oscillation(15, 4000)
    text = draw(panel)
    assert len(text.encode()) < 300_000
    full = dataclasses.replace(panel, traces=panel.traces[:1], theory=())
    thin = next(corners(path) for path in paths(ET.fromstring(text), SERIES[0]) if len(corners(path)) > 100)
    # Pixels of the thinned line against values of the full one, by the line that maps one to the other.
    y = np.array(full.traces[0].y)
    slope = (thin[:, 1].max() - thin[:, 1].min()) / (y.max() - y.min())
    late = thin[len(thin) * 3 // 4 :, 1]
    assert np.ptp(late) / slope == pytest.approx(np.ptp(y[3000:]), rel=0.02)


@pytest.mark.parametrize("panel", [PANELS[name] for name in ("lines", "one", "log", "wide")])
def test_legend_lies_above_the_data(panel):
    root = parsed(panel)
    labels = {trace.label for trace in panel.traces}
    lowest = [float(text.get("y", "")) for text in root.iter(f"{SVG}text") if text.text in labels]
    data = [path for colour in SERIES for path in paths(root, colour) if path.get("clip-path")]
    assert len(lowest) == len(labels)
    assert len(data) >= len(panel.traces)
    assert min(corners(path)[:, 1].min() for path in data) > max(lowest)


def test_a_long_legend_takes_nothing_from_the_plot():
    heights = [corners(path)[:, 1] for path in paths(parsed(PANELS["wide"]), SERIES[0]) if path.get("clip-path")]
    assert np.ptp(np.concatenate(heights)) > 200


def test_names_are_text_as_they_are():
    texts = [text.text for text in parsed(SCATTER).iter(f"{SVG}text")]
    assert NASTY in texts


@pytest.mark.parametrize(("low", "high"), [(0.93, 1.08), (0.6, 2.0), (0.2, 30.0), (1e-6, 1.0)])
def test_a_logarithmic_axis_has_several_numbers_however_narrow(low, high):
    trace = Trace("a", {}, 0, (1.0, 2.0, 3.0), (low, (low * high) ** 0.5, high))
    root = parsed(dataclasses.replace(ONE, log_y=True, traces=(trace,), theory=()))
    numbers = [text.text for text in root.iter(f"{SVG}text") if "text-anchor: end" in text.get("style", "")]
    assert len(numbers) >= 3


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
def test_csv_is_the_panel(panel):
    rows = list(csv.DictReader(io.StringIO(data_csv(panel))))
    expected = []
    for trace in (*panel.traces, *panel.theory):
        seed = "theory" if trace.seed is None else str(trace.seed)
        expected += [(trace.arm, dict(trace.where), seed, x, y) for x, y in zip(trace.x, trace.y, strict=True)]
    found = []
    for row in rows:
        where = {name: float(value) for name, value in row.items() if name not in ("arm", "seed", "x", "y") and value}
        found.append((row["arm"], where, row["seed"], float(row["x"]), float(row["y"])))
    assert found == expected
