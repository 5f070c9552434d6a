"""Interval strips: one verdict drawn on a line, the interval against its region.

From top to bottom: the estimate with its interval at the level that decides (thin, with end ticks) and alone (thick),
the seeds one by one (small marks), and the control (dashed, hollow). The region is shaded behind them; where it has no
edge the shade fades. What does not fit is cut off with an arrow.
"""

import hashlib
import math
from collections.abc import Iterable
from html import escape

from phenoscope.claims.verdict import ControlVerdict, Verdict
from phenoscope.report.alternatives import describe_strip
from phenoscope.report.numbers import number
from phenoscope.report.rulers import WIDTH, Ruler, arrow, dot, level, limited, on, region, ruler_of, span, upright
from phenoscope.report.svg import words
from phenoscope.report.words import ends

HEIGHT = 62
MAIN, SEEDS, CONTROL, FLOOR = 12, 25, 36, 45
"""The heights of the three rows, and of the region's lower end; below are the numbers at its edges."""


def interval_strip(verdict: Verdict) -> str:
    """A verdict as a small SVG element, with a text alternative in words."""
    ruler = ruler_of(verdict)
    description = describe_strip(verdict)
    prefix = "s" + hashlib.sha256(f"{verdict.claim}{verdict.arm}{verdict.where}{description}".encode()).hexdigest()[:10]
    parts = [*region(verdict, ruler, prefix, FLOOR), *_control(verdict.control, ruler), *_estimate(verdict, ruler)]
    attributes = words(prefix) | {"class": "strip", "viewBox": f"0 0 {WIDTH} {HEIGHT}"}
    title = f'<title id="{prefix}-title">{escape(verdict.outcome)}</title>'
    desc = f'<desc id="{prefix}-desc">{escape(description)}</desc>'
    head = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{title}{desc}{"".join(parts)}</svg>'


def _estimate(verdict: Verdict, ruler: Ruler) -> Iterable[str]:
    for value in verdict.values:
        place = ruler.place(value)
        if on(place):
            yield upright(place, SEEDS, 3, 'stroke-opacity="0.6"')
    if not math.isfinite(verdict.estimate):
        return
    raw = ends(verdict.raw_low, verdict.raw_high)
    if raw is not None:
        start, end = (limited(ruler.place(value)) for value in raw)
        yield level(start, end, MAIN, 6, 'stroke-opacity="0.28"')
    yield from span(ruler, ends(verdict.low, verdict.high), MAIN, 5.5, "")
    yield dot(ruler.place(verdict.estimate), MAIN, 4, "currentColor", "var(--page, none)")


def _control(control: ControlVerdict | None, ruler: Ruler) -> Iterable[str]:
    if control is None or not math.isfinite(control.estimate):
        return
    place = ruler.place(control.estimate)
    if not on(place):
        yield from _far(place, number(control.estimate, 3))
        return
    yield from span(ruler, ends(control.low, control.high), CONTROL, 3.5, 'stroke-dasharray="3 2.5"')
    yield dot(place, CONTROL, 3.2, "var(--page, none)", "currentColor")


def _far(place: float, value: str) -> Iterable[str]:
    """A control beyond the strip: an arrow towards it, and its number."""
    side = 1 if place > 0 else -1
    tip = WIDTH - 2.0 if side > 0 else 2.0
    yield level(tip - 18 * side, tip, CONTROL, 1.3, 'stroke-dasharray="3 2.5"')
    yield arrow(tip, CONTROL, side)
    anchor = "end" if side > 0 else "start"
    yield (
        f'<text x="{tip - 23 * side:.1f}" y="{CONTROL + 4}" text-anchor="{anchor}" font-size="11" fill="currentColor">'
        f"{value}</text>"
    )
