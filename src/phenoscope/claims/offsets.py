"""Which of two predictions of a place in a sweep is the nearer one, and by how much?"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from phenoscope.claims.expressions import kind_of, union
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Scale, Value
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

Prediction = SweepStatistic | float


@dataclasses.dataclass(frozen=True)
class Offsets(SweepStatistic):
    """See `offset_ratio`."""

    place: SweepStatistic
    one: Prediction
    other: Prediction
    scale: Scale = dataclasses.field(default="log", init=False)
    censored: bool = dataclasses.field(default=True, init=False)

    @property
    def names(self) -> tuple[str, ...]:
        return union(*(part.names for part in self._parts))

    @property
    def settings(self) -> tuple[str, ...]:
        return union(*(part.settings for part in self._parts))

    @property
    def _parts(self) -> tuple[SweepStatistic, ...]:
        return tuple(part for part in (self.place, self.one, self.other) if isinstance(part, SweepStatistic))

    def takes(self, swept: Sequence[str]) -> bool:
        return all(part.takes(swept) for part in self._parts)

    def of(self, records: Sequence[Record]) -> Value:
        known = [_known(part, records) for part in (self.place, self.one, self.other)]
        fault = next((value for value in known if value.reason), None)
        if fault is not None:
            return dataclasses.replace(fault, scale=self.scale, censored=True)
        if not all(value.value > value.error for value in known):
            return Value(math.nan, math.nan, "log", f"{self} compares positive places, and not all are", censored=True)
        low, high = _between(*(np.log([value.value - value.error, value.value + value.error]) for value in known))
        return Value((low + high) / 2, (high - low) / 2, "log", censored=True)

    def __str__(self) -> str:
        one, other = (part if isinstance(part, SweepStatistic) else f"{part:g}" for part in (self.one, self.other))
        return f"offset_ratio({self.place}; {one} against {other})"


def offset_ratio(place: SweepStatistic, one: Prediction, other: Prediction) -> Offsets:
    """By what factor one prediction of a place misses it, over that of another: below 1 where the one is nearer.

    A prediction q misses a place p by the factor max(p/q, q/p), in either direction. All that the grid of the sweep
    leaves open of the three is carried: the truth lies anywhere within the error, and the interval over seeds is
    interval-censored, on the log scale. Without units.

    Args:
        place: of all members of one seed, positive, such as `hump_place(...)`.
        one: what should be nearer: another place along the same axis, such as `onset(...)`, or a number.
        other: what it is compared with, likewise.

    Example:
        >>> from phenoscope.claims import Measured, Setting, last_value, onset, peak_place
        >>> width = Setting("width")
        >>> fits = onset(last_value(Measured("error")) <= 0.01, width)
        >>> print(offset_ratio(peak_place(last_value(Measured("loss")), width), fits, 40))
        offset_ratio(peak_place(last_value(loss), width); onset(last_value(error) ≤ 0.01, width) against 40)
    """
    numbers = [part for part in (one, other) if not isinstance(part, SweepStatistic)]
    sound = all(not isinstance(n, bool) and isinstance(n, int | float) and 0 < n < math.inf for n in numbers)
    if not isinstance(place, SweepStatistic) or len(numbers) == 2 or not sound:
        raise BadInput(
            f"offsets are of a place in a sweep from two predictions, of which one at most is a positive number; got "
            f"{kind_of(place)}, {kind_of(one)} and {kind_of(other)}."
        )
    return Offsets(place, one, other)


def _known(part: Prediction, records: Sequence[Record]) -> Value:
    return part.of(records) if isinstance(part, SweepStatistic) else Value(float(part))


def _between(place: np.ndarray, one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest |p - a| - |p - b| over three intervals, as factors.

    For one p the two differences are extreme by themselves; along p both are piecewise linear, so their extremes are at
    a corner: an end of an interval, or the middle of one, where the farther end changes.
    """
    corners = np.array([*place, *one, *other, one.mean(), other.mean()]).clip(*place)
    nearest = [np.maximum(0, np.maximum(ends[0] - corners, corners - ends[1])) for ends in (one, other)]
    farthest = [np.maximum(abs(corners - ends[0]), abs(corners - ends[1])) for ends in (one, other)]
    low, high = (nearest[0] - farthest[1]).min(), (farthest[0] - nearest[1]).max()
    return float(np.exp(low)), float(np.exp(high))
