"""Marks: steps at which something of a training happens, read from a grid; and whether two of them are one event."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from phenoscope.claims.correlations import dealt_anew, slices_of
from phenoscope.claims.expressions import Condition, Expression, kind_of, union
from phenoscope.claims.passages import FirstStep
from phenoscope.claims.reductions import happening, series
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Scale, Statistic, Value
from phenoscope.core.errors import BadInput
from phenoscope.record import Record


class Mark(Statistic):
    """A step of which a grid of readings tells between which two it lies."""

    @property
    def censored(self) -> bool:
        return True

    @property
    def unit(self) -> str:
        return "steps"

    def _in(self, low: float, high: float) -> Value:
        return self._known((low + high) / 2, (high - low) / 2)

    def _not_until(self, step: float, reason: str) -> Value:
        return dataclasses.replace(self._unknown(reason), after=step)


@dataclasses.dataclass(frozen=True)
class SettledStep(Mark):
    """See `settled_step`."""

    condition: Condition

    @property
    def names(self) -> tuple[str, ...]:
        return self.condition.names

    @property
    def settings(self) -> tuple[str, ...]:
        return self.condition.settings

    def _read(self, record: Record) -> Value:
        readings = self.condition.readings(record)
        if readings.steps is None or len(readings) == 0 or np.isnan(readings.values).any():
            return self._unknown(f"{self} cannot be told: a reading is nan, or there is none")
        steps, sure = readings.steps, readings.errors == 0
        surely = _tail((readings.values == 1) & sure)
        if surely == len(steps):
            return self._not_until(float(steps[-1]), f"{self.condition} does not hold up to step {steps[-1]:g}")
        possibly = _tail((readings.values == 1) | ~sure)
        return self._in(float(steps[max(possibly - 1, 0)]), float(steps[surely]))

    def __str__(self) -> str:
        return f"settled_step({self.condition})"


@dataclasses.dataclass(frozen=True)
class HighestStep(Mark):
    """See `highest_step`."""

    expression: Expression

    @property
    def names(self) -> tuple[str, ...]:
        return self.expression.names

    @property
    def settings(self) -> tuple[str, ...]:
        return self.expression.settings

    def _read(self, record: Record) -> Value:
        readings = self.expression.readings(record)
        reason = readings.not_finite()
        if reason or readings.steps is None or len(readings) == 0:
            return self._unknown(reason or f"{self} needs a reading, got none")
        low, high = readings.values - readings.errors, readings.values + readings.errors
        candidates = np.flatnonzero(high >= low.max())
        first, last = max(candidates[0] - 1, 0), candidates[-1] + 1
        if last == len(readings):
            return self._not_until(
                float(readings.steps[first]), f"{self.expression} may still rise at the last reading"
            )
        return self._in(float(readings.steps[first]), float(readings.steps[last]))

    def __str__(self) -> str:
        return f"highest_step({self.expression})"


@dataclasses.dataclass(frozen=True)
class MarkRatio(SweepStatistic):
    """See `mark_ratio`."""

    above: Statistic
    below: Statistic
    scale: Scale = dataclasses.field(default="log", init=False)
    censored: bool = dataclasses.field(default=True, init=False)

    @property
    def names(self) -> tuple[str, ...]:
        return union(self.above.names, self.below.names)

    @property
    def settings(self) -> tuple[str, ...]:
        return union(self.above.settings, self.below.settings)

    def takes(self, swept: Sequence[str]) -> bool:
        return True

    def of(self, records: Sequence[Record]) -> Value:
        spans = _spans(self.above, self.below, records)
        if isinstance(spans, Value):
            return dataclasses.replace(spans, scale=self.scale, censored=True)
        above, below = (np.log1p(span) for span in spans)
        low, high = np.median(above[:, 0] - below[:, 1]), np.median(above[:, 1] - below[:, 0])
        if not np.isfinite([low, high]).all():
            reason = f"{self.above} or {self.below} has not come in too many of {len(records)} members for a median"
            return Value(math.nan, math.nan, self.scale, reason, censored=True)
        low, high = math.exp(low), math.exp(high)
        return Value((low + high) / 2, (high - low) / 2, self.scale, censored=True)

    def __str__(self) -> str:
        return f"mark_ratio({self.above}, {self.below})"


@dataclasses.dataclass(frozen=True)
class MarkCorrelation(SweepStatistic):
    """See `mark_correlation`."""

    one: Statistic
    other: Statistic
    within: str | None = None
    shuffled: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return union(self.one.names, self.other.names)

    @property
    def settings(self) -> tuple[str, ...]:
        return union(self.one.settings, self.other.settings, () if self.within is None else (self.within,))

    def takes(self, swept: Sequence[str]) -> bool:
        return self.within is None or self.within in swept

    def of(self, records: Sequence[Record]) -> Value:
        members = sorted(records, key=lambda record: sorted(record.settings.items()))
        spans = _spans(self.one, self.other, members)
        if isinstance(spans, Value):
            return spans
        slices = slices_of(members, self.within)
        one, other = spans
        if self.shuffled:
            other = other[dealt_anew(slices, members[0].seed)]
        orders = [np.concatenate([_order(span[places]) for places in slices]) for span in (one, other)]
        known = math.sqrt(np.prod([np.count_nonzero(order) for order in orders], dtype=float))
        if known == 0:
            return Value(math.nan, math.nan, reason=f"{self} has no pair of members whose order is known")
        return Value(float((orders[0] * orders[1]).sum()) / known)

    def __str__(self) -> str:
        within = "" if self.within is None else f", within {self.within}"
        return f"mark_correlation({self.one}, {self.other}{within}{', shuffled' if self.shuffled else ''})"


def settled_step(condition: Condition) -> Statistic:
    """The first step from which on the condition holds to the end, in steps.

    Like `first_step` it is read from a grid: the truth lies after the last reading at which the condition fails, and
    no later than the next one, or at the first reading where it never fails. Where measurement errors leave the
    condition open the bounds are those of both readings. Where it does not surely hold at the end there is no number.

    Example:
        >>> from phenoscope.claims import Measured
        >>> print(settled_step(Measured("barrier") <= 0.1))
        settled_step(barrier ≤ 0.1)
    """
    return SettledStep(happening(condition, "settled_step"))


def highest_step(expression: Expression) -> Statistic:
    """The step at which a series is highest, in steps: between the readings before and after its largest one.

    Where measurement errors leave open which is the largest, the bounds are those of all that may be. Where the last
    may be it there is no number: the series may still rise.

    Example:
        >>> from phenoscope.claims import Measured
        >>> print(highest_step(Measured("sharpness")))
        highest_step(sharpness)
    """
    return HighestStep(series(expression, "highest_step"))


def mark_ratio(above: Statistic, below: Statistic) -> MarkRatio:
    """How many times as late one mark comes as another, in the middle of a sweep (for claims with `over`).

    The median over the members of one seed of (1 + above)/(1 + below): the clock begins at 1, so that what happens at
    the start has a ratio, too. Each ratio is known to lie between two numbers, or above or below one where a mark has
    not come by the end; the median lies between those of the lower and of the upper ends. So members in which a mark
    never comes count, and there is a number as long as they are not too many.

    Args:
        above: a mark: `first_step`, `settled_step` or `highest_step`.
        below: another one.

    Example:
        >>> from phenoscope.claims import Measured, first_step
        >>> print(mark_ratio(highest_step(Measured("sharpness")), first_step(Measured("loss") < 1)))
        mark_ratio(highest_step(sharpness), first_step(loss < 1))
    """
    return MarkRatio(*_marks(above, below, "a ratio of marks"))


def mark_correlation(
    one: Statistic, other: Statistic, *, within: str | None = None, shuffled: bool = False
) -> MarkCorrelation:
    """Kendall's τ of two marks over the members of one seed, of which some may never come (for claims with `over`).

    Without units, from -1 to 1. Two members are in a known order where all that one mark may be lies before all that
    the other may be: one that has not come by the end is later than those that have. Pairs whose order is not known
    count as ties, as in τ-b: concordant less discordant pairs, over the geometric mean of the pairs known in one mark
    and of those known in the other (after Oakes 1982, A concordance test for independence in the presence of
    censoring, Biometrics 38:451). Unlike `rank_correlation` it has no error: what a grid leaves open is a tie.

    Args:
        one: a mark: `first_step`, `settled_step` or `highest_step`.
        other: another one.
        within: a swept setting, as in `rank_correlation`.
        shuffled: whether one of them is dealt out anew, for a control, as there.

    Example:
        >>> from phenoscope.claims import Measured, first_step
        >>> print(mark_correlation(highest_step(Measured("sharpness")), first_step(Measured("loss") < 1), within="lr"))
        mark_correlation(highest_step(sharpness), first_step(loss < 1), within lr)
    """
    if within is not None and (not isinstance(within, str) or not within.strip()):
        raise BadInput(f"`within` names a swept setting, got {within!r}. Write for example within='lr'.")
    return MarkCorrelation(*_marks(one, other, "a correlation of marks"), within, shuffled)


def _marks(one: Statistic, other: Statistic, user: str) -> tuple[Statistic, Statistic]:
    for side in (one, other):
        if not isinstance(side, Mark | FirstStep):
            raise BadInput(
                f"{user} is of steps at which something happens, got {kind_of(side)}. Use `first_step(...)`, "
                "`settled_step(...)` or `highest_step(...)`."
            )
    return one, other


def _spans(
    one: Statistic, other: Statistic, records: Sequence[Record]
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]] | Value:
    """Between which steps each mark of each member lies; or the first reason why that cannot be told."""
    found = []
    for mark in (one, other):
        values = [mark.of(record) for record in records]
        fault = next((value for value in values if value.reason is not None and value.after is None), None)
        if fault is not None:
            return Value(math.nan, math.nan, reason=fault.reason, missing=fault.missing)
        found.append(np.array([_span(value) for value in values]))
    return found[0], found[1]


def _span(value: Value) -> tuple[float, float]:
    return (value.value - value.error, value.value + value.error) if value.after is None else (value.after, math.inf)


def _order(spans: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " pairs"]:
    """Of every two, 1 where the first is surely later, -1 where it is surely earlier, 0 where that is not known.

    A mark lies after the lower end of its span and no later than the upper one, unless both are one step.
    """
    low, high = spans.T
    apart = (low[:, None] > high[None, :]) | ((low[:, None] == high[None, :]) & (high > low)[:, None])
    upper = np.triu_indices(len(spans), 1)
    return apart[upper].astype(float) - apart.T[upper].astype(float)


def _tail(held: np.ndarray) -> int:
    """The place from which on all are true; the length where the last is not."""
    failing = np.flatnonzero(~held)
    return int(failing[-1]) + 1 if len(failing) else 0
