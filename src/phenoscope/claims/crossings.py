"""Where in a sweep something crosses a level, and how that place moves with another setting: a boundary's slope."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from phenoscope.claims.expressions import kind_of, union
from phenoscope.claims.slopes import SweepStatistic, fitted
from phenoscope.claims.statistics import Statistic, Value, lacking
from phenoscope.core.errors import BadInput
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True)
class CrossingSlope(SweepStatistic):
    """See `crossing_slope`."""

    y: Statistic
    x: str
    level: float
    across: str

    @property
    def names(self) -> tuple[str, ...]:
        return self.y.names

    @property
    def settings(self) -> tuple[str, ...]:
        return union(self.y.settings, (self.x, self.across))

    def takes(self, swept: Sequence[str]) -> bool:
        return {self.x, self.across} == set(swept)

    def of(self, records: Sequence[Record]) -> Value:
        for record in records:
            reason = lacking(record, self.names, self.settings)
            if reason is not None:
                return Value(math.nan, math.nan, reason=reason, missing=True)
        groups: dict[float, list[tuple[float, Value]]] = defaultdict(list)
        for record in records:
            groups[record.settings[self.across]].append((record.settings[self.x], self.y.of(record)))
        numbers = [(place, x, value) for place, group in groups.items() for x, value in group]
        reason = next((value.reason for *_, value in numbers if value.reason), None)
        if reason is not None:
            return Value(math.nan, math.nan, reason=reason)
        if len(groups) < 2 or not all(place > 0 and x > 0 and value.value > 0 for place, x, value in numbers):
            return Value(math.nan, math.nan, reason=f"{self} needs positive numbers at 2 values of {self.across}")
        found = {
            place: _crossed(sorted(group, key=lambda each: each[0]), self.level) for place, group in groups.items()
        }
        lost = next((place for place, crossed in found.items() if crossed is None), None)
        if lost is not None:
            why = f"{self}: at {self.across} = {lost:g} the level is not crossed exactly once"
            return Value(math.nan, math.nan, reason=why)
        places = np.array([each for each in found.values() if each is not None])
        return fitted(np.log(list(found)), places[:, 0], places[:, 1])

    def __str__(self) -> str:
        return f"crossing_slope({self.x} where {self.y} is {self.level:g}, across {self.across})"


def crossing_slope(y: Statistic, x: str, *, level: float, across: str) -> CrossingSlope:
    """The exponent with which the place where y crosses a level changes with another setting (for claims with `over`).

    At each value of `across` the place is read from the members of one seed, by a straight line in log x and log y
    between the two neighbours on either side of the level; the result is the least-squares slope of its log against
    log `across`: that of the boundary between two regimes in the plane of both settings. Where y does not cross the
    level, or does so more than once, there is no result. Without units. Error: Σ |wᵢ| eᵢ, where wᵢ is the weight of a
    value of `across` in the slope, and eᵢ how far the place moves when the readings beside it move by their errors.

    Args:
        y: of each member, positive, such as how far a kernel has changed.
        x: a swept setting, positive, such as "alpha".
        level: of y, positive.
        across: another swept setting, positive, such as "width".

    Example:
        >>> from phenoscope.claims import Measured, last_value
        >>> print(crossing_slope(last_value(Measured("kernel change")), "alpha", level=0.1, across="width"))
        crossing_slope(alpha where last_value(kernel change) is 0.1, across width)
    """
    if not isinstance(y, Statistic) or y.censored:
        raise BadInput(f"a crossing is of one number a member, got {kind_of(y)}. Reduce a series first.")
    if not (x and across) or x == across or not (math.isfinite(level) and level > 0):
        raise BadInput(
            f"a crossing is of a positive level, in one swept setting and across another; got {x!r}, {level} and "
            f"{across!r}."
        )
    return CrossingSlope(y, x, float(level), across)


def _crossed(members: Sequence[tuple[float, Value]], level: float) -> tuple[float, float] | None:
    """Log place and its error; `None` where there is no crossing, or more than one."""
    x = np.log([place for place, _ in members])
    above = np.log([value.value for _, value in members]) - math.log(level)
    (places,) = np.nonzero(np.signbit(above[1:]) != np.signbit(above[:-1]))
    if len(places) != 1:
        return None
    one = int(places[0])
    rise = (above[one + 1] - above[one]) / (x[one + 1] - x[one])
    sizes = [
        -math.log1p(-value.error / value.value) if value.error < value.value else math.inf
        for _, value in members[one : one + 2]
    ]
    return float(x[one] - above[one] / rise), max(sizes) / abs(float(rise))
