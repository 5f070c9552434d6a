"""Statistics: one number of a member's record with its measurement error, their arithmetic and comparisons.

A `Statistic` gives a `Value` on a record; a `Criterion` compares two statistics and gives 1 or 0. The ways from a
series to a number (`late_mean`, `first_step`, ...) are in `reductions` and `passages`.
"""

import dataclasses
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NoReturn

import numpy as np

from phenoscope.claims.expressions import (
    PRECEDENCE,
    SIGNS,
    Condition,
    Expression,
    Operand,
    as_expression,
    kind_of,
    written,
)
from phenoscope.claims.readings import Operator, Relation, arithmetic_of_numbers, comparison
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

Scale = Literal["linear", "log"]


@dataclasses.dataclass(frozen=True)
class Value:
    """A statistic on one record.

    Attributes:
        value: the number; nan where there is none, and then `reason` says why.
        error: its absolute measurement error, carried from the readings by worst case.
        scale: the scale on which replicates are averaged; "log" for ratios.
        reason: why there is no number.
        missing: the record lacks a series or a setting that the statistic needs.
        censored: the truth lies anywhere in value ± error (an onset read from a grid); `error` is then not a spread.
        after: where there is no number because what was looked for had not come: the step until which it had not.
    """

    value: float
    error: float = 0.0
    scale: Scale = "linear"
    reason: str | None = None
    missing: bool = False
    censored: bool = False
    after: float | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """What a statistic is the average of, in the order of training: it can be taken apart into blocks of time.

    Attributes:
        values, errors: (m,), and the absolute error of each.
        average: the statistic of some of them, with its error.
    """

    values: np.ndarray
    errors: np.ndarray
    average: Callable[[np.ndarray, np.ndarray], tuple[float, float]]


class Statistic(Operand["Statistic", "Criterion"]):
    """One number of a record."""

    @property
    def scale(self) -> Scale:
        """On which scale replicates are averaged: "log" for ratios, which spread by factors rather than by amounts."""
        return "linear"

    @property
    def censored(self) -> bool:
        """Whether it is read from a measuring grid, so that only an interval is known."""
        return False

    @property
    def unit(self) -> str:
        return ""

    def of(self, record: Record) -> Value:
        """Its value on a record, or the reason why there is none."""
        reason = lacking(record, self.names, self.settings)
        if reason is not None:
            return dataclasses.replace(self._unknown(reason), missing=True)
        # Overflow and 0/0 end in a number that is not finite, and so in a reason, not in a warning.
        with np.errstate(all="ignore"):
            return self._read(record)

    def parts(self, record: Record) -> Parts | None:
        """What it averages on a record on which it has a value; `None` where it is no average over training."""
        return None

    @abstractmethod
    def _read(self, record: Record) -> Value:
        """Its value on a record that has all its series and settings."""

    def _known(self, value: Any, error: Any) -> Value:
        if not math.isfinite(value):
            return self._unknown(f"{self} is {float(value)}, which is not a finite number")
        return Value(float(value), float(error), self.scale, censored=self.censored)

    def _unknown(self, reason: str) -> Value:
        return Value(math.nan, math.nan, self.scale, reason, censored=self.censored)

    def _join(self, operator: Operator, other: Any, *, swapped: bool = False) -> "Statistic":
        partner = as_statistic(other, f"{self}")
        left, right = (partner, self) if swapped else (self, partner)
        return Combination(operator, left, right)

    def _compare(self, relation: Relation, other: Any) -> "Criterion":
        return Criterion(relation, self, as_statistic(other, f"{self}"))


@dataclasses.dataclass(frozen=True)
class Fixed(Statistic):
    """A setting, a number, or arithmetic of them, as a statistic: known without error."""

    expression: Expression

    @property
    def precedence(self) -> int:
        return self.expression.precedence

    def _read(self, record: Record) -> Value:
        return self._known(self.expression.readings(record).values, 0.0)

    def __str__(self) -> str:
        return f"{self.expression}"


