"""From a series to one number: means, extremes, ends, shares, growth.

Means and shares weigh readings equally, whatever the gaps between them. Which readings are late is decided by step
number (see `Readings.late`).
"""

import dataclasses
import fractions
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from phenoscope.claims.expressions import Condition, Expression, kind_of
from phenoscope.claims.readings import Readings, arithmetic_of_numbers
from phenoscope.claims.statistics import Parts, Scale, Statistic, Value
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

Reduce = Callable[[np.ndarray, np.ndarray], tuple[float, float]]

THIRD = 1 / 3


@dataclasses.dataclass(frozen=True)
class Rule:
    """One way from readings to a number: `reduce` takes values (m,) and errors (m,), gives value and error.

    `only` is the index of the one reading that is looked at; then the others may be anything. A rule that averages
    says of what: `parts` takes values and errors to those averaged, and `average` is their mean with its error.
    """

    name: str
    reduce: Reduce
    needs: int = 1
    only: int | None = None
    keeps_unit: bool = True
    option: str = "last"
    parts: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    average: Reduce | None = None


@dataclasses.dataclass(frozen=True)
class Reduction(Statistic):
    """A rule applied to the readings of an expression, over all of training or its last fraction."""

    rule: Rule
    expression: Expression | Condition
    last: float | None = None

    @property
    def unit(self) -> str:
        return self.expression.unit if self.rule.keeps_unit and isinstance(self.expression, Expression) else ""

    def parts(self, record: Record) -> Parts | None:
        if self.rule.parts is None or self.rule.average is None:
            return None
        readings = self._window(record)
        return Parts(*self.rule.parts(readings.values, readings.errors), self.rule.average)

    def _window(self, record: Record) -> Readings:
        readings = self.expression.readings(record)
        return readings if self.last is None else readings.late(record, self.last)

    def _read(self, record: Record) -> Value:
        readings = self._window(record)
        if self.rule.only is not None and len(readings):
            readings = readings.where(np.array([self.rule.only]))
        if len(readings) < self.rule.needs:
            return self._unknown(f"{self} needs {_count(self.rule.needs)}, got {len(readings)}")
        reason = readings.not_finite()
        return self._unknown(reason) if reason else self._known(*self.rule.reduce(readings.values, readings.errors))

    def __str__(self) -> str:
        option = "" if self.last is None else f", {self.rule.option}={_fraction(self.last)}"
        return f"{self.rule.name}({self.expression}{option})"


@dataclasses.dataclass(frozen=True)
class Growth(Statistic):
    """See `growth`."""

    expression: Expression
    fraction: float

    @property
    def scale(self) -> Scale:
        return "log"

    def _read(self, record: Record) -> Value:
        readings = self.expression.readings(record)
        first, late = readings.where(slice(0, 1)), readings.late(record, self.fraction)
        if len(first) == 0 or len(late) == 0:
            return self._unknown(f"{self} needs a first and a late reading, got {len(first)} and {len(late)}")
        reason = first.not_finite() or late.not_finite()
        if reason:
            return self._unknown(reason)
        # |rms(x + e) − rms(x)| ≤ rms(e): the root mean square is a norm.
        level, error = _root_mean_square(late.values), _root_mean_square(late.errors)
        return self._known(*arithmetic_of_numbers("/", level, error, abs(first.values[0]), first.errors[0]))

    def __str__(self) -> str:
        return f"growth({self.expression}, fraction={_fraction(self.fraction)})"


def late_mean(expression: Expression, fraction: float = THIRD) -> Statistic:
    """Mean over the last `fraction` of the steps the recipe asks for. Error: the mean absolute error."""
    return Reduction(_LATE_MEAN, series(expression, "late_mean"), share(fraction, "late_mean", "fraction"))


def mean(expression: Expression) -> Statistic:
    """Mean over all readings. Error: the mean absolute error."""
    return Reduction(_MEAN, series(expression, "mean"))


def maximum(expression: Expression) -> Statistic:
    """Largest (signed) reading. Error: the largest error of any reading."""
    return Reduction(_MAXIMUM, series(expression, "maximum"))


def minimum(expression: Expression) -> Statistic:
    """Smallest (signed) reading. Error: the largest error of any reading."""
    return Reduction(_MINIMUM, series(expression, "minimum"))


def first_value(expression: Expression) -> Statistic:
    """The first reading, with its error."""
    return Reduction(_FIRST, series(expression, "first_value"))


def last_value(expression: Expression) -> Statistic:
    """The last reading, with its error."""
    return Reduction(_LAST, series(expression, "last_value"))


