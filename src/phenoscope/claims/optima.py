"""Where in a sweep something is smallest, and how that place moves with another setting."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from phenoscope.claims.expressions import kind_of, union
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Statistic, Value, lacking
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

Of = Literal["place", "value"]


@dataclasses.dataclass(frozen=True)
class Optimum(SweepStatistic):
    """See `optimum_slope`."""

    y: Statistic
    x: str
    across: str
    part: Of = "place"

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
        groups: dict[float, list[tuple[float, float]]] = defaultdict(list)
        for record in records:
            value = self._finished(record)
            groups[record.settings[self.across]].append((record.settings[self.x], value))
        if len(groups) < 2 or not all(place > 0 for place in groups):
            return Value(math.nan, math.nan, reason=f"{self} needs 2 different, positive values of {self.across}")
        found = {place: _smallest(sorted(group)) for place, group in groups.items()}
        lost = next((place for place, best in found.items() if best is None), None)
        if lost is not None:
            return Value(math.nan, math.nan, reason=f"{self}: at {self.across} = {lost:g} it is at an end of the sweep")
        best = np.array([each for each in found.values() if each is not None])
        logs = np.log(list(found)) - np.log(list(found)).mean()
        weights = logs / (logs**2).sum()
        if self.part == "value":
            return Value(float(weights @ best[:, 1]), 0.0)
        return Value(float(weights @ best[:, 0]), float(np.sqrt((weights**2) @ (best[:, 2] ** 2))))

    def _finished(self, record: Record) -> float:
        """The statistic of a member, infinite where it diverged or has no positive number."""
        value = self.y.of(record)
        fine = record.outcome != "diverged" and value.reason is None and value.value > 0
        return value.value if fine else math.inf

    def __str__(self) -> str:
        what = {"place": f"{self.x} of the smallest {self.y}", "value": f"smallest {self.y} over {self.x}"}[self.part]
        return f"optimum_slope({what}, across {self.across})"


def optimum_slope(y: Statistic, x: str, *, across: str, of: Of = "place") -> Optimum:
    """The exponent with which the best value of one swept setting changes with another (for claims with `over`).

    At each value of `across` the place of the smallest y is read from the members of one seed, by the parabola through
    it and its two neighbours in log x and log y, or as it stands where a neighbour diverged; the result is the
    least-squares slope of the log of that place, or of the log of the smallest y itself, against log `across`. Members
    that diverged count as infinitely bad, so the claim says if_diverged="as measured". Where the smallest stands at an
    end of the sweep there is no result. Without units. Error of the place: a uniform one within one spacing of the
    grid at each value, in quadrature, as they are independent; of the value itself none.

    Args:
        y: of each member, positive, such as the loss at the end.
        x: a swept setting, positive, such as "lr".
        across: another one, such as "model.width".
        of: "place" for where it is smallest, "value" for how small.

    Example:
        >>> from phenoscope.claims import Measured, last_value
        >>> print(optimum_slope(last_value(Measured("loss")), "lr", across="width"))
        optimum_slope(lr of the smallest last_value(loss), across width)
    """
    if not isinstance(y, Statistic) or y.censored:
        raise BadInput(f"the smallest of a sweep is of one number a member, got {kind_of(y)}. Reduce a series first.")
    if not (x and across) or x == across or of not in ("place", "value"):
        raise BadInput(
            f'an optimum is of one swept setting, across another, and its "place" or "value"; got {x!r}, {across!r} '
            f"and {of!r}."
        )
    return Optimum(y, x, across, of)


def _smallest(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float] | None:
    """Log place and log height of the smallest value, and the error of the place; `None` at an end of the sweep."""
    x, y = np.log([place for place, _ in pairs]), np.array([value for _, value in pairs])
    low = int(np.argmin(y))
    if not 0 < low < len(x) - 1 or not math.isfinite(y[low]):
        return None
    near, heights = x[low - 1 : low + 2], np.log(y[low - 1 : low + 2])
    error = float(near[2] - near[0]) / 2 / math.sqrt(12)
    if not np.isfinite(heights).all():
        return float(near[1]), float(heights[1]), error
    a, b, _ = np.polyfit(near - near[1], heights, 2)
    move = 0.0 if a <= 0 else float(np.clip(-b / (2 * a), near[0] - near[1], near[2] - near[1]))
    return float(near[1]) + move, float(heights[1] + a * move**2 + b * move), error
