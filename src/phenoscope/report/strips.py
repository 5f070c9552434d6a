"""Interval strips: one verdict drawn on a line, the interval against its region.

From top to bottom: the estimate with its interval at the level that decides (thin, with end ticks) and alone (thick),
the seeds one by one (small marks), and the control (dashed, hollow). The region is shaded behind them; where it has no
edge the shade fades. What does not fit is cut off with an arrow.
"""

import dataclasses
import hashlib
import math
from collections.abc import Iterable
from html import escape

from phenoscope.claims.verdict import ControlVerdict, Verdict
from phenoscope.report.alternatives import describe_strip
from phenoscope.report.numbers import number
from phenoscope.report.svg import words
from phenoscope.report.words import ends

WIDTH, HEIGHT = 280, 62
MARGIN = 10
MAIN, SEEDS, CONTROL, FLOOR = 12, 25, 36, 45
"""The heights of the three rows, and of the region's lower end; below are the numbers at its edges."""

ROOM = 1.5
"""How far a control may widen the strip to either side, in widths of all else: beyond, only its direction is drawn."""


@dataclasses.dataclass(frozen=True)
class Ruler:
    """From values to places on a strip; on a log ruler what is not positive lies off its left end."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """The place in pixels, not limited to the strip."""
        at = self._at(value)
        if math.isinf(at):
            return at
        return MARGIN + (at - self._at(self.low)) / (self._at(self.high) - self._at(self.low)) * (WIDTH - 2 * MARGIN)

    def _at(self, value: float) -> float:
        if not self.log:
            return value
        return math.log(value) if value > 0 else -math.inf


def interval_strip(verdict: Verdict) -> str:
    """A verdict as a small SVG element, with a text alternative in words."""
    ruler = ruler_of(verdict)
    description = describe_strip(verdict)
    prefix = "s" + hashlib.sha256(f"{verdict.claim}{verdict.arm}{verdict.where}{description}".encode()).hexdigest()[:10]
    parts = [*_region(verdict, ruler, prefix), *_control(verdict.control, ruler), *_estimate(verdict, ruler)]
    attributes = words(prefix) | {"class": "strip", "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    title = f'<title id="{prefix}-title">{escape(verdict.outcome)}</title>'
    desc = f'<desc id="{prefix}-desc">{escape(description)}</desc>'
    head = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{title}{desc}{"".join(parts)}</svg>'


def ruler_of(verdict: Verdict) -> Ruler:
    """A scale that holds the region's edges, the intervals and the seeds, and of the control what lies near."""
    edges = verdict.region.edges
    found = (verdict.estimate, verdict.low, verdict.high, verdict.raw_low, verdict.raw_high, *verdict.values)
    shown = [value for value in (*found, *edges) if math.isfinite(value)] or [0.0]
    log = verdict.scale == "log" and all(value > 0 for value in found if math.isfinite(value))
    forward, back = (math.log, math.exp) if log else (float, float)
    usable = [forward(value) for value in shown if value > 0 or not log] or [0.0]
    low, high = min(usable), max(usable)
    beside = [forward(value) for value in _control_numbers(verdict.control) if value > 0 or not log]
    room = ROOM * (high - low)
    near = all(low - room <= value <= high + room for value in beside)
    # Room to see that a region goes on where it has no edge, and for the arrow to a control far off.
    left, right = (0.08 if math.isfinite(edge) else 0.2 for edge in edges)
    if not near:
        left, right = max(left, 0.3 * (min(beside) < low)), max(right, 0.3 * (max(beside) > high))
    low, high = (min([low, *beside]), max([high, *beside])) if near else (low, high)
    unit = high - low or (5.0 if log else abs(high) or 10.0)
    return Ruler(back(low - left * unit), back(high + right * unit), log)


def _control_numbers(control: ControlVerdict | None) -> list[float]:
    found = () if control is None else (control.estimate, control.low, control.high)
    return [value for value in found if math.isfinite(value)]


def _region(verdict: Verdict, ruler: Ruler, prefix: str) -> Iterable[str]:
    lower, upper = (ruler.place(edge) for edge in verdict.region.edges)
    left, right = max(lower, 0.0), min(upper, float(WIDTH))
    fill = "var(--region, #2f6fde)"
    if lower < 0 or upper > WIDTH:
        # Opaque at the edge, fading over the last third towards the open side.
        stops = ((0, 0.0), (0.35, 0.2), (1, 0.2)) if lower < 0 else ((0, 0.2), (0.65, 0.2), (1, 0.0))
        if lower < 0 and upper > WIDTH:
            stops = ((0, 0.0), (0.3, 0.2), (0.7, 0.2), (1, 0.0))
        inner = "".join(f'<stop offset="{at}" stop-color="{fill}" stop-opacity="{much}"/>' for at, much in stops)
        yield f'<defs><linearGradient id="{prefix}-fade">{inner}</linearGradient></defs>'
        fill, opacity = f"url(#{prefix}-fade)", 1.0
    else:
        opacity = 0.2
    width = max(right - left, 2.0)
    size = f'x="{left:.1f}" y="2" width="{width:.1f}" height="{FLOOR - 2}"'
    yield f'<rect {size} fill="{fill}" fill-opacity="{opacity}"/>'
    labels = [(place, edge) for place, edge in zip((lower, upper), verdict.region.edges, strict=True) if _on(place)]
    for place, _ in labels:
        yield f'<path d="M{place:.1f} 2V{FLOOR}" stroke="var(--region, #2f6fde)"/>'
    yield from _labels(labels)


