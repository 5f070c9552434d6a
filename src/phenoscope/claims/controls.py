"""Does the control break the claim? By contradicting it there, or by differing seed by seed from the claim's arm."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from phenoscope.claims.claim import Breaks, Claim, Twin
from phenoscope.claims.family import Side, side
from phenoscope.claims.intervals import Sample
from phenoscope.claims.numerals import numeral
from phenoscope.claims.readings import arithmetic_of_numbers
from phenoscope.claims.regions import Region
from phenoscope.claims.replicates import Replicates, sample
from phenoscope.claims.slopes import Slope
from phenoscope.claims.statistics import Value
from phenoscope.claims.verdict import ControlVerdict

RESOLUTION = float(np.finfo(np.float32).eps)
"""Of numbers that training makes: what differs by less, in parts of its size, is one number."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """The paired difference between two arms at one level; `null` is what it would be if they did not differ.

    A difference of means or medians has null 0, a ratio (log scale) null 1, and for proportions it is the share of
    pairs that went the claim's way among those that differ, null ½ (the exact test of McNemar). Arms that are one to
    rounding can differ by the same last digits at every seed, and so by an interval that excludes the null: what is
    nearer to it than `resolution` is no difference.
    """

    what: str
    estimate: float
    low: float
    high: float
    pairs: int
    null: float
    resolution: float = 0.0

    @property
    def excludes_null(self) -> bool:
        beyond_rounding = abs(self.estimate - self.null) > self.resolution
        return beyond_rounding and (self.low > self.null or self.high < self.null)

    def __str__(self) -> str:
        middle, low, high = (numeral(value, 4) for value in (self.estimate, self.low, self.high))
        return f"{self.what} {middle} [{low}, {high}] over {self.pairs} pairs"


def control_verdict(claim: Claim, main: Replicates, control: Replicates, alpha: float) -> ControlVerdict | None:
    """What the claim's control says, its intervals at level 1 − α; None if the claim has no control."""
    if claim.control is None:
        return None
    found = sample(claim, control.values)
    low, high = found.bounds(alpha)
    fault = control.absent or control.fault or found.fault
    if isinstance(claim.control, Twin):
        discriminates, how = None, fault or _expectation(claim.control.expects, low, high)
    elif fault is not None:
        discriminates, how = None, f"the control cannot be judged: {fault}"
    else:
        place = side(claim.region, low, high)
        discriminates, how = _broken(claim.control, place, paired_difference(claim, main, control, alpha))
    role = "twin" if isinstance(claim.control, Twin) else "breaks"
    note = "" if control.note is None else f"; {control.note}"
    return ControlVerdict(
        label(claim.control), role, found.estimate, low, high, len(control.seeds), discriminates, how + note
    )


def label(control: Breaks | Twin) -> str:
    """What the control is called: its arm, and what is read there where that is not the claim's own statistic."""
    return control.arm if control.statistic is None else control.called or f"{control.statistic} of {control.arm}"


def paired_difference(claim: Claim, main: Replicates, control: Replicates, alpha: float) -> Difference | None:
    """The difference between the arms at seeds that both have, at level 1 − α; None with fewer than two pairs."""
    shared = [seed for seed in main.seeds if seed in control.by_seed]
    pairs = [(main.by_seed[seed], control.by_seed[seed]) for seed in shared]
    if len(pairs) < 2 or any(value.reason is not None for pair in pairs for value in pair):
        return None
    if claim.summary == "proportion":
        return _discordant(pairs, alpha)
    positive = all(value.value > value.error for pair in pairs for value in pair)
    ratio = claim.statistic.scale == "log" and positive
    values, errors = np.empty(len(pairs)), np.empty(len(pairs))
    for place, (ours, theirs) in enumerate(pairs):
        parts = (ours.value, ours.error, theirs.value, theirs.error)
        values[place], errors[place] = arithmetic_of_numbers("/" if ratio else "-", *parts)
    censored = any(value.censored for pair in pairs for value in pair)
    made = Sample.made(values, errors, claim.summary, "log" if ratio else "linear", censored)
    what, null = ("claim / control", 1.0) if ratio else ("claim − control", 0.0)
    resolution = RESOLUTION * (1.0 if ratio else _size(claim, pairs))
    return Difference(what, made.estimate, *made.bounds(alpha), len(pairs), null, resolution)


def _size(claim: Claim, pairs: Sequence[tuple[Value, Value]]) -> float:
    """How large the numbers are that are compared: the largest of them, or an edge of the region that they are for.

    An exponent is a number of order one, also where it is 0 but for rounding.
    """
    numbers = [value.value for pair in pairs for value in pair] + [e for e in claim.region.edges if np.isfinite(e)]
    exponent = isinstance(claim.statistic, Slope) and claim.statistic.log
    return max(1.0 if exponent else 0.0, *map(abs, numbers))


def _discordant(pairs: Sequence[tuple[Value, Value]], alpha: float) -> Difference:
    """Among pairs that surely differ, the share in which the criterion holds in the claim's arm."""
    clear = [(ours.value, theirs.value) for ours, theirs in pairs if ours.error == 0 and theirs.error == 0]
    won = np.array([float(ours > theirs) for ours, theirs in clear if ours != theirs])
    made = Sample.made(won, 0.0, "proportion")
    return Difference("share of unlike pairs", made.estimate, *made.bounds(alpha), len(won), 0.5)


def _broken(role: Breaks, place: Side | None, difference: Difference | None) -> tuple[bool, str]:
    """Whether the control breaks the claim in one of the ways its role allows, and the sentence for it."""
    apart = difference is not None and difference.excludes_null
    broken = ("contradiction" in role.by and place == "outside") or ("difference" in role.by and apart)
    there = {"inside": "also inside the region", "outside": "contradicted there", None: "undecided there"}[place]
    if difference is None:
        return broken, f"{there}; no two seeds in common to compare"
    return broken, f"{there}; {'differs' if apart else 'does not differ'}: {difference}"


def _expectation(expects: Region | None, low: float, high: float) -> str:
    if expects is None:
        return "reported beside, with no expectation"
    found = {"inside": "as expected", "outside": "not as expected", None: "undecided"}[side(expects, low, high)]
    return f"{found}: expected {expects}"
