"""Panels: which measured quantities are drawn, and the theory that is laid beside them.

A panel is stated with expressions, like a claim; evaluated on records it becomes `PanelData`, plain numbers that
a report can draw, and that a reader can take away, without knowing any expression or model.
"""

from phenoscope.panels.data import PanelData, Trace, panel_from_json
from phenoscope.panels.evaluation import Evidence, evaluate
from phenoscope.panels.series import is_evidence, series_panel
from phenoscope.panels.stated import Lines, Panel, Scatter

__all__ = [
    "Evidence",
    "Lines",
    "Panel",
    "PanelData",
    "Scatter",
    "Trace",
    "evaluate",
    "is_evidence",
    "panel_from_json",
    "series_panel",
]
