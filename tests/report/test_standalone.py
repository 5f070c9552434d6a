"""A figure as a file of its own."""

from pathlib import Path
from xml.etree import ElementTree as ET

from report_samples import oscillation

from phenoscope.report.figures import draw
from phenoscope.report.standalone import write_figure


def test_file_is_the_figure_with_colours_of_its_own_for_light_and_dark(tmp_path: Path) -> None:
    panel = oscillation(2, 50)
    root = ET.parse(write_figure(panel, tmp_path / "figures" / "one.svg")).getroot()
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")
    root.remove(style)
    assert _canonical(ET.tostring(root, encoding="unicode")) == _canonical(draw(panel))


def _canonical(svg: str) -> str:
    return ET.canonicalize(svg, strip_text=True, rewrite_prefixes=True)
