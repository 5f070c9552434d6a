"""A panel evaluated: plain numbers that a report draws and that a reader can take away."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

from phenoscope.claims.numerals import settings
from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.core.errors import BadInput
from phenoscope.core.hints import check_fields


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
        return ", ".join(part for part in (self.arm, *settings(self.where)) if part)


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
