"""A claim: one falsifiable sentence with its source, a statistic, and the region where it must fall."""

import dataclasses
import math
import re
from typing import Any, Literal, get_args

from phenoscope.claims.expressions import Condition, kind_of, union
from phenoscope.claims.intervals import Summary
from phenoscope.claims.regions import Region
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Criterion, Statistic, as_criterion
from phenoscope.core.errors import BadInput

Origin = Literal["source", "theory", "pilot"]
Way = Literal["contradiction", "difference", "contradiction or difference"]


@dataclasses.dataclass(frozen=True)
class Breaks:
    """A control arm, or another reading of one, in which the claim should fail: else it says nothing about its cause.

    Attributes:
        arm: the control.
        by: how it may break the claim: by contradicting it there ("contradiction"), by a paired difference between
            the arms that excludes zero ("difference"), or by either.
        statistic: what is read there in place of the claim's own statistic; the arm may then be the claim's own.
        called: what that reading is called, in a few words.
        over: the swept setting of the arm that such a statistic uses up, where it is another than the claim's own.
    """

    arm: str
    by: Way = "contradiction or difference"
    statistic: Statistic | SweepStatistic | Criterion | None = None
    called: str = ""
    over: str | None = None

    def __post_init__(self) -> None:
        _check_text(self.arm, "the arm of a control")
        _check_one_of(self.by, Way, "by")


@dataclasses.dataclass(frozen=True)
class Twin:
    """The same experiment under frozen features, or another reading: reported beside the claim.

    Attributes:
        arm: the twin.
        expects: the region where its statistic should fall, if the claim states one.
        statistic: what is read there in place of the claim's own statistic; the arm may then be the claim's own.
        called: what that reading is called, in a few words.
    """

    arm: str
    expects: Region | None = None
    statistic: Statistic | SweepStatistic | Criterion | None = None
    called: str = ""

    def __post_init__(self) -> None:
        _check_text(self.arm, "the arm of a control")
        if self.expects is not None:
            _check_region(self.expects)


@dataclasses.dataclass(frozen=True)
class Claim:
    """One falsifiable sentence and all that is needed to judge it, fixed before the run.

    Attributes:
        says: the sentence.
        source: who claims it, so that it can be found.
        statistic: one number per record; per seed of a sweep with `over`; a criterion with `summary="proportion"`.
        region: where the summary over seeds must fall.
        on: the arm it is about.
        region_from: where the region's edges come from.
        control: the arm that should break it, or its twin.
        given: a precondition, checked per seed and in every arm; where it fails the claim is not tested.
        over: the swept setting, or settings, that the statistic uses up.
        each: the swept setting at whose every value the claim is judged.
        summary: what of the seeds must fall into the region; for ratios the mean is the geometric one.
        if_diverged: what a diverged member counts as: "undecided" leaves the verdict open, "as measured" takes the
            statistic of what was recorded, a number is the value of its replicate.
        name: a short slug, such as "sits-at-the-edge".
    """

    says: str
    source: str
    statistic: Statistic | SweepStatistic | Criterion
    region: Region
    _: dataclasses.KW_ONLY
    on: str
    region_from: Origin = "source"
    control: Breaks | Twin | None = None
    given: Criterion | Condition | None = None
    over: str | tuple[str, ...] | None = None
    each: str | None = None
    summary: Summary = "mean"
    if_diverged: Literal["undecided", "as measured"] | float = "undecided"
    name: str | None = None

    def __post_init__(self) -> None:
        for text, what in ((self.says, "says"), (self.source, "source"), (self.on, "on")):
            _check_text(text, f"{what} of a claim")
        _check_region(self.region)
        _check_one_of(self.region_from, Origin, "region_from")
        _check_one_of(self.summary, Summary, "summary")
        _check_statistic(self)
        _check_sweep(self)
        _check_control(self)
        _check_diverged(self)
        if self.given is not None:
            object.__setattr__(self, "given", as_criterion(self.given, "given"))
        if self.name is not None and not (
            isinstance(self.name, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name)
        ):
            raise BadInput(f"name is a short slug, got {self.name!r}. Write for example 'sits-at-the-edge'.")

    @property
    def names(self) -> tuple[str, ...]:
        """All measured series it needs, its precondition's among them."""
        return union(self.statistic.names, self.given.names if self.given is not None else ())

    @property
    def settings(self) -> tuple[str, ...]:
        """All settings it needs."""
        swept = (*self.used_up, *(() if self.each is None else (self.each,)))
        return union(self.statistic.settings, self.given.settings if self.given is not None else (), swept)

    @property
    def used_up(self) -> tuple[str, ...]:
        """The swept settings of `over`, one or several."""
        return (self.over,) if isinstance(self.over, str) else self.over or ()

    @property
    def at_control(self) -> "Claim":
        """The claim as its control is read: with the control's statistic, if it has one of its own."""
        own = None if self.control is None else self.control.statistic
        if own is None:
            return self
        over = self.control.over if isinstance(self.control, Breaks) else None
        return dataclasses.replace(self, statistic=own, control=None, over=over or self.over)