@dataclasses.dataclass(frozen=True)
class Combination(Statistic):
    """Two statistics joined by + − · or /; a quotient of two is judged on the log scale."""

    operator: Operator
    left: Statistic
    right: Statistic

    @property
    def precedence(self) -> int:
        return PRECEDENCE[self.operator]

    @property
    def censored(self) -> bool:
        return self.left.censored or self.right.censored

    @property
    def scale(self) -> Scale:
        scales = {part.scale for part in (self.left, self.right) if not isinstance(part, Fixed)}
        if self.operator == "/" and not isinstance(self.right, Fixed):
            return "log"
        return "log" if self.operator in "*/" and scales == {"log"} else "linear"

    def parts(self, record: Record) -> Parts | None:
        """Those of an average that is shifted or scaled by what does not change during training."""
        linear = isinstance(self.right, Fixed) or (isinstance(self.left, Fixed) and self.operator != "/")
        both = [None if isinstance(side, Fixed) else side.parts(record) for side in (self.left, self.right)]
        found = next((parts for parts in both if parts is not None), None)
        if not linear or found is None:
            return None

        def average(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
            value, error = found.average(values, errors)
            inner = Value(value, error)
            left, right = (s.of(record) if isinstance(s, Fixed) else inner for s in (self.left, self.right))
            return arithmetic_of_numbers(self.operator, left.value, left.error, right.value, right.error)

        return dataclasses.replace(found, average=average)

    def _read(self, record: Record) -> Value:
        left, right = self.left.of(record), self.right.of(record)
        reason = left.reason or right.reason
        if reason is not None:
            return self._unknown(reason)
        return self._known(*arithmetic_of_numbers(self.operator, left.value, left.error, right.value, right.error))

    def __str__(self) -> str:
        return written(self.operator, self.left, self.right)


@dataclasses.dataclass(frozen=True)
class Criterion(Operand[NoReturn, NoReturn]):
    """A comparison of two statistics, `left relation right`: true or false once for a record.

    It serves as a precondition, or as a thing to be counted.
    """

    relation: Relation
    left: Statistic
    right: Statistic
    scale: ClassVar[Scale] = "linear"
    censored: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def of(self, record: Record) -> Value:
        """1 where it holds and 0 where not; the error is 1 where measurement errors leave it open."""
        left, right = self.left.of(record), self.right.of(record)
        unknown = next((value for value in (left, right) if value.reason is not None), None)
        if unknown is not None:
            return dataclasses.replace(unknown, scale="linear", censored=False)
        holds, error = comparison(self.relation, *_numbers(left), *_numbers(right))
        return Value(float(holds), float(error))

    def __str__(self) -> str:
        return f"{self.left}{SIGNS[self.relation]}{self.right}"

    def __bool__(self) -> bool:
        raise BadInput(
            f"whether {self} holds is known only on a record, got it where Python needs a truth now. "
            "Write a double inequality as two criteria."
        )

    def _join(self, operator: Operator, other: Any, *, swapped: bool = False) -> NoReturn:
        raise BadInput(
            f"arithmetic needs numbers, got the criterion {self}. Count how often it holds with summary='proportion'."
        )

    def _compare(self, relation: Relation, other: Any) -> NoReturn:
        raise BadInput(f"a comparison needs numbers, got the criterion {self}. Compare its two sides on their own.")


def ratio(above: Statistic, below: Statistic) -> Statistic:
    """One statistic over another, judged on the log scale."""
    return as_statistic(above, "a ratio") / as_statistic(below, "a ratio")


def as_statistic(value: Any, place: str) -> Statistic:
    """The statistic a caller means: itself, or a setting or a number that is the same all through training."""
    if isinstance(value, Statistic):
        return value
    if isinstance(value, Operand) and not (isinstance(value, Expression) and value.constant):
        raise BadInput(
            f"{place} needs one number per record beside it, got {kind_of(value)}. "
            "Reduce it first, for example with `late_mean(...)`, `first_value(...)` or `fraction_of(...)`."
        )
    return Fixed(as_expression(value, place))


def as_criterion(value: Any, place: str) -> Criterion:
    """The criterion a caller means; a comparison of settings alone is one too."""
    if isinstance(value, Criterion):
        return value
    if isinstance(value, Condition) and not value.names:
        return Criterion(value.relation, Fixed(value.left), Fixed(value.right))
    raise BadInput(
        f"{place} is true or false once for a record, got {kind_of(value)}. "
        "Compare statistics, for example `first_value(SHARPNESS) >= 2`."
    )


def lacking(record: Record, names: tuple[str, ...], settings: tuple[str, ...]) -> str | None:
    """What the record lacks, as a sentence, or None."""
    series = [f"'{name}'" for name in names if name not in record.series]
    numbers = [f"'{name}'" for name in settings if name not in record.settings]
    parts = [
        f"the {word}{'s' if len(found) > 1 and word == 'setting' else ''} {' and '.join(found)}"
        for word, found in (("series", series), ("setting", numbers))
        if found
    ]
    return f"needs {' and '.join(parts)}" if parts else None


def _numbers(value: Value) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(value.value), np.asarray(value.error)
