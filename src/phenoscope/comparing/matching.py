"""Which verdicts of two runs are on the same claim at the same place, and how far apart they are, seed by seed."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from phenoscope.claims import Verdict
from phenoscope.claims.intervals import Sample

LEVEL = 0.95
MEDIAN, SHARE = "median over seeds of ", "share of seeds with "


@dataclasses.dataclass(frozen=True)
class PairedDifference:
    """How far the second run is from the first, over the seeds that both have.

    Attributes:
        what: "B - A", or "B / A" for statistics that are judged on the log scale.
        estimate, low, high: with the interval at 95 %, of this one difference by itself: it is not corrected for how
            many are looked at, and rests on the spread over seeds alone.
        pairs: how many seeds.
    """

    what: Literal["B - A", "B / A"]
    estimate: float
    low: float
    high: float
    pairs: int


@dataclasses.dataclass(frozen=True, eq=False)
class Match:
    """Two verdicts on one claim at one place.

    Attributes:
        a, b: the verdicts.
        agree: whether they came out alike.
        overlap: whether the intervals that decided have a number in common; None where one of them has no interval.
        difference: seed by seed, where that can be said.
        note: in what the two claims are not quite the same.
    """

    a: Verdict
    b: Verdict
    agree: bool
    overlap: bool | None
    difference: PairedDifference | None
    note: str = ""


def matches(a: Sequence[Verdict], b: Sequence[Verdict], *, related: bool) -> tuple[Match, ...]:
    """The verdicts that both runs have, in the order of the first.

    Args:
        a: the verdicts of the first run.
        b: those of the second.
        related: whether the runs are of one phenomenon, in which claims of one name are the same claim.
    """
    others = {_key(verdict, related): verdict for verdict in b}
    found = ((verdict, others.get(_key(verdict, related))) for verdict in a)
    return tuple(_match(verdict, other) for verdict, other in found if other is not None)


def unmatched(a: Sequence[Verdict], b: Sequence[Verdict], *, related: bool) -> tuple[Verdict, ...]:
    """The verdicts of the first run that the second has not."""
    others = {_key(verdict, related) for verdict in b}
    return tuple(verdict for verdict in a if _key(verdict, related) not in others)


def _key(verdict: Verdict, related: bool) -> tuple[object, ...]:
    says = verdict.name if related and verdict.name is not None else (verdict.claim, verdict.statistic)
    return says, verdict.arm, tuple(sorted(verdict.where.items()))


def _match(a: Verdict, b: Verdict) -> Match:
    parts = (("statistic", f"{a.statistic}", f"{b.statistic}"), ("region", f"{a.region}", f"{b.region}"))
    unlike = [f"the {what} is {one} in A, {other} in B" for what, one, other in parts if one != other]
    same = a.statistic == b.statistic and a.scope == b.scope == "replicates"
    difference = paired(a, b) if same else None
    return Match(a, b, a.outcome == b.outcome, _overlap(a, b), difference, "; ".join(unlike))


def _overlap(a: Verdict, b: Verdict) -> bool | None:
    if not all(math.isfinite(verdict.estimate) for verdict in (a, b)):
        return None
    ends = [_whole(verdict.low, verdict.high) for verdict in (a, b)]
    if (-math.inf, math.inf) in ends:
        return None
    return max(low for low, _ in ends) <= min(high for _, high in ends)


def _whole(low: float, high: float) -> tuple[float, float]:
    """An interval whose missing ends, which JSON has no word for, are infinite."""
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def paired(a: Verdict, b: Verdict) -> PairedDifference | None:
    """The difference over common seeds; None with fewer than two, for counts, or where a value is no number."""
    first, second = (dict(zip(verdict.seeds, verdict.values, strict=True)) for verdict in (a, b))
    shared = [seed for seed in first if seed in second]
    ours = np.array([first[seed] for seed in shared])
    theirs = np.array([second[seed] for seed in shared])
    if len(shared) < 2 or not np.isfinite([ours, theirs]).all() or a.statistic.startswith(SHARE):
        return None
    ratio = a.scale == b.scale == "log" and bool((ours > 0).all() and (theirs > 0).all())
    values = theirs / ours if ratio else theirs - ours
    kind = "median" if a.statistic.startswith(MEDIAN) else "mean"
    sample = Sample.made(values, 0.0, kind, "log" if ratio else "linear")
    return PairedDifference("B / A" if ratio else "B - A", sample.estimate, *sample.bounds(1 - LEVEL), len(shared))
