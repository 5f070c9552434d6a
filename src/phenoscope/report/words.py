"""The words of a report: outcomes with their signs, places, controls and the one-sentence summary."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence

from phenoscope.claims.numerals import settings
from phenoscope.claims.regions import Region
from phenoscope.claims.verdict import ControlVerdict, Outcome, Verdict
from phenoscope.report.numbers import counted, interval, number


@dataclasses.dataclass(frozen=True)
class Mark:
    """How an outcome is shown: never by colour alone.

    Attributes:
        sign: one character or two, with the word beside it.
        kind: a name for styles.
        style: on a terminal.
        clause: after a count, in the summary: "2 are supported".
    """

    sign: str
    kind: str
    style: str
    clause: str


MARKS: Mapping[Outcome, Mark] = {
    "supported": Mark("✓", "supported", "green", "supported"),
    "supported, control did not discriminate": Mark(
        "(✓)", "bare", "green", "supported, but with a control that did not discriminate"
    ),
    "contradicted": Mark("✗", "contradicted", "red", "contradicted"),
    "undecided": Mark("?", "undecided", "yellow", "undecided"),
    "not tested": Mark("–", "untested", "dim", "not tested"),
}

ORIGINS = {"source": "from the source", "theory": "from theory", "pilot": "from a pilot"}


def tally(verdicts: Sequence[Verdict]) -> str:
    """The counts by outcome in one sentence."""
    if not verdicts:
        return "No claim was judged."
    counts = Counter(verdict.outcome for verdict in verdicts)
    claims = len({(verdict.claim, verdict.source) for verdict in verdicts})
    parts = [f"{counts[outcome]} {mark.clause}" for outcome, mark in MARKS.items() if counts[outcome]]
    if len(verdicts) == 1:
        return f"The one claim is {MARKS[verdicts[0].outcome].clause}."
    if len(parts) == 1:
        return (
            f"All {len(verdicts)} {'verdicts' if claims < len(verdicts) else 'claims'} are {parts[0].split(' ', 1)[1]}."
        )
    what = (
        f"{len(verdicts)} claims"
        if claims == len(verdicts)
        else f"{len(verdicts)} verdicts on {counted(claims, 'claim')}"
    )
    told = "; ".join(parts) if any("," in part for part in parts) else listed(parts)
    return f"Of {what}: {told}."


def place(verdict: Verdict) -> str:
    """The arm and the swept values, as in "gradient descent, lr = 0.3"."""
    return ", ".join((verdict.arm, *settings(verdict.where)))


@dataclasses.dataclass(frozen=True)
class Found:
    """An estimate and its interval, rounded together; `low` and `high` are empty where there is no interval."""

    estimate: str
    low: str
    high: str

    def __str__(self) -> str:
        return f"{self.estimate} [{self.low}, {self.high}]" if self.low else self.estimate


def estimate(verdict: Verdict) -> Found:
    """Estimate and interval at the level that decides."""
    widths = (verdict.high - verdict.low, verdict.raw_high - verdict.raw_low)
    return _found(verdict.estimate, verdict.low, verdict.high, verdict.region.edges, _width(*widths))


def alone(verdict: Verdict) -> Found:
    """Estimate and interval as if the claim stood alone."""
    widths = (verdict.raw_high - verdict.raw_low, verdict.high - verdict.low)
    return _found(verdict.estimate, verdict.raw_low, verdict.raw_high, verdict.region.edges, _width(*widths))


def control_estimate(control: ControlVerdict, region: Region) -> Found:
    """Estimate and interval of the control."""
    return _found(control.estimate, control.low, control.high, region.edges, control.high - control.low)


def ends(low: float, high: float) -> tuple[float, float] | None:
    """The ends of an interval, or None if it has none: the whole line says nothing.

    An end at infinity is nan once a verdict has been through JSON, so nan is read as no end.
    """
    low, high = (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)
    return None if low == -math.inf and high == math.inf else (low, high)


def _width(own: float, other: float) -> float:
    """What sets the digits of an interval: of two of about one width the narrower, so that both are written alike."""
    return other if 0 < other < own < 5 * other else own


def _found(middle: float, low: float, high: float, edges: Sequence[float], width: float) -> Found:
    limits = ends(low, high)
    if limits is None or math.isnan(middle):
        return Found(number(middle), "", "")
    return Found(*interval(middle, *limits, edges=edges, width=width))


def control_word(control: ControlVerdict) -> str:
    """Whether the control discriminates, in words that follow the name of its arm."""
    if control.role == "twin":
        return "as a twin"
    return {True: "breaks the claim", False: "does not break it", None: "cannot be judged"}[control.discriminates]


def percent(level: float) -> str:
    return f"{number(100 * level)} %"


def listed(parts: Sequence[str]) -> str:
    """Several things in one sentence.

    Example:
        >>> listed(["one", "two", "three"])
        'one, two and three'
    """
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else parts[0]


def replicates(verdict: Verdict) -> str:
    """How many replicates judge; those of a single run are blocks of time."""
    blocks = verdict.scope == "this run" and verdict.n > 1
    return f"{verdict.n} blocks" if blocks else str(verdict.n)
