"""From records to the numbers of a panel, with the theory beside them."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from phenoscope.claims import Expression
from phenoscope.claims.statistics import as_statistic
from phenoscope.panels.data import PanelData, Trace
from phenoscope.panels.stated import Panel, Scatter
from phenoscope.record import Record

Evidence = Mapping[str, Sequence[Record]]
"""Records by arm."""
Members = Sequence[tuple[str, dict[str, float], Record]]
"""Of the arms drawn, with their swept values."""


def evaluate(panel: Panel, evidence: Evidence, sweeps: Mapping[str, tuple[str, ...]]) -> PanelData:
    """The panel's numbers, from the records of its arms.

    Args:
        panel: what to draw.
        evidence: records by arm.
        sweeps: the swept settings of each arm.
    """
    members = [(arm, _where(record, sweeps.get(arm, ())), record) for arm in panel.arms for record in evidence[arm]]
    if isinstance(panel, Scatter):
        points = [(a, w, r, [_pair(panel, r)]) for a, w, r in members]
        ends = [x for _, _, _, pairs in points for x, _ in pairs if math.isfinite(x)]
        line = [] if panel.slope is None or not ends else [(x, panel.slope * x) for x in (min(ends), max(ends))]
        theory = [_trace("", {}, None, line)] if line else []
        theory += _predicted(panel, members)
        labels, logs = (panel.x_label, panel.y_label), (bool(panel.log), panel.log is True)
    else:
        points = [(a, w, r, _curve(panel.y, r)) for a, w, r in members]
        theory = [] if panel.theory is None else _theory(panel.theory, members)
        labels, logs = (panel.x_label, panel.y_label), (False, panel.log_y)
    traces = tuple(_trace(arm, where, record.seed, pairs) for arm, where, record, pairs in points)
    kind: Literal["lines", "scatter"] = "scatter" if isinstance(panel, Scatter) else "lines"
    heads = (panel.title, panel.caption, *labels, *logs)
    by = panel.by or "" if isinstance(panel, Scatter) else ""
    return PanelData(kind, *heads, traces, tuple(theory), panel.theory_label, by)


def _pair(panel: Scatter, record: Record) -> tuple[float, float]:
    x, y = (as_statistic(side, "a panel").of(record).value for side in (panel.x, panel.y))
    return x, y


def _predicted(panel: Scatter, members: Members) -> list[Trace]:
    """What theory says of y against x: a line for each colour, with a gap where it has no finite number."""
    if panel.theory is None:
        return []
    statistic = as_statistic(panel.theory, "the theory of a panel")
    found: dict[tuple[str, tuple[tuple[str, float], ...]], dict[float, list[float]]] = {}
    for arm, where, record in members:
        colour = tuple(pair for pair in where.items() if pair[0] == panel.by)
        found.setdefault((arm, colour), {}).setdefault(_pair(panel, record)[0], []).append(statistic.of(record).value)
    made = []
    for (arm, colour), points in found.items():
        means = [(x, sum(ys) / len(ys)) for x, ys in sorted(points.items()) if math.isfinite(x)]
        for finite, run in itertools.groupby(means, lambda point: math.isfinite(point[1])):
            made += [_trace(arm, dict(colour), None, run)] if finite else []
    return made


def _theory(expression: Expression, members: Iterable[tuple[str, dict[str, float], Record]]) -> list[Trace]:
    """One curve for each arm and swept value; a constant is drawn from the first step to the last."""
    found: dict[tuple[str, str], Trace] = {}
    for arm, where, record in members:
        if expression.constant:
            level = float(expression.readings(record).values.flat[0])
            pairs = [(0.0, level), (float(record.steps), level)]
        else:
            pairs = _curve(expression, record)
        found.setdefault((arm, str(where)), _trace(arm, where, None, pairs))
    return list(found.values())


def _curve(expression: Expression, record: Record) -> list[tuple[float, float]]:
    if any(name not in record.series for name in expression.names):
        return []
    readings = expression.readings(record)
    assert readings.steps is not None  # only what is constant has none
    return list(zip(readings.steps.tolist(), readings.values.tolist(), strict=True))


def _trace(arm: str, where: Mapping[str, float], seed: int | None, pairs: Iterable[tuple[float, float]]) -> Trace:
    finite = [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]
    return Trace(arm, dict(where), seed, tuple(x for x, _ in finite), tuple(y for _, y in finite))


def _where(record: Record, swept: tuple[str, ...]) -> dict[str, float]:
    return {name: record.settings[name] for name in swept}
