"""Readings with their errors: what an expression becomes on one record, and arithmetic that carries errors along.

Errors are absolute bounds and are carried by worst case, never in quadrature: the errors of one tracker at
neighbouring steps, or of two series measured by one estimator, are not independent.
"""

import dataclasses
from typing import Literal

import numpy as np

from phenoscope.record import Record

Operator = Literal["+", "-", "*", "/"]
Relation = Literal[">", ">=", "<", "<="]


@dataclasses.dataclass(frozen=True, eq=False)
class Readings:
    """Values along training and the absolute error of each.

    A condition's readings are 1 where it holds, 0 where not, nan where that is unknown; their error is 1 where the
    numbers compared lie within their measurement error of each other.

    Attributes:
        steps: (m,) the steps measured; None for what does not change during training.
        values: (m,), or () where `steps` is None.
        errors: the shape of `values`.
    """

    steps: np.ndarray | None
    values: np.ndarray
    errors: np.ndarray

    def __len__(self) -> int:
        return 0 if self.steps is None else len(self.steps)

    def where(self, chosen: np.ndarray | slice) -> "Readings":
        """Those readings that `chosen` (a mask, indices or a slice) picks out."""
        if self.steps is None:
            return self
        return Readings(self.steps[chosen], self.values[chosen], self.errors[chosen])

    def late(self, record: Record, fraction: float) -> "Readings":
        """Readings in the last `fraction` of the steps that training made: those asked for, or fewer if it diverged.

        By step number, not by index: on a grid that is denser early, the last third of the readings starts
        before the last third of training. With N steps these are the steps s > (1 − fraction)·N.
        """
        if self.steps is None or fraction >= 1:
            return self
        # The small margin keeps step 200 of 300 out of "the last third" whichever way 1/3 was rounded.
        start = record.reached * (1 - fraction) + 1e-9 * record.reached
        return self.where(self.steps > start)

    def not_finite(self) -> str | None:
        """The sentence for the first reading that is not a finite number, or None."""
        if self.steps is None or np.isfinite(self.values).all():
            return None
        return f"the reading at step {self.steps[~np.isfinite(self.values)][0]:g} is not a finite number"


def recorded(record: Record, name: str) -> Readings:
    """A series with its errors: "X.residual" or "X.standard error", where it exists, is the absolute error of "X".

    A reading without a finite residual of its own takes the largest one recorded; without any, its error is infinite.
    """
    series = record.series[name]
    values = np.asarray(series.values, dtype=np.float64)
    residual = record.error_of(name)
    if residual is None:
        return Readings(series.steps, values, np.zeros_like(values))
    sizes = np.abs(np.asarray(residual.values, dtype=np.float64))
    known = np.isfinite(sizes)
    errors = np.full_like(values, sizes[known].max() if known.any() else np.inf)
    _, here, there = np.intersect1d(series.steps, residual.steps[known], return_indices=True)
    errors[here] = sizes[known][there]
    return Readings(series.steps, values, errors)


def aligned(left: Readings, right: Readings) -> tuple[Readings, Readings]:
    """Both on the steps they have in common; what is constant goes with any steps."""
    if left.steps is None or right.steps is None:
        return left, right
    _, here, there = np.intersect1d(left.steps, right.steps, return_indices=True)
    return left.where(here), right.where(there)


def combined(operator: Operator, left: Readings, right: Readings) -> Readings:
    """Arithmetic on the common steps."""
    left, right = aligned(left, right)
    values, errors = arithmetic(operator, left.values, left.errors, right.values, right.errors)
    return Readings(_steps(left, right), values, errors)


def compared(relation: Relation, left: Readings, right: Readings) -> Readings:
    """A comparison on the common steps: 1, 0 or nan, with error 1 where the measurement errors leave it open."""
    left, right = aligned(left, right)
    values, errors = comparison(relation, left.values, left.errors, right.values, right.errors)
    return Readings(_steps(left, right), values, errors)


def arithmetic(
    operator: Operator, x: np.ndarray, dx: np.ndarray, y: np.ndarray, dy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The value x ∘ y, and the largest error it can have when x is known to ±dx and y to ±dy.

    A quotient whose denominator cannot be told from zero has an infinite error.
    """
    with np.errstate(all="ignore"):
        if operator == "+":
            value, error = x + y, dx + dy
        elif operator == "-":
            value, error = x - y, dx + dy
        elif operator == "*":
            value, error = x * y, np.abs(x) * dy + np.abs(y) * dx + dx * dy
        else:
            size = np.abs(y)
            value = np.true_divide(x, y)
            error = np.where(dy < size, (np.abs(x) * dy + size * dx) / (size * (size - dy)), np.inf)
    return np.asarray(value), np.where(np.isnan(error), np.inf, error)


def arithmetic_of_numbers(operator: Operator, x: float, dx: float, y: float, dy: float) -> tuple[float, float]:
    """The same for single numbers."""
    value, error = arithmetic(operator, np.asarray(x), np.asarray(dx), np.asarray(y), np.asarray(dy))
    return float(value), float(error)


def comparison(
    relation: Relation, x: np.ndarray, dx: np.ndarray, y: np.ndarray, dy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whether x stands in the relation to y (1, 0, or nan where either is nan), and 1 where errors could turn it."""
    with np.errstate(all="ignore"):
        holds = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}[relation](x, y)
        error = dx + dy
        doubtful = (error > 0) & (np.abs(x - y) <= error)
    # A comparison with nan is False in IEEE arithmetic; counting it as "does not hold" would decide claims.
    unknown = np.isnan(x) | np.isnan(y)
    return np.where(unknown, np.nan, holds.astype(np.float64)), np.where(doubtful, 1.0, 0.0)


def _steps(left: Readings, right: Readings) -> np.ndarray | None:
    return right.steps if left.steps is None else left.steps
