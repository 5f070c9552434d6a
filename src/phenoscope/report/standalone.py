"""A figure as a file of its own: for a README, a slide, a paper."""

from pathlib import Path

from phenoscope.panels import PanelData
from phenoscope.report.figures import draw
from phenoscope.report.palette import DARK_PAGE, LIGHT_PAGE

_STYLE = f"""<style>
svg {{ color: #1b1f24; --page: {LIGHT_PAGE}; font-family: system-ui, sans-serif; }}
@media (prefers-color-scheme: dark) {{ svg {{ color: #e8eaed; --page: {DARK_PAGE}; }} }}
</style>"""


def write_figure(panel: PanelData, path: Path) -> Path:
    """Write a panel as an SVG file that follows the light or dark scheme of whatever shows it."""
    opening, rest = draw(panel).split(">", 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{opening}>{_STYLE}{rest}\n", encoding="utf-8")
    return path
