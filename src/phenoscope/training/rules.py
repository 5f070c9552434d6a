"""Update rules as pairs of pure functions: `init(points)` and `update(gradient, points, memory, step)`.

A rule is a spec. The rows of a cohort may differ in any number of the rule: `stacked` makes one rule of many, its
numbers being columns (n, 1) that broadcast over points (n, p). Rules compose by wrapping: `WeightDecay(Adam(1e-3),
rate=1e-4)`, `Clipped(HeavyBall(0.1), norm=1.0)`; rates may be schedules. A rule that takes its gradient elsewhere has
`ascent`, too.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.theory import sam_threshold
from phenoscope.training.schedules import Rate
from phenoscope.training.updates import (
    Adam,
    GradientDescent,
    HeavyBall,
    Memory,
    Nesterov,
    Points,
    Rates,
    RMSProp,
    checked,
    in_dtype,
)


@spec
class WeightDecay:
    """The rule `of` on the loss plus ½ `decay` ‖θ‖²: coupled decay, added to the gradient."""

    of: "Rule"
    decay: float

    def __post_init__(self) -> None:
        checked(self)

    @property
    def lr(self) -> Rate:
        return self.of.lr

    def init(self, points: Points) -> Memory:
        return self.of.init(points)

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        return self.of.update(gradient + in_dtype(points, self.decay) * points, points, memory, step)

    def threshold(self, step: int, slope: float) -> float | None:
        inner = threshold(self.of, step, slope)
        return None if inner is None else inner - self.decay


@spec
class Clipped:
    """The rule `of` on gradients scaled down to Euclidean length `norm` where they are longer, row by row."""

    of: "Rule"
    norm: float

    def __post_init__(self) -> None:
        checked(self)

    @property
    def lr(self) -> Rate:
        return self.of.lr

    def init(self, points: Points) -> Memory:
        return self.of.init(points)

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        length = gradient.norm(dim=-1, keepdim=True)
        scale = (in_dtype(points, self.norm) / length.clamp_min(torch.finfo(gradient.dtype).tiny)).clamp_max(1.0)
        return self.of.update(gradient * scale, points, memory, step)


@spec
class Sam:
    """The rule `of` on gradients taken at θ + ρ ∇L/‖∇L‖, ρ the `radius`: sharpness-aware minimisation.

    It costs two gradients a step. Source: Foret et al. 2021, Sharpness-aware minimization for efficiently improving
    generalization, arXiv:2010.01412 (full batch, or the same batch for both gradients).
    """

    of: "Rule"
    radius: float

    def __post_init__(self) -> None:
        checked(self)

    @property
    def lr(self) -> Rate:
        return self.of.lr

    def init(self, points: Points) -> Memory:
        return self.of.init(points)

    def ascent(self, gradient: Points) -> Points:
        """How far from the point the gradient is to be taken."""
        length = gradient.norm(dim=-1, keepdim=True)
        return in_dtype(gradient, self.radius) * gradient / length.clamp_min(torch.finfo(gradient.dtype).tiny)

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        return self.of.update(gradient, points, memory, step)

    def threshold(self, step: int, slope: float) -> float | None:
        inner = threshold(self.of, step, slope)
        radius = math.inf if slope == 0 and self.radius > 0 else self.radius / (slope or 1.0)
        return None if inner is None else sam_threshold(inner, radius)


@spec
class UnnormalisedSam:
    """The rule `of` on gradients taken at θ + ρ ∇L, ρ the `radius`: sharpness-aware minimisation as theory studies it.

    Source: Andriushchenko and Flammarion 2022, Towards understanding sharpness-aware minimization, arXiv:2206.06232.
    """

    of: "Rule"
    radius: float

    def __post_init__(self) -> None:
        checked(self)

    @property
    def lr(self) -> Rate:
        return self.of.lr

    def init(self, points: Points) -> Memory:
        return self.of.init(points)

    def ascent(self, gradient: Points) -> Points:
        """How far from the point the gradient is to be taken."""
        return in_dtype(gradient, self.radius) * gradient

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        return self.of.update(gradient, points, memory, step)

    def threshold(self, step: int, slope: float) -> float | None:
        inner = threshold(self.of, step, slope)
        return None if inner is None else sam_threshold(inner, self.radius)


Rule = GradientDescent | HeavyBall | Nesterov | RMSProp | Adam | WeightDecay | Clipped | Sam | UnnormalisedSam
"""How a point is updated from its gradient; the last four wrap another rule."""


def ascent(rule: Rule, gradient: Points) -> Points | None:
    """How far from the point a rule takes the gradient of its step, given the gradient there; `None` for most."""
    if isinstance(rule, Sam | UnnormalisedSam):
        return rule.ascent(gradient)
    return ascent(rule.of, gradient) if isinstance(rule, WeightDecay | Clipped) else None


def threshold(rule: Rule, step: int, slope: float) -> float | None:
    """The largest Hessian eigenvalue that the rule bears at a step, where theory gives one without knowing its state.

    Clipping changes no small step, so it is left out; rules with a preconditioner have a threshold for the
    *effective* curvature only (`theory.adam_threshold`), so here they have none.

    Args:
        rule: any.
        step: for its schedule.
        slope: the length of the gradient, on which normalised rules depend.
    """
    if isinstance(rule, Clipped):
        return threshold(rule.of, step, slope)
    if isinstance(rule, RMSProp | Adam):
        return None
    if isinstance(rule, WeightDecay | Sam | UnnormalisedSam):
        return rule.threshold(step, slope)
    return rule.threshold(step)


def stacked(rules: Sequence[Rule], like: Tensor) -> Rule:
    """One rule for many rows: its numbers are columns (n, 1) in float64, its rates are looked up row by row.

    Args:
        rules: one a row, of the same classes.
        like: a tensor of the points' dtype and device.
    """
    first = rules[0]
    if any(type(rule) is not type(first) for rule in rules):
        raise BadInput(f"the rows of a cohort must share a rule, got {sorted({type(r).__name__ for r in rules})}.")
    made = object.__new__(type(first))
    for field in dataclasses.fields(first):
        values = [getattr(rule, field.name) for rule in rules]
        object.__setattr__(made, field.name, _column(field.name, values, like))
    return made


def _column(name: str, values: list[Any], like: Tensor) -> Any:
    if name == "of":
        return stacked(values, like)
    if name == "lr":
        return Rates(tuple(values), like)
    return torch.tensor(values, dtype=torch.float64, device=like.device)[:, None]
