"""Panels: which measured quantities are drawn, and the theory that is laid beside them.

A panel is stated with expressions, like a claim; evaluated on records it becomes `PanelData`, plain numbers that
a report can draw, and that a reader can take away, without knowing any expression or model.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from phenoscope.claims import Expression, Statistic
from phenoscope.claims.statistics import as_statistic
from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.core.errors import BadInput
from phenoscope.core.hints import check_fields
from phenoscope.record import COMPANIONS, Record

Evidence = Mapping[str, Sequence[Record]]


@dataclasses.dataclass(frozen=True)
class Lines:
    """A quantity along training, one line a member, with the theory's level or curve beside it.

    Attributes:
        title, caption: what it shows, and what to look for.
        y: what is drawn against the step.
        y_label: its name and unit.
        arms: whose members are drawn.
        theory: an expression drawn beside each arm and swept value, such as `2 / LR`.
        theory_label: its name.
        log_y: whether the axis is logarithmic.
        x_label: what a comparison counts where it is not the steps of training, such as places along a path.
    """

    title: str
    caption: str
    y: Expression
    y_label: str
    arms: tuple[str, ...]
    theory: Expression | None = None
    theory_label: str = "theory"
    log_y: bool = False
    x_label: str = "step"

    def __post_init__(self) -> None:
        if self.y.constant:
            raise BadInput(f"a panel draws a quantity along training, got the constant {self.y}. Give it as `theory`.")

    @property
    def names(self) -> tuple[str, ...]:
        """The series drawn."""
        return self.y.names

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings needed of every member."""
        return self.y.settings + (() if self.theory is None else self.theory.settings)


@dataclasses.dataclass(frozen=True)
class Scatter:
    """One number of each member against another, with the theory's line y = `slope` · x.

    Attributes:
        title, caption: what it shows, and what to look for.
        x, y: one number a member; settings and arithmetic of them are such numbers, too.
        x_label, y_label: their names and units.
        arms: whose members are drawn.
        slope: of the theory's line through the origin.
        theory_label: its name.
        log: whether both axes are logarithmic.
        by: the swept setting whose values have colours of their own; the arms have them unless given.
    """

    title: str
    caption: str
    x: Statistic | Expression
    y: Statistic | Expression
    x_label: str
    y_label: str
    arms: tuple[str, ...]
    slope: float | None = None
    theory_label: str = "theory"
    log: bool = True
    by: str | None = None

    def __post_init__(self) -> None:
        for side in ("x", "y"):
            object.__setattr__(self, side, as_statistic(getattr(self, side), f"the {side} of a panel"))

    @property
    def names(self) -> tuple[str, ...]:
        """The series drawn."""
        return self.x.names + self.y.names

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings needed of every member."""
        return self.x.settings + self.y.settings + (() if self.by is None else (self.by,))


Panel = Lines | Scatter


@dataclasses.dataclass(frozen=True)
class Trace:
    """One line or set of points: whose it is, and its numbers.

    Attributes:
        arm: the arm, or "" for theory that belongs to all.
        where: the swept values, for example {"lr": 0.3}.
        seed: of the member; `None` for theory.
        x, y: as many numbers each; those that are not finite are left out.
        error: what each y may be off by, drawn as a band around the line; empty where nothing is known of it.
    """

    arm: str
    where: Mapping[str, float]
    seed: int | None
    x: tuple[float, ...]
    y: tuple[float, ...]
    error: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """The arm and the swept values, as a legend has them."""
        return ", ".join(part for part in (self.arm, *(f"{k} = {v:g}" for k, v in self.where.items())) if part)


@dataclasses.dataclass(frozen=True)
class PanelData:
    """A panel evaluated: everything needed to draw it.

    Attributes:
        kind: lines along training, or a scatter of one number a member.
        title, caption: what it shows, and what to look for.
        x_label, y_label: names and units of the axes.
        log_x, log_y: which axes are logarithmic.
        traces: what was measured.
        theory: what is laid beside it.
        theory_label: its name.
        by: the swept setting whose values have colours of their own; "" where arms have them.
    """

    kind: Literal["lines", "scatter"]
    title: str
    caption: str
    x_label: str
    y_label: str
    log_x: bool
    log_y: bool
    traces: tuple[Trace, ...]
    theory: tuple[Trace, ...]
    theory_label: str
    by: str = ""

    @property
    def slug(self) -> str:
        """A file name for it."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split())

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def _repr_html_(self) -> str:
        return displays.html(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw it, with its theory and a legend."""
        return displays.plot(self, ax)


def panel_from_json(value: Mapping[str, Any]) -> PanelData:
    """What `PanelData.to_json` wrote.

    Raises:
        BadInput: it has a field of another type, or lines of numbers that are not finite or not paired.
    """
    fields = dict(value)
    for part in ("traces", "theory"):
        fields[part] = tuple(_trace_from_json(trace) for trace in fields[part])
    made = PanelData(**fields)
    check_fields(made)
    for trace in (*made.traces, *made.theory):
        check_fields(trace)
        paired = len(trace.x) == len(trace.y) and len(trace.error) in (0, len(trace.x))
        if not paired or not all(map(math.isfinite, (*trace.x, *trace.y, *trace.error))):
            raise BadInput(f"the panel {made.title!r} holds a line whose numbers are not finite, or not paired.")
    return made


def _trace_from_json(value: Mapping[str, Any]) -> Trace:
    return Trace(**{**value, **{name: tuple(value.get(name, ())) for name in ("x", "y", "error")}})


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
        labels, logs = (panel.x_label, panel.y_label), (panel.log, panel.log)
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
