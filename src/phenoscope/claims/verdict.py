"""A verdict: what the evidence says of one claim, with all that is needed to show and to doubt it."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal

from phenoscope.claims.claim import Origin
from phenoscope.claims.numerals import numeral, settings
from phenoscope.claims.regions import Region, region_from_json
from phenoscope.claims.statistics import Scale
from phenoscope.core import displays
from phenoscope.core.displays import Axes
from phenoscope.core.errors import BadInput
from phenoscope.core.hints import check_fields
from phenoscope.core.specs import Json

Outcome = Literal[
    "supported", "supported, control did not discriminate", "contradicted", "undecided", "not tested"
]  # fmt: skip
"""What the evidence says of a claim."""

FIRST = ("claim", "arm", "outcome", "estimate", "low", "high", "region", "n", "control")
"""The keys that a reader of JSON meets first."""

Scope = Literal["replicates", "this run"]

NUMBERS = ("estimate", "low", "high", "raw_low", "raw_high", "level")


@dataclasses.dataclass(frozen=True)
class ControlVerdict:
    """What the control arm says.

    Attributes:
        arm, role: which arm, and whether it "breaks" the claim or is its "twin".
        estimate, low, high, n: the claim's statistic in that arm, at the level of the verdict.
        discriminates: whether it breaks the claim; None for a twin, or where nothing can be said.
        how: the sentence for it, with the paired difference where one was made.
    """

    arm: str
    role: Literal["breaks", "twin"]
    estimate: float
    low: float
    high: float
    n: int
    discriminates: bool | None
    how: str


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """The outcome of judging a claim at one place.

    Attributes:
        claim, name, source: the sentence, its slug and who claims it.
        arm: the arm it is about; `where` gives the swept value, for example {"lr": 0.3}.
        statistic, region, region_from: what was compared with what, and where the region comes from.
        outcome: "supported", "supported, control did not discriminate", "contradicted", "undecided" or "not tested".
        reason: why, where it is not plainly supported or contradicted; and who was left out.
        estimate: the summary over seeds.
        low, high: the interval at `level`, Holm's level for this verdict within its family: the one that decides.
        raw_low, raw_high: the interval at the level asked for, as if the claim stood alone.
        n, seeds, values: how many seeds judge, which, and the statistic of each. Of a single run, n blocks of time.
        scale: the scale of the interval.
        unit: the unit of estimate, interval and values, where it is known.
        scope: whether replicates were judged, or blocks of time of one run, which says nothing about others.
        diverged: the seeds of which a member diverged, whatever the claim counts it as; `None` where that was not told.
    """

    claim: str
    name: str | None
    source: str
    arm: str
    where: Mapping[str, float]
    statistic: str
    region: Region
    region_from: Origin
    outcome: Outcome
    reason: str
    estimate: float
    low: float
    high: float
    raw_low: float
    raw_high: float
    level: float
    n: int
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    control: ControlVerdict | None
    scale: Scale
    unit: str
    scope: Scope = "replicates"
    diverged: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", dict(self.where))

    def to_json(self) -> dict[str, Json]:
        """JSON-safe: numbers that are not finite become null (they come back as nan)."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        control = None if self.control is None else _safe(vars(self.control))
        fields |= {"where": dict(self.where), "region": self.region.to_json(), "control": control}
        rest = [name for name in fields if name not in FIRST]
        return {name: _safe(fields[name]) for name in (*FIRST, *rest)}

    def _repr_html_(self) -> str:
        return displays.html(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimate and its intervals against the region, the seeds and the control beside."""
        return displays.plot(self, ax)

    def __str__(self) -> str:
        place = "".join(f", {each}" for each in settings(self.where))
        middle, low, high = (numeral(value, 4) for value in (self.estimate, self.low, self.high))
        found = f"{middle} [{low}, {high}] against {self.region}, n = {self.n}"
        return f"{self.outcome}: {self.claim} ({self.arm}{place}: {found}){'. ' if self.reason else ''}{self.reason}"


def verdict_from_json(value: Mapping[str, Any]) -> Verdict:
    """The verdict that `Verdict.to_json` wrote.

    Raises:
        BadInput: it has other fields, or one of another type or choice.
    """
    known = {field.name for field in dataclasses.fields(Verdict)}
    # Before there were watched runs nothing else was judged, and who diverged was not told.
    value = {"scope": "replicates", "diverged": None, **value}
    if set(value) != known:
        odd = sorted(known.symmetric_difference(value))
        raise BadInput(f"this is not a verdict of this version: {', '.join(odd)} missing or unknown. Judge again.")
    fields: dict[str, Any] = dict(value)
    fields |= {name: _number(value[name]) for name in NUMBERS}
    fields |= {name: tuple(value[name]) for name in ("seeds", "diverged") if value[name] is not None}
    fields["values"] = tuple(map(_number, value["values"]))
    fields["region"] = region_from_json(value["region"])
    if value["control"] is not None:
        found = value["control"]
        fields["control"] = ControlVerdict(**(found | {name: _number(found[name]) for name in NUMBERS[:3]}))
        check_fields(fields["control"])
    made = Verdict(**fields)
    check_fields(made)
    return made


def _safe(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _safe(part) for name, part in value.items()}
    return [_safe(part) for part in value] if isinstance(value, tuple | list) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
