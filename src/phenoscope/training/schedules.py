"""Learning rates that change with the step, or that are known only where training starts: specs that nest."""

import dataclasses
import math
from typing import TypeVar

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
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
    then: "float | Cosine | Drop | PerSharpness"

    def __post_init__(self) -> None:
        _positive(steps=self.steps)

    def at(self, step: int) -> float:
        return min((step + 1) / self.steps, 1.0) * rate_at(self.then, step)


@spec
class Drop:
    """`before` until step `when`, from then on `after`, each a number or a schedule."""

    before: "float | Cosine | Warmup | Drop | PerSharpness"
    when: int
    after: "float | Cosine | Warmup | Drop | PerSharpness"

    def at(self, step: int) -> float:
        return rate_at(self.before if step < self.when else self.after, step)


@spec
class PerSharpness:
    """`times` / λ₀, λ₀ the largest curvature where this very training starts: gradient descent is stable there below 2.

    The trainer finds λ₀ and puts the number in its place: `State.recipes` have it, and the probe `LearningRate` records
    it. Networks of one width differ in λ₀, and their fates near a threshold with it.

    Attributes:
        times: η λ₀.
        curvature: "hessian"; or "gauss_newton", with squared error that of the model's Taylor expansion, whose largest
            eigenvalue is that of the tangent kernel over the number of examples.
    """

    times: float
    curvature: str = "hessian"

    def __post_init__(self) -> None:
        _positive(times=self.times)
        one_of("curvature", self.curvature, ("hessian", "gauss_newton"))

    def at(self, step: int) -> float:
        raise BadInput(f"the rate {self} is known only where training starts. Ask the state of a training for it.")


Schedule = Cosine | Warmup | Drop | PerSharpness
Rate = float | Schedule
"""A learning rate: one number, a schedule of it, or one in units of the curvature at the start."""

T = TypeVar("T")


def rate_at(rate: Rate, step: int) -> float:
    """The learning rate of a step, from a number or a schedule."""
    return float(rate) if isinstance(rate, int | float) else rate.at(step)


def per_sharpness(value: object) -> set[str]:
    """The curvatures at the start that a rate, a rule or a schedule depends on."""
    if isinstance(value, PerSharpness):
        return {value.curvature}
    parts = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    return set().union(*(per_sharpness(getattr(value, part.name)) for part in parts))


def resolved(value: T, curvature: dict[str, float]) -> T | float:
    """The same with every rate per sharpness turned into a number.

    Args:
        value: a rate, a rule or a schedule.
        curvature: λ₀ of each kind that it depends on.

    Raises:
        BadInput: a curvature that is not positive, of which no rate can be made.
    """
    if isinstance(value, PerSharpness):
        largest = curvature[value.curvature]
        if not (largest > 0 and math.isfinite(largest)):
            raise BadInput(
                f"the largest curvature at the start is {largest:.4g}, so no rate can be {value.times:g} over it."
            )
        return value.times / largest
    if not dataclasses.is_dataclass(value) or not per_sharpness(value):
        return value
    parts = {part.name: resolved(getattr(value, part.name), curvature) for part in dataclasses.fields(value)}
    return dataclasses.replace(value, **parts)  # type: ignore[type-var]


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise BadInput(f"`{name}` of a schedule must be positive, got {value}.")
