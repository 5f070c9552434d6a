"""Learning rates that change with the step: specs with one method, `at(step)`; they nest."""

import math

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec


@spec
class Cosine:
    """From `peak` down to `final` along half a cosine wave over `steps` steps, then constant."""

    peak: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        _positive(peak=self.peak, steps=self.steps)

    def at(self, step: int) -> float:
        progress = min(step / self.steps, 1.0)
        return self.final + (self.peak - self.final) * (1 + math.cos(math.pi * progress)) / 2


@spec
class Warmup:
    """Linear from 1/steps of the rate that follows up to all of it, over `steps` steps; then as `then` says."""

    steps: int
    then: "float | Cosine | Drop"

    def __post_init__(self) -> None:
        _positive(steps=self.steps)

    def at(self, step: int) -> float:
        return min((step + 1) / self.steps, 1.0) * rate_at(self.then, step)


@spec
class Drop:
    """`before` until step `when`, from then on `after`, each a number or a schedule."""

    before: "float | Cosine | Warmup | Drop"
    when: int
    after: "float | Cosine | Warmup | Drop"

    def at(self, step: int) -> float:
        return rate_at(self.before if step < self.when else self.after, step)


Schedule = Cosine | Warmup | Drop
Rate = float | Schedule
"""A learning rate: one number, or a schedule of it."""


def rate_at(rate: Rate, step: int) -> float:
    """The learning rate of a step, from a number or a schedule."""
    return float(rate) if isinstance(rate, int | float) else rate.at(step)


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise BadInput(f"`{name}` of a schedule must be positive, got {value}.")
