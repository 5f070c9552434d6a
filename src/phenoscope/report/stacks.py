"""Stacks: the verdicts of one claim below each other on one ruler, as the atlas has them.

Each row holds an estimate with its interval at the level that decides (thin) and alone (thick), and the control's
estimate as a ring where it lies on the strip. Rows stand in the order of the verdicts.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from html import escape

from phenoscope.claims.numerals import settings
from phenoscope.claims.verdict import Verdict
from phenoscope.report.alternatives import describe_strip
from phenoscope.report.rulers import WIDTH, Ruler, dot, level, limited, on, region, ruler_of, span
from phenoscope.report.svg import words
from phenoscope.report.words import MARKS, ends

ROW, TOP = 20, 4


def stacked_strip(verdicts: Sequence[Verdict]) -> str:
    """The verdicts of one claim as one SVG element, with a text alternative in words.

    Args:
        verdicts: at least one, all with the same region.
    """
    ruler, floor = ruler_of(*verdicts), TOP + ROW * len(verdicts) + 2
    description = " ".join(f"{_place(verdict)}{describe_strip(verdict)}" for verdict in verdicts)
    prefix = "t" + hashlib.sha256(f"{verdicts[0].claim}{verdicts[0].arm}{description}".encode()).hexdigest()[:10]
    rows = [_row(verdict, ruler, TOP + ROW * place + ROW // 2) for place, verdict in enumerate(verdicts)]
    parts = "".join((*region(verdicts[0], ruler, prefix, floor), *rows))
    attributes = words(prefix) | {"class": "strip", "viewBox": f"0 0 {WIDTH} {floor + 17}"}
    head = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    title = f'<title id="{prefix}-title">{escape(verdicts[0].claim)}</title>'
    return f'<svg {head}>{title}<desc id="{prefix}-desc">{escape(description)}</desc>{parts}</svg>'


def _place(verdict: Verdict) -> str:
    found = ", ".join(settings(verdict.where))
    return f"{found}: " if found else ""


def _row(verdict: Verdict, ruler: Ruler, y: int) -> str:
    return f'<g class="{MARKS[verdict.outcome].kind}" color="var(--tone)">{"".join(_marks(verdict, ruler, y))}</g>'


def _marks(verdict: Verdict, ruler: Ruler, y: int) -> Iterable[str]:
    control = verdict.control
    if control is not None and math.isfinite(control.estimate) and on(ruler.place(control.estimate)):
        yield dot(ruler.place(control.estimate), y, 3.4, "var(--page, none)", "var(--text, currentColor)")
    if not math.isfinite(verdict.estimate):
        return
    raw = ends(verdict.raw_low, verdict.raw_high)
    if raw is not None:
        start, end = (limited(ruler.place(value)) for value in raw)
        yield level(start, end, y, 6, 'stroke-opacity="0.28"')
    yield from span(ruler, ends(verdict.low, verdict.high), y, 5, "")
    yield dot(ruler.place(verdict.estimate), y, 4, "currentColor", "var(--page, none)")
