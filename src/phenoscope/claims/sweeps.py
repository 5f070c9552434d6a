"""The largest of a sweep: what holds of it holds of every member."""

import dataclasses
import math
from collections.abc import Sequence

from phenoscope.claims.expressions import kind_of
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Scale, Statistic, Value
from phenoscope.core.errors import BadInput
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True)
class Largest(SweepStatistic):
    """See `largest`."""

    inner: Statistic
    scale: Scale = "linear"
    unit: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return self.inner.names

    @property
    def settings(self) -> tuple[str, ...]:
        return self.inner.settings

    def takes(self, swept: Sequence[str]) -> bool:
        return True

    def of(self, records: Sequence[Record]) -> Value:
        values = [self.inner.of(record) for record in records]
        fault = next((value for value in values if value.reason), None)
        if fault is not None:
            return Value(math.nan, math.nan, self.scale, fault.reason, missing=fault.missing)
        # |max a - max b| ≤ max |a - b|
        return Value(max(v.value for v in values), max(v.error for v in values), self.scale)

    def __str__(self) -> str:
        return f"largest({self.inner})"


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
