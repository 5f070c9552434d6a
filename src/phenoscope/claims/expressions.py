"""Expressions over a member's record: series along training, its settings, and arithmetic of both.

    >>> sharpness, rate = Measured("sharpness", unit="loss/parameter²"), Setting("lr")
    >>> print(sharpness * rate / 2 >= 1)
    sharpness · lr / 2 ≥ 1

An `Expression` has a number at each step, a `Condition` holds or not at each step. Both are checked when they are
built and know which series and settings they need. What is made of settings and numbers alone is constant.
"""

import dataclasses
import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, NoReturn, TypeVar, cast

import numpy as np

from phenoscope.claims.numerals import numeral
from phenoscope.claims.readings import Operator, Readings, Relation, combined, compared, recorded
from phenoscope.core.errors import BadInput
from phenoscope.record import Record

N = TypeVar("N")
C = TypeVar("C")

SIGNS = {"+": " + ", "-": " − ", "*": " · ", "/": " / ", ">": " > ", ">=": " ≥ ", "<": " < ", "<=": " ≤ "}
ATOM = 3
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}


class Composed:
    """A dataclass that is read from records, and needs of them what its parts need, unless it says otherwise."""

    @property
    def names(self) -> tuple[str, ...]:
        """The measured series it needs."""
        return union(*(part.names for part in self._composed_of))

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings of the recipe it needs."""
        return union(*(part.settings for part in self._composed_of))

    @property
    def _composed_of(self) -> list["Composed"]:
        values = (getattr(self, field.name) for field in dataclasses.fields(cast(Any, self)))
        return [value for value in values if isinstance(value, Composed)]


class Operand(Composed, ABC, Generic[N, C]):
    """What can stand beside + − · / and the comparisons: N is what arithmetic gives, C what a comparison gives."""

    @property
    def precedence(self) -> int:
        """How tightly it binds when printed."""
        return ATOM

    @abstractmethod
    def _join(self, operator: Operator, other: Any, *, swapped: bool = False) -> N: ...

    @abstractmethod
    def _compare(self, relation: Relation, other: Any) -> C: ...

    def __add__(self, other: Any) -> N:
        return self._join("+", other)

    def __radd__(self, other: Any) -> N:
        return self._join("+", other, swapped=True)

    def __sub__(self, other: Any) -> N:
        return self._join("-", other)

    def __rsub__(self, other: Any) -> N:
        return self._join("-", other, swapped=True)

    def __mul__(self, other: Any) -> N:
        return self._join("*", other)

    def __rmul__(self, other: Any) -> N:
        return self._join("*", other, swapped=True)

    def __truediv__(self, other: Any) -> N:
        return self._join("/", other)

    def __rtruediv__(self, other: Any) -> N:
        return self._join("/", other, swapped=True)

    def __neg__(self) -> N:
        return self._join("*", -1.0, swapped=True)

    def __gt__(self, other: Any) -> C:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> C:
        return self._compare(">=", other)

    def __lt__(self, other: Any) -> C:
        return self._compare("<", other)

    def __le__(self, other: Any) -> C:
        return self._compare("<=", other)


class Expression(Operand["Expression", "Condition"]):
    """A number at each step of training, or one number for all steps (`constant`)."""

    unit: str = ""
    """As far as it is known without algebra of units."""

    @property
    def constant(self) -> bool:
        return not self.names

    @abstractmethod
    def readings(self, record: Record) -> Readings:
        """Its readings on a record that has all its series and settings."""

    def _join(self, operator: Operator, other: Any, *, swapped: bool = False) -> "Expression":
        if isinstance(other, Operand) and not isinstance(other, Expression | Condition):
            return NotImplemented  # a Statistic: it knows whether they go together
        term = as_expression(other, f"{SIGNS[operator].strip()} {self}")
        return Arithmetic(operator, term, self) if swapped else Arithmetic(operator, self, term)

    def _compare(self, relation: Relation, other: Any) -> "Condition":
        if isinstance(other, Operand) and not isinstance(other, Expression | Condition):
            return NotImplemented
        return Condition(relation, self, as_expression(other, f"{self}{SIGNS[relation]}"))


@dataclasses.dataclass(frozen=True)
class Measured(Expression):
    """A named series of the record. "X.residual" or "X.standard error", where it was recorded, is the error of "X"."""

    name: str
    unit: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name, "a measured series", 'Measured("sharpness")')

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def settings(self) -> tuple[str, ...]:
        return ()

    def readings(self, record: Record) -> Readings:
        return recorded(record, self.name)

    def __str__(self) -> str:
        return self.name


@dataclasses.dataclass(frozen=True)
class Setting(Expression):
    """A number of the resolved recipe, such as the learning rate: the same at every step."""

    name: str

    def __post_init__(self) -> None:
        _check_name(self.name, "a setting", 'Setting("lr")')

    @property
    def names(self) -> tuple[str, ...]:
        return ()

    @property
    def settings(self) -> tuple[str, ...]:
        return (self.name,)

    def readings(self, record: Record) -> Readings:
        return Readings(None, np.asarray(record.settings[self.name], np.float64), np.zeros(()))

    def __str__(self) -> str:
        return self.name


@dataclasses.dataclass(frozen=True)
class Constant(Expression):
    """A plain number."""

    value: float

    @property
    def names(self) -> tuple[str, ...]:
        return ()

    @property
    def settings(self) -> tuple[str, ...]:
        return ()

    def readings(self, record: Record) -> Readings:
        return Readings(None, np.asarray(self.value, np.float64), np.zeros(()))

    def __str__(self) -> str:
        return numeral(self.value)


@dataclasses.dataclass(frozen=True)
class Arithmetic(Expression):
    """Two expressions joined by + − · or /, on the steps at which both were measured."""

    operator: Operator
    left: Expression
    right: Expression

    @property
    def precedence(self) -> int:
        return PRECEDENCE[self.operator]

    def readings(self, record: Record) -> Readings:
        return combined(self.operator, self.left.readings(record), self.right.readings(record))

    def __str__(self) -> str:
        return written(self.operator, self.left, self.right)


@dataclasses.dataclass(frozen=True)
class Condition(Operand[NoReturn, NoReturn]):
    """A comparison of two expressions, `left relation right`: at each common step it holds or it does not."""

    relation: Relation
    left: Expression
    right: Expression

    def readings(self, record: Record) -> Readings:
        return compared(self.relation, self.left.readings(record), self.right.readings(record))

    def __str__(self) -> str:
        return f"{self.left}{SIGNS[self.relation]}{self.right}"

    def __bool__(self) -> bool:
        # `0.9 <= x <= 1.1` asks for the truth of its first half and would silently lose it.
        raise BadInput(
            f"whether {self} holds is known only on a record, got it where Python needs a truth now. "
            "Write a double inequality as two conditions, and use `fraction_of` or `first_step` on each."
        )

    def _join(self, operator: Operator, other: Any, *, swapped: bool = False) -> NoReturn:
        raise BadInput(
            f"arithmetic needs numbers, got the condition {self}. Use `fraction_of(...)` to make it a number."
        )

    def _compare(self, relation: Relation, other: Any) -> NoReturn:
        raise BadInput(f"a comparison needs numbers, got the condition {self}. Compare its two sides on their own.")


def as_expression(value: Any, place: str) -> Expression:
    """The expression a caller means: itself, or a plain finite number as a constant."""
    if isinstance(value, Expression):
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value):
        return Constant(float(value))
    raise BadInput(
        f"a number is needed beside {place.strip()}, got {kind_of(value)}. "
        "Use a Measured series, a Setting or a finite number."
    )


def kind_of(value: Any) -> str:
    """What came, for the message of an error."""
    if isinstance(value, Condition):
        return f"the condition {value}"
    if isinstance(value, Expression):
        return f"the {'constant' if value.constant else 'series'} {value}"
    return f"{type(value).__name__} {value}"


def written(operator: str, left: Operand, right: Operand) -> str:
    """Both sides with as few brackets as reading from left to right needs."""
    level = PRECEDENCE[operator]
    first = f"({left})" if left.precedence < level else f"{left}"
    second = f"({right})" if right.precedence <= level else f"{right}"
    return f"{first}{SIGNS[operator]}{second}"


def union(*parts: Iterable[str]) -> tuple[str, ...]:
    """Names in order of appearance, each once."""
    return tuple(dict.fromkeys(name for part in parts for name in part))


def _check_name(name: Any, what: str, example: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BadInput(f"{what} needs a name, got {name!r}. Write for example `{example}`.")
