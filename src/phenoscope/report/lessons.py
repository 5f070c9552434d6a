"""Lessons: verdicts with made-up numbers, to show on one page what each outcome looks like."""

import dataclasses
import math
from typing import Any

from markupsafe import Markup

from phenoscope.claims.regions import Between
from phenoscope.claims.verdict import ControlVerdict, Verdict
from phenoscope.report.strips import interval_strip
from phenoscope.report.words import MARKS

_BREAKS = ControlVerdict("a small step", "breaks", 0.83, 0.79, 0.87, 5, True, "contradicted there")
_HOLDS = dataclasses.replace(_BREAKS, estimate=1.01, low=0.96, high=1.06, discriminates=False, how="also inside")

_SUPPORTED = Verdict(
    claim="a quantity averages 0.9 to 1.1",
    name=None,
    source="an example",
    arm="an arm",
    where={},
    statistic="late_mean(quantity)",
    region=Between(0.9, 1.1),
    region_from="source",
    outcome="supported",
    reason="",
    estimate=1.01,
    low=0.95,
    high=1.07,
    raw_low=0.97,
    raw_high=1.05,
    level=0.99,
    n=5,
    seeds=(0, 1, 2, 3, 4),
    values=(0.975, 0.998, 1.012, 1.025, 1.04),
    control=_BREAKS,
    scale="linear",
    unit="",
)

_EXAMPLES: tuple[tuple[Verdict, str], ...] = (
    (_SUPPORTED, "The whole interval lies inside the region; the control, which should break the claim, breaks it."),
    (
        dataclasses.replace(
            _SUPPORTED, outcome="supported, control did not discriminate", control=_HOLDS, region=Between(0.9, 1.1)
        ),
        "The interval lies inside, but so does the control's. The claim holds here, though perhaps for another reason "
        "than the one it names.",
    ),
    (
        dataclasses.replace(
            _SUPPORTED, outcome="contradicted", estimate=1.21, low=1.14, high=1.28, raw_low=1.17, raw_high=1.25,
            values=(1.17, 1.19, 1.21, 1.225, 1.255), control=None,
        ),
        "The whole interval lies outside. That is a finding like any other: it is kept and shown.",
    ),
    (
        dataclasses.replace(
            _SUPPORTED, outcome="undecided", estimate=1.07, low=0.99, high=1.15, raw_low=1.03, raw_high=1.11,
            values=(1.02, 1.05, 1.07, 1.09, 1.12), control=None,
        ),
        "The interval crosses an edge: these seeds fit a claim that holds and one that fails. The verdict says how "
        "many seeds would decide. A value that is not finite, or a single seed, leaves a claim undecided too.",
    ),
    (
        dataclasses.replace(
            _SUPPORTED, outcome="not tested", n=0, seeds=(), values=(), control=None,
            **dict.fromkeys(("estimate", "low", "high", "raw_low", "raw_high"), math.nan),
        ),
        "What the claim presupposes does not hold here, or what it needs was not measured. Nothing is said about it.",
    ),
)  # fmt: skip

_FAMILY = (("a claim judged alone", 1.03, 0.035, 0.035), ("the same claim among twenty", 1.03, 0.035, 0.085))


def lessons() -> dict[str, Any]:
    """What the page draws: an example of each outcome, and one claim alone and among many."""
    return {"outcomes": [_outcome(*example) for example in _EXAMPLES], "family": [_member(*one) for one in _FAMILY]}


def _outcome(verdict: Verdict, says: str) -> dict[str, Any]:
    mark = MARKS[verdict.outcome]
    return {"outcome": verdict.outcome, "kind": mark.kind, "strip": Markup(interval_strip(verdict)), "says": says}


def _member(says: str, middle: float, alone: float, together: float) -> dict[str, Any]:
    offsets = (-0.04, -0.02, 0.0, 0.02, 0.04)
    outcome = "supported" if middle + together <= 1.1 else "undecided"
    made = dataclasses.replace(
        _SUPPORTED, claim=says, outcome=outcome, control=None, values=tuple(middle + step for step in offsets),
        estimate=middle, low=middle - together, high=middle + together, raw_low=middle - alone, raw_high=middle + alone,
    )  # fmt: skip
    return {"says": says, "kind": MARKS[outcome].kind, "outcome": outcome, "strip": Markup(interval_strip(made))}