def _labels(labels: list[tuple[float, float]]) -> Iterable[str]:
    """The numbers at the edges, moved apart where they would touch."""
    places = [min(max(place, 14.0), WIDTH - 14.0) for place, _ in labels]
    if len(places) == 2 and places[1] - places[0] < 40:
        middle = min(max(sum(places) / 2, 36.0), WIDTH - 36.0)
        places = [middle - 20, middle + 20]
    for place, (_, edge) in zip(places, labels, strict=True):
        yield (
            f'<text x="{place:.1f}" y="{HEIGHT - 4}" text-anchor="middle" font-size="11" fill="currentColor" '
            f'fill-opacity="0.75">{number(edge, 6)}</text>'
        )


def _estimate(verdict: Verdict, ruler: Ruler) -> Iterable[str]:
    for value in verdict.values:
        place = ruler.place(value)
        if _on(place):
            yield _upright(place, SEEDS, 3, 'stroke-opacity="0.6"')
    if not math.isfinite(verdict.estimate):
        return
    raw = ends(verdict.raw_low, verdict.raw_high)
    if raw is not None:
        start, end = (_limited(ruler.place(value)) for value in raw)
        yield _level(start, end, MAIN, 6, 'stroke-opacity="0.28"')
    yield from _span(ruler, ends(verdict.low, verdict.high), MAIN, 5.5, "")
    yield _dot(ruler.place(verdict.estimate), MAIN, 4, "currentColor", "var(--page, none)")


def _control(control: ControlVerdict | None, ruler: Ruler) -> Iterable[str]:
    if control is None or not math.isfinite(control.estimate):
        return
    place = ruler.place(control.estimate)
    if not _on(place):
        yield from _far(place, number(control.estimate, 3))
        return
    yield from _span(ruler, ends(control.low, control.high), CONTROL, 3.5, 'stroke-dasharray="3 2.5"')
    yield _dot(place, CONTROL, 3.2, "var(--page, none)", "currentColor")


def _far(place: float, value: str) -> Iterable[str]:
    """A control beyond the strip: an arrow towards it, and its number."""
    side = 1 if place > 0 else -1
    tip = WIDTH - 2.0 if side > 0 else 2.0
    yield _level(tip - 18 * side, tip, CONTROL, 1.3, 'stroke-dasharray="3 2.5"')
    yield _arrow(tip, CONTROL, side)
    anchor = "end" if side > 0 else "start"
    yield (
        f'<text x="{tip - 23 * side:.1f}" y="{CONTROL + 4}" text-anchor="{anchor}" font-size="11" fill="currentColor">'
        f"{value}</text>"
    )


def _span(ruler: Ruler, limits: tuple[float, float] | None, y: float, tick: float, dash: str) -> Iterable[str]:
    """A line from low to high with a tick at each end on the strip and an arrow at each end off it."""
    if limits is None:
        return
    places = [ruler.place(limit) for limit in limits]
    start, end = (_limited(place) for place in places)
    yield _level(start, end, y, 1.3, dash)
    for place, shown in zip(places, (start, end), strict=True):
        if _on(place):
            yield _upright(shown, y, tick)
        else:
            yield _arrow(shown, y, 1 if shown > WIDTH / 2 else -1)


def _arrow(tip: float, y: float, side: int) -> str:
    path = f"M{tip - 5 * side:.1f} {y - 3.5}L{tip:.1f} {y}L{tip - 5 * side:.1f} {y + 3.5}"
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.3"/>'


def _on(place: float) -> bool:
    return 0 <= place <= WIDTH


def _limited(place: float) -> float:
    return min(max(place, 2.0), WIDTH - 2.0)


def _level(start: float, end: float, y: float, width: float, more: str = "") -> str:
    place = f'x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}"'
    return f'<line {place} stroke="currentColor" stroke-width="{width}" {more}/>'


def _upright(x: float, middle: float, reach: float, more: str = "") -> str:
    place = f'x1="{x:.1f}" y1="{middle - reach}" x2="{x:.1f}" y2="{middle + reach}"'
    return f'<line {place} stroke="currentColor" stroke-width="1.3" {more}/>'


def _dot(x: float, y: float, radius: float, fill: str, stroke: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y}" r="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="1.4"/>'
