"""Onset in a sweep: from which swept value on does something hold?"""

import dataclasses
import math
from collections.abc import Sequence

from phenoscope.claims.expressions import Expression, kind_of
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Criterion, Value, lacking
from phenoscope.core.errors import BadInput
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True)
class Onset(SweepStatistic):
    """See `onset`."""

    holds: Criterion
    x: Expression
    censored: bool = dataclasses.field(default=True, init=False)

    def takes(self, swept: Sequence[str]) -> bool:
        return set(swept) <= set(self.x.settings)

    def of(self, records: Sequence[Record]) -> Value:
        for record in records:
            reason = lacking(record, self.names, self.settings)
            if reason is not None:
                return Value(math.nan, math.nan, reason=reason, missing=True, censored=True)
        found = sorted((float(self.x.readings(record).values), self.holds.of(record)) for record in records)
        reason = next((value.reason for _, value in found if value.reason), None)
        if reason is not None:
            return Value(math.nan, math.nan, reason=reason, censored=True)
        surely = _tail([value.value == 1 and value.error == 0 for _, value in found])
        possibly = _tail([value.value == 1 or value.error > 0 for _, value in found])
        if surely == len(found):
            return Value(math.nan, math.nan, reason=f"{self.holds} does not hold up to {self.x} = {found[-1][0]:g}",
                         censored=True)  # fmt: skip
        low, high = found[max(possibly - 1, 0)][0], found[surely][0]
        return Value((low + high) / 2, (high - low) / 2, censored=True)

    def __str__(self) -> str:
        return f"onset({self.holds}, {self.x})"


def onset(holds: Criterion, x: Expression) -> Onset:
    """The smallest x such that the criterion holds there and at every larger x (for claims with `over`).

    It is read from the grid of the sweep: the truth lies above the last value at which the criterion fails and no
    higher than the next one, so the value is the middle, the error half the gap, and the interval of several seeds is
    interval-censored. Where it holds at every value, the onset is the smallest. Where measurement errors leave the
    criterion open, the lower bound is that of the readings in its favour and the upper one that of those against it. If
    it does not surely hold at the largest value there is no number.

    Args:
        holds: true or false of each member, such as `last_value(Measured("barrier")) <= 0.02`.
        x: arithmetic of settings and numbers.
    """
    if not isinstance(holds, Criterion):
        raise BadInput(f"onset needs a criterion, got {kind_of(holds)}. Compare a statistic with a level.")
    if not isinstance(x, Expression) or not x.constant or not x.settings:
        raise BadInput(
            f'onset needs arithmetic of settings for x, got {kind_of(x)}. Write for example `Setting("lr")`.'
        )
    return Onset(holds, x)


def _tail(held: Sequence[bool]) -> int:
    """The place from which on all are true; the length where the last is not."""
    place = len(held)
    while place > 0 and held[place - 1]:
        place -= 1
    return place
