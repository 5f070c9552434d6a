"""Statistics of when and between whiles: the first step of something, the largest value until then, block by block."""

import dataclasses
import math

import numpy as np

from phenoscope.claims.expressions import Condition, Expression
from phenoscope.claims.readings import Readings, arithmetic
from phenoscope.claims.reductions import happening, series
from phenoscope.claims.statistics import Scale, Statistic, Value
from phenoscope.core.errors import BadInput
from phenoscope.record import Record


@dataclasses.dataclass(frozen=True)
class FirstStep(Statistic):
    """See `first_step`."""

    condition: Condition

    @property
    def censored(self) -> bool:
        return True

    @property
    def unit(self) -> str:
        return "steps"

    def _read(self, record: Record) -> Value:
        readings = self.condition.readings(record)
        steps = readings.steps
        surely = np.flatnonzero((readings.values == 1) & (readings.errors == 0))
        possibly = np.flatnonzero((readings.values == 1) | (readings.errors > 0))
        if steps is None or len(surely) == 0:
            doubt = " beyond its measurement error" if len(possibly) else ""
            never = self._unknown(f"{self.condition} never holds{doubt} in {len(readings)} readings")
            return dataclasses.replace(never, after=_until(readings, possibly))
        found = surely[0]
        if np.isnan(readings.values[:found]).any():
            return self._unknown(f"{self.condition} cannot be told before step {steps[found]:g}: a reading is nan")
        before = float(steps[possibly[0] - 1]) if possibly[0] > 0 else 0.0
        low, high = min(before, float(steps[found])), float(steps[found])
        return self._known((low + high) / 2, (high - low) / 2)

    def __str__(self) -> str:
        return f"first_step({self.condition})"


@dataclasses.dataclass(frozen=True)
class Passage(Statistic):
    """A reading of one series that another one points to: by the first step at which a condition on it holds."""

    expression: Expression
    condition: Condition

    @property
    def unit(self) -> str:
        return self.expression.unit

    def _holds(self, record: Record) -> tuple[Readings, int | None, str | None]:
        """The condition's readings, the place of the first at which it holds, and why that cannot be told."""
        readings = self.condition.readings(record)
        holds = np.flatnonzero(readings.values == 1)
        first = int(holds[0]) if len(holds) else None
        if np.isnan(readings.values[:first]).any():
            return readings, first, f"the first step of {self.condition} cannot be told: a reading is nan"
        return readings, first, None


@dataclasses.dataclass(frozen=True)
class MaximumUntil(Passage):
    """See `maximum_until`."""

    def _read(self, record: Record) -> Value:
        (until, first, fault), readings = self._holds(record), self.expression.readings(record)
        if fault:
            return self._unknown(fault)
        if first is not None and until.steps is not None and readings.steps is not None:
            readings = readings.where(readings.steps <= until.steps[first])
        if len(readings) == 0 or len(until) == 0:
            return self._unknown(f"{self} needs a reading, got none")
        reason = readings.not_finite()
        return self._unknown(reason) if reason else self._known(readings.values.max(), readings.errors.max())

    def __str__(self) -> str:
        return f"maximum_until({self.expression}, {self.condition})"


@dataclasses.dataclass(frozen=True)
class ValueWhen(Passage):
    """See `value_when`."""

    def _read(self, record: Record) -> Value:
        (when, first, fault), readings = self._holds(record), self.expression.readings(record)
        if fault and first is not None:
            return self._unknown(fault)
        if first is None or when.steps is None or readings.steps is None:
            return self._unknown(f"{self.condition} never holds in {len(when)} readings")
        if when.errors[: first + 1].any():  # another reading might be the first
            return self._unknown(f"the first step of {self.condition} cannot be told: its readings are off by too much")
        there = readings.where(readings.steps == when.steps[first])
        if len(there) == 0:
            return self._unknown(f"{self.expression} was not read at step {when.steps[first]:g}")
        reason = there.not_finite()
        return self._unknown(reason) if reason else self._known(there.values[0], there.errors[0])

    def __str__(self) -> str:
        return f"value_when({self.expression}, {self.condition})"


@dataclasses.dataclass(frozen=True)
class BlockRatio(Statistic):
    """See `block_ratio`."""

    expression: Expression
    block: int

    @property
    def scale(self) -> Scale:
        return "log"

    def _read(self, record: Record) -> Value:
        readings = self.expression.readings(record)
        blocks = math.floor(record.reached / self.block)
        if blocks < 2:
            return self._unknown(f"{self} needs 2 complete blocks of {self.block} steps, got {blocks}")
        means, errors = np.empty(blocks), np.empty(blocks)
        for index in range(blocks):
            inside = _between(readings, index * self.block, (index + 1) * self.block)
            if len(inside) == 0 or not np.isfinite(inside.values).all():
                fault = inside.not_finite() or f"no reading in steps {index * self.block} to {(index + 1) * self.block}"
                return self._unknown(fault)
            means[index], errors[index] = inside.values.mean(), inside.errors.mean()
        if (means <= 0).any():
            return self._unknown("the mean of a block is not positive, so the ratio to it does not tell rise from fall")
        ratios, sizes = arithmetic("/", means[1:], errors[1:], means[:-1], errors[:-1])
        # |max a − max b| ≤ max |a − b|, so the largest ratio is no worse known than the worst known ratio.
        return self._known(ratios.max(), sizes.max())

    def __str__(self) -> str:
        return f"block_ratio({self.expression}, block={self.block})"


def first_step(condition: Condition) -> Statistic:
    """The first step at which the condition holds (an onset), in steps.

    It is read from a measuring grid, so the truth lies after the previous reading (after step 0, if there is none) and
    no later than the reading found: the value is the middle, the error half the gap, and the interval of several
    replicates is interval-censored. Where measurement errors leave the condition open, the bounds reach from before the
    first reading at which it may hold to the first at which it surely does. If it never holds there is no number.
    """
    return FirstStep(happening(condition, "first_step"))


def maximum_until(expression: Expression, condition: Condition) -> Statistic:
    """Largest reading up to and including the first step at which the condition holds; of all, if it never does."""
    return MaximumUntil(series(expression, "maximum_until"), happening(condition, "maximum_until"))


def value_when(expression: Expression, condition: Condition) -> Statistic:
    """The reading at the first step at which the condition holds, such as the sharpness when the loss reaches a level.

    Both have to be read at that step. There is no number if the condition never holds, or if measurement errors leave
    open where it first does.
    """
    return ValueWhen(series(expression, "value_when"), happening(condition, "value_when"))


def block_ratio(expression: Expression, block: int = 500) -> Statistic:
    """Largest ratio of the mean over one block of steps to the mean over the block before it.

    Block b holds the readings at steps b·block ≤ s < (b + 1)·block; blocks that training did not complete are left out.
    Below 1, the mean falls from each block to the next. Judged on the log scale.
    """
    if isinstance(block, bool) or not isinstance(block, int) or block < 1:
        raise BadInput(f"block is a number of steps, a whole number above 0, got {block!r}.")
    return BlockRatio(series(expression, "block_ratio"), block)


def _until(readings: Readings, possibly: np.ndarray) -> float | None:
    """The step until which a condition had surely not held, where it never surely does."""
    if readings.steps is None or len(readings) == 0 or np.isnan(readings.values).any():
        return None
    last = len(readings) - 1 if len(possibly) == 0 else int(possibly[0]) - 1
    return float(readings.steps[last]) if last >= 0 else None


def _between(readings: Readings, start: int, stop: int) -> Readings:
    if readings.steps is None:
        return readings
    return readings.where((readings.steps >= start) & (readings.steps < stop))
