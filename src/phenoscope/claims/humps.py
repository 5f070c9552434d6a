"""Humps along training: a series that falls, rises and falls again, and when it was highest between the valleys."""

import dataclasses
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from phenoscope.claims.expressions import Expression
from phenoscope.claims.readings import Readings
from phenoscope.claims.reductions import series
from phenoscope.claims.statistics import Scale, Statistic, Value
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

DRAWS = 1000
"""Of the values' errors, for that of a height: it is known to 2 %."""


@dataclasses.dataclass(frozen=True)
class Hump(Statistic):
    """See `hump_height` and `hump_step`."""

    expression: Expression
    part: Literal["height", "step"]
    window: int = 1

    @property
    def scale(self) -> Scale:
        return "log" if self.part == "height" else "linear"

    @property
    def censored(self) -> bool:
        return self.part == "step"

    @property
    def unit(self) -> str:
        return "steps" if self.part == "step" else ""

    def _read(self, record: Record) -> Value:
        readings = self.expression.readings(record)
        reason = readings.not_finite()
        if reason:
            return self._unknown(reason)
        if len(readings) < self.window + 2 or readings.steps is None:
            return self._unknown(f"{self} needs {self.window + 2} readings, got {len(readings)}")
        y, error, steps = _smooth(readings, readings.steps, self.window)
        if not (y - error > 0).all():
            return self._unknown(f"{self} compares values that are surely positive, and not all are")
        height, top = highest(y)
        if self.part == "height":
            return self._known(height, height * height_error(readings.values, readings.errors, window=self.window))
        if top is None:
            return self._unknown(f"{self.expression} does not fall, rise and fall again")
        low, high = float(steps[top - 1]), float(steps[top + 1])
        return self._known((low + high) / 2, (high - low) / 2)

    def __str__(self) -> str:
        option = "" if self.window == 1 else f", window={self.window}"
        return f"hump_{self.part}({self.expression}{option})"


def highest(y: np.ndarray) -> tuple[float, int | None]:
    """How far the highest hump stands out over the higher of its valleys, and its index; 1 and none without one.

    Args:
        y: positive, (m,), m at least 3.
    """
    found = heights(y)
    top = int(found.argmax())
    return (float(found[top]), top + 1) if found[top] > 1 else (1.0, None)


def heights(y: np.ndarray) -> np.ndarray:
    """How far each value between the ends stands out over the higher of its valleys, (..., m - 2).

    Args:
        y: positive, (..., m), m at least 3.
    """
    before = np.minimum.accumulate(y, axis=-1)[..., :-2]
    after = np.minimum.accumulate(y[..., ::-1], axis=-1)[..., ::-1][..., 2:]
    return y[..., 1:-1] / np.maximum(before, after)


def hump_height(expression: Expression, window: int = 1) -> Statistic:
    """How far the highest hump of a series stands out: over the higher of the valleys before and after it.

    A ratio, 1 for a series that only falls, only rises, or falls and then rises; judged on the log scale. Fluctuations
    are humps, too: compare it with that of a control, or average over a `window`. Error: the standard
    error of the height where that of each reading is a standard error of its own.

    Args:
        expression: the series, positive.
        window: an odd number of neighbouring readings to take the mean of before.
    """
    return _hump(expression, "height", window)


def hump_step(expression: Expression, window: int = 1) -> Statistic:
    """The step at which the highest hump of a series stands; no number where there is none.

    It is read from the measuring grid: the truth is taken to lie between the neighbouring readings.

    Args:
        expression: the series, positive.
        window: as for `hump_height`.
    """
    return _hump(expression, "step", window)


def height_error(y: np.ndarray, error: np.ndarray, *, window: int = 1) -> float:
    """The standard error of the height of the highest hump, relative, where each value has a normal error of its own.

    By the worst case it would be twice the largest error of any value, however far from the hump that one is.

    Args:
        y: positive, (m,).
        error: of each, (m,).
        window: of the mean that is taken before.
    """
    if not error.any():
        return 0.0
    noise = np.random.default_rng(0).standard_normal((DRAWS, len(y)))
    drawn = sliding_window_view(y * np.exp(noise * (error / y)), window, axis=1).mean(axis=2)
    return float(np.log(np.maximum(heights(drawn).max(axis=1), 1.0)).std(ddof=1))


def _hump(expression: Expression, part: Literal["height", "step"], window: int) -> Hump:
    if type(window) is not int or window < 1 or window % 2 == 0:
        raise BadInput(f"`window` of hump_{part} is an odd number of readings, got {window!r}.")
    return Hump(series(expression, f"hump_{part}"), part, window)


def _smooth(readings: Readings, steps: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means over windows that lie wholly inside: values, errors, and the steps in their middle."""
    middle, weights = window // 2, np.full(window, 1 / window)
    values, errors = (np.convolve(part, weights, mode="valid") for part in (readings.values, readings.errors))
    return values, errors, steps[middle : len(steps) - middle]
