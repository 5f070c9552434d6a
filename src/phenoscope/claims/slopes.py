"""Statistics of a sweep: one number from all members of one seed."""

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from phenoscope.claims.expressions import Composed, Expression, kind_of
from phenoscope.claims.statistics import Scale, Statistic, Value, lacking
from phenoscope.core.errors import BadInput
from phenoscope.record import Record


class SweepStatistic(Composed, ABC):
    """One number from the members of one seed across a swept setting."""

    scale: Scale = "linear"
    censored: bool = False
    unit: str = ""

    @abstractmethod
    def takes(self, swept: Sequence[str]) -> bool:
        """Whether it makes one number of members that differ in these settings."""

    @abstractmethod
    def of(self, records: Sequence[Record]) -> Value:
        """Its value on the members of one seed."""


@dataclasses.dataclass(frozen=True)
class Slope(SweepStatistic):
    """See `slope`; of the logarithms, see `log_log_slope`."""

    y: Statistic
    x: Expression
    log: bool = False

    def takes(self, swept: Sequence[str]) -> bool:
        return set(swept) <= set(self.x.settings)

    def of(self, records: Sequence[Record]) -> Value:
        for record in records:
            reason = lacking(record, self.names, self.settings)
            if reason is not None:
                return Value(math.nan, math.nan, reason=reason, missing=True)
        values = [self.y.of(record) for record in records]
        reason = next((value.reason for value in values if value.reason), None)
        if reason is not None:
            return Value(math.nan, math.nan, reason=reason)
        y, error = np.array([value.value for value in values]), np.array([value.error for value in values])
        x = np.array([float(self.x.readings(record).values) for record in records])
        if self.log and (not ((x > 0) & np.isfinite(x)).all() or not (y > 0).all()):
            return Value(math.nan, math.nan, reason=f"{self} needs positive numbers on both axes")
        if len(np.unique(x)) < 2:
            return Value(math.nan, math.nan, reason=f"{self} needs 2 different values of {self.x}, got {len(set(x))}")
        return _fitted_logs(np.log(x), y, error) if self.log else fitted(x, y, error)

    def __str__(self) -> str:
        return f"{'log_log_slope' if self.log else 'slope'}({self.y}, {self.x})"


def slope(y: Statistic, x: Expression) -> Slope:
    """Least-squares slope of y against x over the members of one seed (for claims with `over`).

    Units: those of y per unit of x. Error: Σ |wᵢ| eᵢ, where wᵢ is the weight of member i in the slope and eᵢ the error
    of yᵢ.

    Args:
        y: a statistic of each member.
        x: arithmetic of settings and numbers, such as `Setting("data.label_noise")`.
    """
    return Slope(*_sides(y, x, "slope"))


def log_log_slope(y: Statistic, x: Expression) -> Slope:
    """Least-squares slope of log y against log x over the members of one seed (for claims with `over`).

    Without units: the exponent a of y ∝ x^a. Error: Σ |wᵢ| eᵢ, where wᵢ is the weight of member i in the slope and eᵢ
    the error of log yᵢ.

    Args:
        y: a statistic of each member, positive.
        x: arithmetic of settings and numbers, positive, such as `1 / Setting("lr")`.
    """
    return Slope(*_sides(y, x, "log_log_slope"), log=True)


def _sides(y: Statistic, x: Expression, user: str) -> tuple[Statistic, Expression]:
    if not isinstance(y, Statistic):
        raise BadInput(
            f"{user} needs a statistic for y, got {kind_of(y)}. Reduce it first, for example with `late_mean(...)`."
        )
    if not isinstance(x, Expression) or not x.constant or not x.settings:
        raise BadInput(
            f'{user} needs arithmetic of settings for x, got {kind_of(x)}. Write for example `1 / Setting("lr")`.'
        )
    return y, x


def fitted(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Value:
    centred = x - x.mean()
    weights = centred / (centred**2).sum()
    return Value(float((weights * y).sum()), float((np.abs(weights) * error).sum()))


def _fitted_logs(log_x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Value:
    centred = log_x - log_x.mean()
    weights = centred / (centred**2).sum()
    # log y − log(y − e) is the longer of the two sides of y ± e on the log scale.
    known = error < y
    log_error = -np.log1p(-np.where(known, error / y, 0.0))
    size = float((np.abs(weights) * np.where(known, log_error, np.inf))[weights != 0].sum())
    return Value(float((weights * np.log(y)).sum()), size)
