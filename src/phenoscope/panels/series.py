"""One series of several records as a panel, with what its residuals say it is off by."""

import math
from collections.abc import Mapping

from phenoscope.panels.data import PanelData, Trace
from phenoscope.record import COMPANIONS, Record

LEVELS = {"sharpness / threshold": (1.0, "where the step is just stable"), "relative progress": (0.0, "no progress")}
"""Levels that mean something, by series."""

WIDE = 10.0
"""A series whose largest value is so many times its smallest is drawn on a logarithmic axis."""


def series_panel(name: str, records: Mapping[str, Record], unit: str = "") -> PanelData:
    """One series of several records as a panel; what its residuals say is off by is kept with each line.

    Args:
        name: of the series.
        records: by what the legend calls them; those without the series are left out.
        unit: of the series, if known.
    """
    traces = tuple(_measured(label, name, record) for label, record in records.items() if name in record.series)
    x = [step for trace in traces for step in trace.x]
    y = [value for trace in traces for value in trace.y]
    level = LEVELS.get(name)
    theory = (Trace("", {}, None, (min(x), max(x)), (level[0], level[0])),) if level is not None and x else ()
    label = f"{name} ({unit})" if unit not in ("", "1", name) else name
    log = bool(y) and min(y) > 0 and max(y) > WIDE * min(y)
    return PanelData("lines", name, "", "step", label, False, log, traces, theory, level[1] if level else "")


def is_evidence(name: str, record: Record) -> bool:
    """Whether a series says how another one of the record was measured."""
    return any(name.endswith(end) and name.removesuffix(end) in record.series for end in COMPANIONS)


def _measured(label: str, name: str, record: Record) -> Trace:
    series, residual = record.series[name], record.error_of(name)
    off = dict(zip(residual.steps.tolist(), residual.values.tolist(), strict=True)) if residual is not None else {}
    points = zip(series.steps.tolist(), series.values.tolist(), strict=True)
    kept = [(float(x), y, off.get(x, 0.0)) for x, y in points if math.isfinite(y)]
    error = tuple(e if math.isfinite(e) else 0.0 for _, _, e in kept) if off else ()
    return Trace(label, {}, record.seed, tuple(x for x, _, _ in kept), tuple(y for _, y, _ in kept), error)
