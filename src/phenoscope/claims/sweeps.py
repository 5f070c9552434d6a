"""Of a sweep the largest or the mean; one number of it over another; and whether a correlation weakens with scale."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from phenoscope.claims.correlations import RankCorrelation
from phenoscope.claims.expressions import kind_of, union
from phenoscope.claims.readings import arithmetic_of_numbers
from phenoscope.claims.slopes import SweepStatistic, fitted
from phenoscope.claims.statistics import Scale, Statistic, Value
from phenoscope.core.errors import BadInput
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True)
class Largest(SweepStatistic):
    """See `largest`."""

    inner: Statistic
    scale: Scale = "linear"
    unit: str = ""

    def takes(self, swept: Sequence[str]) -> bool:
        return True

    def of(self, records: Sequence[Record]) -> Value:
        values = [self.inner.of(record) for record in records]
        fault = _fault(values, self.scale)
        # |max a - max b| ≤ max |a - b|
        return fault or Value(max(v.value for v in values), max(v.error for v in values), self.scale)

    def __str__(self) -> str:
        return f"largest({self.inner})"


@dataclasses.dataclass(frozen=True)
class Average(SweepStatistic):
    """See `average`."""

    inner: Statistic
    unit: str = ""

    def takes(self, swept: Sequence[str]) -> bool:
        return True

    def of(self, records: Sequence[Record]) -> Value:
        values = [self.inner.of(record) for record in records]
        fault = _fault(values, "linear")
        return fault or Value(
            sum(v.value for v in values) / len(values), sum(v.error for v in values) / len(values), "linear"
        )

    def __str__(self) -> str:
        return f"average({self.inner})"


def _fault(values: Sequence[Value], scale: Scale) -> Value | None:
    """The first number that could not be had, on behalf of all."""
    fault = next((value for value in values if value.reason), None)
    return None if fault is None else Value(math.nan, math.nan, scale, fault.reason, missing=fault.missing)


@dataclasses.dataclass(frozen=True)
class CorrelationTrend(SweepStatistic):
    """See `correlation_trend`."""

    correlation: RankCorrelation
    across: str

    @property
    def settings(self) -> tuple[str, ...]:
        return union(self.correlation.settings, (self.across,))

    def takes(self, swept: Sequence[str]) -> bool:
        return self.across in swept and self.correlation.takes(swept)

    def of(self, records: Sequence[Record]) -> Value:
        groups: dict[float, list[Record]] = defaultdict(list)
        for record in records:
            groups[record.settings.get(self.across, math.nan)].append(record)
        if not all(size > 0 for size in groups):
            return Value(math.nan, math.nan, reason=f"{self} needs a positive {self.across} of every member")
        found = {size: self.correlation.of(group) for size, group in groups.items()}
        fault = next((value for value in found.values() if value.reason), None)
        if fault is not None:
            return Value(math.nan, math.nan, reason=fault.reason, missing=fault.missing)
        if len(found) < 2:
            return Value(math.nan, math.nan, reason=f"{self} needs 2 different values of {self.across}, got one")
        numbers = np.array([(math.log2(size), value.value, value.error) for size, value in found.items()])
        return fitted(*numbers.T)

    def __str__(self) -> str:
        return f"correlation_trend({self.correlation}, across {self.across})"


@dataclasses.dataclass(frozen=True)
class Quotient(SweepStatistic):
    """See `quotient`."""

    above: SweepStatistic
    below: SweepStatistic
    scale: Scale = dataclasses.field(default="log", init=False)

    @property
    def censored(self) -> bool:  # type: ignore[override]  # where one of them is
        return self.above.censored or self.below.censored

    def takes(self, swept: Sequence[str]) -> bool:
        return self.above.takes(swept) and self.below.takes(swept)

    def of(self, records: Sequence[Record]) -> Value:
        above, below = self.above.of(records), self.below.of(records)
        fault = above if above.reason else below
        if fault.reason:
            return dataclasses.replace(fault, scale=self.scale, censored=self.censored)
        value, error = arithmetic_of_numbers("/", above.value, above.error, below.value, below.error)
        return Value(value, error, self.scale, censored=self.censored)

    def __str__(self) -> str:
        return f"{self.above} / {self.below}"


def quotient(above: SweepStatistic, below: SweepStatistic) -> Quotient:
    """One number of a sweep over another, such as where a peak is over where something sets in; on the log scale.

    Error: the largest that those of both can make.

    Args:
        above: of all members of one seed, as is `below`.
        below: positive.
    """
    if not isinstance(above, SweepStatistic) or not isinstance(below, SweepStatistic):
        raise BadInput(
            f"a quotient is of two numbers of a sweep, got {kind_of(above)} and {kind_of(below)}. Divide statistics of "
            "a member by `/`."
        )
    return Quotient(above, below)


def largest(statistic: Statistic) -> Largest:
    """The largest value of a statistic over the members of one seed (for claims with `over`).

    Units and scale: those of the statistic. Error: the largest error of any member.

    Args:
        statistic: of each member.

    Example:
        >>> from phenoscope.claims import Measured, last_value
        >>> print(largest(last_value(Measured("loss"))))
        largest(last_value(loss))
    """
    if not isinstance(statistic, Statistic) or statistic.censored:
        raise BadInput(
            f"the largest of a sweep is of one number a member, known but for its error; got {kind_of(statistic)}. "
            "Reduce a series first, for example with `late_mean(...)`."
        )
    return Largest(statistic, statistic.scale, statistic.unit)


def average(statistic: Statistic) -> Average:
    """The mean of a statistic over the members of one seed (for claims with `over`): each swept value counts alike.

    Units: those of the statistic. Error: the mean of the members' errors.

    Args:
        statistic: of each member, and no ratio: those are compared on the log scale, where the mean is another one.

    Example:
        >>> from phenoscope.claims import Measured, last_value
        >>> print(average(last_value(Measured("lead"))))
        average(last_value(lead))
    """
    if not isinstance(statistic, Statistic) or statistic.censored or statistic.scale != "linear":
        raise BadInput(
            f"the average of a sweep is of one number a member, known but for its error, and no ratio; got "
            f"{kind_of(statistic)}. Reduce a series first, for example with `late_mean(...)`."
        )
    return Average(statistic, statistic.unit)


def correlation_trend(correlation: RankCorrelation, *, across: str) -> CorrelationTrend:
    """By how much a rank correlation changes with each doubling of a swept setting (for claims with `over`).

    It is the least-squares slope, against log₂ of the setting, of the correlation among the members of one seed that
    have the same value of it. Error: Σ |wᵢ| eᵢ, where wᵢ is the weight of that value in the slope and eᵢ the error of
    the correlation there. Without units.

    Args:
        correlation: made by `rank_correlation`.
        across: a swept setting, positive, such as a width or a number of examples.

    Example:
        >>> from phenoscope.claims import Measured, Setting, last_value, rank_correlation
        >>> print(correlation_trend(rank_correlation(last_value(Measured("loss")), Setting("lr")), across="width"))
        correlation_trend(rank_correlation(last_value(loss), lr), across width)
    """
    if not isinstance(correlation, RankCorrelation) or not isinstance(across, str) or not across.strip():
        raise BadInput(
            f"a trend of correlations is of a `rank_correlation(...)` across a swept setting, got {correlation} and "
            f"{across!r}."
        )
    if correlation.within == across:
        raise BadInput(f"among members that have one {across!r}, nothing can be compared within it. Name two settings.")
    return CorrelationTrend(correlation, across)