def _check_statistic(claim: Claim) -> None:
    if not isinstance(claim.statistic, Statistic | SweepStatistic | Criterion):
        raise BadInput(
            f"the statistic of a claim is one number per record, got {kind_of(claim.statistic)}. "
            "Reduce it, for example with `late_mean(...)` or `fraction_of(...)`."
        )
    counted = isinstance(claim.statistic, Criterion)
    if counted != (claim.summary == "proportion"):
        raise BadInput(
            f"a proportion counts seeds for which a criterion holds, got summary={claim.summary!r} "
            f"with {claim.statistic}. "
            "Use summary='proportion' with a comparison such as `last_value(LOSS) < 0.1`, and only there."
        )
    lower, upper = claim.region.edges
    if counted and (upper < 0 or lower > 1):
        raise BadInput(f"a proportion lies between 0 and 1, got the region {claim.region}. Give it edges in between.")


def _check_sweep(claim: Claim) -> None:
    if claim.over is not None and claim.each is not None:
        raise BadInput(
            f"a claim is judged over a sweep or at each of its values, got over={claim.over!r} "
            f"and each={claim.each!r}. Give one of the two."
        )
    for name in (*claim.used_up, *(() if claim.each is None else (claim.each,))):
        _check_text(name, "the swept setting of a claim")
    slope = isinstance(claim.statistic, SweepStatistic)
    if slope and not claim.used_up:
        raise BadInput(
            f"{claim.statistic} needs a sweep, got no `over`. Name the swept setting, for example over='lr'."
        )
    if claim.used_up and not (isinstance(claim.statistic, SweepStatistic) and claim.statistic.takes(claim.used_up)):
        raise BadInput(
            f"over={claim.over!r} needs one number from a sweep of {', '.join(claim.used_up)}, got {claim.statistic}. "
            f'Use for example `log_log_slope(..., Setting("{claim.used_up[0]}"))`, or `each` to judge every value.'
        )


def _check_control(claim: Claim) -> None:
    if claim.control is None:
        return
    if not isinstance(claim.control, Breaks | Twin):
        raise BadInput(
            f"a control has a role, got {claim.control!r}. "
            'Write `Breaks("arm")` where the claim should fail, `Twin("arm")` to report the arm beside.'
        )
    if isinstance(claim.control, Breaks) and claim.control.over is not None and claim.control.statistic is None:
        raise BadInput(
            f"a control over another sweep is read by another statistic, got over={claim.control.over!r} alone. Give "
            "the `statistic` that uses it up."
        )
    if claim.control.arm == claim.on and claim.control.statistic is None:
        raise BadInput(
            f"the control is another arm than the claim's own, got {claim.on!r} for both. Name the arm that differs, "
            "or give the `statistic` that is to be read there instead."
        )
    _ = claim.at_control  # refuses a statistic that does not go with the rest of the claim


def _check_diverged(claim: Claim) -> None:
    rule = claim.if_diverged
    if rule in ("undecided", "as measured"):
        return
    if isinstance(rule, bool) or not isinstance(rule, int | float) or not math.isfinite(rule):
        raise BadInput(f"if_diverged is 'undecided', 'as measured' or a finite number, got {rule!r}.")
    if claim.summary == "proportion" and rule not in (0, 1):
        raise BadInput(f"a diverged seed counts as 0 or 1 in a proportion, got if_diverged={rule!r}.")


def _check_region(value: Any) -> None:
    if not isinstance(value, Region):
        raise BadInput(f"a region is needed, got {value!r}. Write for example `Between(0.9, 1.15)` or `AtLeast(0.8)`.")


def _check_text(value: Any, what: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{what} must not be empty, got {value!r}. Write it as text.")


def _check_one_of(value: Any, options: Any, what: str) -> None:
    if value not in get_args(options):
        raise BadInput(f"{what} is one of {', '.join(map(repr, get_args(options)))}, got {value!r}.")