def relative_spread(expression: Expression) -> Statistic:
    """(largest − smallest) / |first| over all readings."""
    return Reduction(_SPREAD, series(expression, "relative_spread"))


def fraction_of(condition: Condition, last: float = THIRD) -> Statistic:
    """Share of the readings in the last fraction of training at which the condition holds.

    Error: half a reading (the resolution of a share of m readings is 1/m), and all those readings at which the
    measurement errors leave the condition open.
    """
    return Reduction(_SHARE, happening(condition, "fraction_of"), share(last, "fraction_of", "last"))


def sign_changes(expression: Expression, last: float = THIRD) -> Statistic:
    """Share of consecutive readings, in the last fraction of training, whose signs differ.

    A reading of exactly zero has no sign and counts as no change. Consecutive means consecutive as measured: an
    oscillation of period two is seen only on a grid whose gaps are odd numbers of steps, best every step.
    Error as in `fraction_of`.
    """
    return Reduction(_SIGNS, series(expression, "sign_changes"), share(last, "sign_changes", "last"))


def growth(expression: Expression, fraction: float = THIRD) -> Statistic:
    """Root mean square over the last `fraction` of training, over the size of the first reading.

    Without units; 1 means the late level is the first one. Judged on the log scale.
    """
    return Growth(series(expression, "growth"), share(fraction, "growth", "fraction"))


def series(value: Any, user: str) -> Expression:
    """The argument of a reduction, checked: a number at each step, from at least one measured series."""
    if isinstance(value, Expression) and not value.constant:
        return value
    hint = "Use `fraction_of` or `first_step` for a condition." if isinstance(value, Condition) else ""
    hint = hint or 'Give it a measured series, for example `Measured("sharpness")`.'
    raise BadInput(f"{user} needs a series of numbers along training, got {kind_of(value)}. {hint}")


def happening(value: Any, user: str) -> Condition:
    """The argument of a reduction, checked: a condition on at least one measured series."""
    if isinstance(value, Condition) and value.names:
        return value
    raise BadInput(
        f"{user} needs a condition on a measured series, got {kind_of(value)}. "
        'Compare a series, for example `Measured("sharpness") > 0`.'
    )


def share(value: Any, user: str, option: str) -> float:
    """An option of a reduction, checked: a fraction of training."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    raise BadInput(f"{option} of {user} is a part of training, above 0 and at most 1, got {value!r}.")


def _changes(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 for each pair of neighbours whose signs differ, with error 1 where one of them may be zero."""
    signs = np.sign(values)
    doubtful = (errors > 0) & (np.abs(values) <= errors)
    return (signs[1:] * signs[:-1] < 0).astype(float), (doubtful[1:] | doubtful[:-1]).astype(float)


def _sign_changes(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    return _share(*_changes(values, errors))


def _share(holds: np.ndarray, doubtful: np.ndarray) -> tuple[float, float]:
    return holds.mean(), doubtful.mean() + 0.5 / len(holds)


def _spread(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    return arithmetic_of_numbers("/", values.max() - values.min(), 2 * errors.max(), abs(values[0]), errors[0])


def _root_mean_square(values: np.ndarray) -> float:
    return math.sqrt(np.mean(values**2))


def _count(readings: int) -> str:
    return "a reading" if readings == 1 else f"{readings} readings"


def _fraction(value: float) -> str:
    near = fractions.Fraction(value).limit_denominator(20)
    return str(near) if math.isclose(float(near), value, rel_tol=1e-12) else f"{value:.6g}"


def _average(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    return values.mean(), errors.mean()


def _maximum(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    return values.max(), errors.max()


def _minimum(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    return values.min(), errors.max()


def _only(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    return values[0], errors[0]


def _themselves(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values, errors


_MEAN = Rule("mean", _average, parts=_themselves, average=_average)
_LATE_MEAN = Rule("late_mean", _average, option="fraction", parts=_themselves, average=_average)
_MAXIMUM = Rule("maximum", _maximum)
_MINIMUM = Rule("minimum", _minimum)
_FIRST = Rule("first_value", _only, only=0)
_LAST = Rule("last_value", _only, only=-1)
_SPREAD = Rule("relative_spread", _spread, keeps_unit=False)
_SHARE = Rule("fraction_of", _share, keeps_unit=False, parts=_themselves, average=_share)
_SIGNS = Rule("sign_changes", _sign_changes, needs=2, keeps_unit=False, parts=_changes, average=_share)
