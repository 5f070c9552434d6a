"""Peaks in a sweep: where the largest value of a statistic is, how high it stands, and what follows it."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from phenoscope.claims.expressions import Expression, kind_of
from phenoscope.claims.humps import height_error, highest
from phenoscope.claims.slopes import SweepStatistic
from phenoscope.claims.statistics import Scale, Statistic, Value, lacking
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

Part = Literal["place", "height", "descent", "second_minimum", "hump", "hump_place"]
PLACES = ("place", "hump_place")


@dataclasses.dataclass(frozen=True)
class Peak(SweepStatistic):
    """See `peak_place`, `peak_height`, `peak_descent`, `second_minimum`, `hump_across` and `hump_place`."""

    y: Statistic
    x: Expression
    part: Part

    @property
    def scale(self) -> Scale:  # type: ignore[override]  # of each part its own
        return "linear" if self.part in PLACES else "log"

    @property
    def censored(self) -> bool:  # type: ignore[override]
        return self.part in PLACES

    def takes(self, swept: Sequence[str]) -> bool:
        return set(swept) <= set(self.x.settings)

    def of(self, records: Sequence[Record]) -> Value:
        for record in records:
            reason = lacking(record, self.names, self.settings)
            if reason is not None:
                return self._unknown(reason, missing=True)
        found = sorted(((float(self.x.readings(r).values), self.y.of(r)) for r in records), key=lambda pair: pair[0])
        reason = next((value.reason for _, value in found if value.reason), None)
        if reason is not None:
            return self._unknown(reason)
        x = np.array([place for place, _ in found])
        y, error = (np.array([getattr(value, name) for _, value in found]) for name in ("value", "error"))
        if len(np.unique(x)) < 3:
            return self._unknown(f"{self} needs 3 different values of {self.x}, got {len(set(x))}")
        return self._read(x, y, error)

    def _read(self, x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Value:
        if self.part == "place":
            return _place(x, int(y.argmax()))
        if not (y - error > 0).all():
            return self._unknown(f"{self} compares values that are surely positive, and not all are")
        if self.part in ("hump", "hump_place"):
            return self._hump(x, y, error)
        above, below = _PARTS[self.part](y)
        value = y[above] / y[below]
        return Value(value, value * (error[above] / y[above] + error[below] / y[below]), "log")

    def _hump(self, x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Value:
        height, top = highest(y)
        if self.part == "hump":
            return Value(height, height * height_error(y, error), "log")
        return self._unknown(f"{self.y} does not fall, rise and fall again") if top is None else _place(x, top)

    def _unknown(self, reason: str, *, missing: bool = False) -> Value:
        return Value(math.nan, math.nan, self.scale, reason, missing=missing, censored=self.censored)

    def __str__(self) -> str:
        return f"{_NAMES[self.part]}({self.y}, {self.x})"


def peak_place(y: Statistic, x: Expression) -> Peak:
    """The x of the largest y among the members of one seed (for claims with `over`).

    It is read from the grid of the sweep: the truth is taken to lie between the neighbours on both sides (beyond an end
    of the sweep nothing is known, and the end itself is the bound), and the interval is interval-censored.

    Args:
        y: a statistic of each member.
        x: arithmetic of settings and numbers.
    """
    return _peak(y, x, "place")


def peak_height(y: Statistic, x: Expression) -> Peak:
    """The largest y over the smallest at or before it: 1 where y falls from the beginning on; judged on the log scale.

    Error: that of both, relative.

    Args:
        y: a statistic of each member, positive.
        x: arithmetic of settings and numbers.
    """
    return _peak(y, x, "height")


def peak_descent(y: Statistic, x: Expression) -> Peak:
    """The smallest y at or after the largest, over the largest: 1 where y rises to the end; on the log scale.

    Args:
        y: a statistic of each member, positive.
        x: arithmetic of settings and numbers.
    """
    return _peak(y, x, "descent")


def second_minimum(y: Statistic, x: Expression) -> Peak:
    """The smallest y at or after the largest over the smallest at or before it: below 1 where the second descent goes
    deeper than the first; on the log scale.

    Args:
        y: a statistic of each member, positive.
        x: arithmetic of settings and numbers.
    """
    return _peak(y, x, "second_minimum")


def hump_across(y: Statistic, x: Expression) -> Peak:
    """How far the highest hump in between stands out: over the higher of the smallest y before and after it.

    1 where y only falls, only rises, or falls and then rises; on the log scale. Unlike `peak_height` it sees a peak
    that is lower than where the sweep begins. Fluctuations are humps, too: compare it with that of a control.

    Args:
        y: a statistic of each member, positive.
        x: arithmetic of settings and numbers.
    """
    return _peak(y, x, "hump")


def hump_place(y: Statistic, x: Expression) -> Peak:
    """The x of that hump, read from the grid as in `peak_place`; no number where there is none.

    Args:
        y: a statistic of each member, positive.
        x: arithmetic of settings and numbers.
    """
    return _peak(y, x, "hump_place")


def _peak(y: Statistic, x: Expression, part: Part) -> Peak:
    if not isinstance(y, Statistic):
        raise BadInput(
            f"{_NAMES[part]} needs a statistic for y, got {kind_of(y)}. Reduce it, as with `last_value(...)`."
        )
    if not isinstance(x, Expression) or not x.constant or not x.settings:
        raise BadInput(
            f"{_NAMES[part]} needs arithmetic of settings for x, got {kind_of(x)}. Write for example "
            '`Setting("width")`.'
        )
    return Peak(y, x, part)


def _place(x: np.ndarray, top: int) -> Value:
    low, high = x[max(top - 1, 0)], x[min(top + 1, len(x) - 1)]
    return Value((low + high) / 2, (high - low) / 2, censored=True)


def _height(y: np.ndarray) -> tuple[int, int]:
    top = int(y.argmax())
    return top, int(y[: top + 1].argmin())


def _descent(y: np.ndarray) -> tuple[int, int]:
    top = int(y.argmax())
    return top + int(y[top:].argmin()), top


def _second(y: np.ndarray) -> tuple[int, int]:
    return _descent(y)[0], _height(y)[1]


_PARTS: dict[str, Callable[[np.ndarray], tuple[int, int]]] = {
    "height": _height, "descent": _descent, "second_minimum": _second,
}  # fmt: skip
"""Which place stands above the fraction, and which below."""
_NAMES: dict[Part, str] = {
    "place": "peak_place", "height": "peak_height", "descent": "peak_descent", "second_minimum": "second_minimum",
    "hump": "hump_across", "hump_place": "hump_place",
}  # fmt: skip
