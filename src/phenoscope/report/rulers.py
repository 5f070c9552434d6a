"""Rulers: from values to places on a strip, and the marks that are drawn there."""

import dataclasses
import math
from collections.abc import Iterable

from phenoscope.claims.verdict import ControlVerdict, Verdict
from phenoscope.report.numbers import number

WIDTH, MARGIN = 280, 10

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


def ruler_of(*verdicts: Verdict) -> Ruler:
    """A scale that holds the region's edges, the intervals and the seeds, and of the controls what lies near.

    Args:
        verdicts: on one claim, and so with one region.
    """
    edges = verdicts[0].region.edges
    found = [value for verdict in verdicts for value in _numbers(verdict)]
    shown = [value for value in (*found, *edges) if math.isfinite(value)] or [0.0]
    log = all(verdict.scale == "log" for verdict in verdicts) and all(
        value > 0 for value in found if math.isfinite(value)
    )
    forward, back = (math.log, _exp) if log else (float, float)
    usable = [forward(value) for value in shown if value > 0 or not log] or [0.0]
    low, high = min(usable), max(usable)
    theirs = [value for verdict in verdicts for value in _control_numbers(verdict.control)]
    beside = [forward(value) for value in theirs if value > 0 or not log]
    room = ROOM * (high - low)
    near = all(low - room <= value <= high + room for value in beside)
    # Room to see that a region goes on where it has no edge, and for the arrow to a control far off.
    left, right = (0.08 if math.isfinite(edge) else 0.2 for edge in edges)
    if not near:
        left, right = max(left, 0.3 * (min(beside) < low)), max(right, 0.3 * (max(beside) > high))
    low, high = (min([low, *beside]), max([high, *beside])) if near else (low, high)
    unit = high - low or (5.0 if log else abs(high) or 10.0)
    return Ruler(back(low - left * unit), back(high + right * unit), log)


def _exp(value: float) -> float:
    """E to a power, held within what a float can be: two seeds can make an interval of hundreds of orders."""
    return math.exp(min(max(value, -700.0), 700.0))


def _numbers(verdict: Verdict) -> tuple[float, ...]:
    return (verdict.estimate, verdict.low, verdict.high, verdict.raw_low, verdict.raw_high, *verdict.values)


def _control_numbers(control: ControlVerdict | None) -> list[float]:
    found = () if control is None else (control.estimate, control.low, control.high)
    return [value for value in found if math.isfinite(value)]


def region(verdict: Verdict, ruler: Ruler, prefix: str, floor: int) -> Iterable[str]:
    """The region shaded down to `floor`, fading where it has no edge, with the numbers at its edges below."""
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
    size = f'x="{left:.1f}" y="2" width="{width:.1f}" height="{floor - 2}"'
    yield f'<rect {size} fill="{fill}" fill-opacity="{opacity}"/>'
    labels = [(place, edge) for place, edge in zip((lower, upper), verdict.region.edges, strict=True) if on(place)]
    for place, _ in labels:
        yield f'<path d="M{place:.1f} 2V{floor}" stroke="var(--region, #2f6fde)"/>'
    yield from _labels(labels, floor + 13)


def _labels(labels: list[tuple[float, float]], y: int) -> Iterable[str]:
    """The numbers at the edges, moved apart where they would touch."""
    places = [min(max(place, 14.0), WIDTH - 14.0) for place, _ in labels]
    if len(places) == 2 and places[1] - places[0] < 40:
        middle = min(max(sum(places) / 2, 36.0), WIDTH - 36.0)
        places = [middle - 20, middle + 20]
    for place, (_, edge) in zip(places, labels, strict=True):
        yield (
            f'<text x="{place:.1f}" y="{y}" text-anchor="middle" font-size="11" fill="currentColor" '
            f'fill-opacity="0.75">{number(edge, 6)}</text>'
        )


def span(ruler: Ruler, limits: tuple[float, float] | None, y: float, tick: float, dash: str) -> Iterable[str]:
    """A line from low to high with a tick at each end on the strip and an arrow at each end off it."""
    if limits is None:
        return
    places = [ruler.place(limit) for limit in limits]
    start, end = (limited(place) for place in places)
    yield level(start, end, y, 1.3, dash)
    for place, shown in zip(places, (start, end), strict=True):
        if on(place):
            yield upright(shown, y, tick)
        else:
            yield arrow(shown, y, 1 if shown > WIDTH / 2 else -1)


def arrow(tip: float, y: float, side: int) -> str:
    path = f"M{tip - 5 * side:.1f} {y - 3.5}L{tip:.1f} {y}L{tip - 5 * side:.1f} {y + 3.5}"
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.3"/>'


def on(place: float) -> bool:
    return 0 <= place <= WIDTH


def limited(place: float) -> float:
    return min(max(place, 2.0), WIDTH - 2.0)


def level(start: float, end: float, y: float, width: float, more: str = "") -> str:
    place = f'x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}"'
    return f'<line {place} stroke="currentColor" stroke-width="{width}" {more}/>'


def upright(x: float, middle: float, reach: float, more: str = "") -> str:
    place = f'x1="{x:.1f}" y1="{middle - reach}" x2="{x:.1f}" y2="{middle + reach}"'
    return f'<line {place} stroke="currentColor" stroke-width="1.3" {more}/>'


def dot(x: float, y: float, radius: float, fill: str, stroke: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y}" r="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="1.4"/>'
