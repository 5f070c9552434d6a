"""Plain update rules: `init(points)` and `update(gradient, points, memory, step)`, pure functions both.

They write over what they have made themselves: for many networks at once, fresh memory costs more than the arithmetic.
"""

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.theory import gradient_descent_threshold, heavy_ball_threshold, nesterov_threshold
from phenoscope.training.schedules import Rate, rate_at
from phenoscope.training.sight import Memory, Points


@spec
class GradientDescent:
    """θ' = θ - η ∇L."""

    entrywise = True

    lr: Rate

    def __post_init__(self) -> None:
        checked(self)

    def init(self, points: Points) -> Memory:
        return {}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        moved = rate_of(self.lr, step) * gradient
        return torch.sub(points, moved, out=moved), memory

    def threshold(self, step: int) -> float:
        return gradient_descent_threshold(rate_at(self.lr, step))


@spec
class HeavyBall:
    """m' = β m + ∇L, θ' = θ - η m' (Polyak 1964, in the form of deep-learning libraries)."""

    entrywise = True

    lr: Rate
    momentum: float = 0.9

    def __post_init__(self) -> None:
        checked(self)

    def init(self, points: Points) -> Memory:
        return {"momentum": torch.zeros_like(points)}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        momentum = (in_dtype(points, self.momentum) * memory["momentum"]).add_(gradient)
        moved = rate_of(self.lr, step) * momentum
        return torch.sub(points, moved, out=moved), {"momentum": momentum}

    def threshold(self, step: int) -> float:
        return heavy_ball_threshold(rate_at(self.lr, step), self.momentum)


@spec
class Nesterov:
    """m' = β m + ∇L, θ' = θ - η (∇L + β m') (Nesterov's momentum, in the form of deep-learning libraries)."""

    entrywise = True

    lr: Rate
    momentum: float = 0.9

    def __post_init__(self) -> None:
        checked(self)

    def init(self, points: Points) -> Memory:
        return {"momentum": torch.zeros_like(points)}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        kept = in_dtype(points, self.momentum)
        momentum = (kept * memory["momentum"]).add_(gradient)
        moved = (kept * momentum).add_(gradient).mul_(rate_of(self.lr, step))
        return torch.sub(points, moved, out=moved), {"momentum": momentum}

    def threshold(self, step: int) -> float:
        return nesterov_threshold(rate_at(self.lr, step), self.momentum)


@spec
class RMSProp:
    """v' = β₂ v + (1 - β₂) ∇L², θ' = θ - η ∇L / (sqrt(v') + ε).

    Attributes:
        lr: the learning rate η, or a schedule of it.
        beta2: β₂, of the running mean of the squared gradient.
        epsilon: ε.
    """

    entrywise = True

    lr: Rate
    beta2: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        checked(self)

    def init(self, points: Points) -> Memory:
        return {"square": torch.zeros_like(points)}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        square = _average(self.beta2, memory["square"], gradient.square())
        scale = _root(square.clone()).add_(in_dtype(points, self.epsilon))
        moved = (rate_of(self.lr, step) * gradient).div_(scale)
        return torch.sub(points, moved, out=moved), {"square": square}


@spec
class Adam:
    """Adam with bias correction (Kingma and Ba 2014); with `decoupled` > 0 it is AdamW (Loshchilov and Hutter 2017).

    Attributes:
        lr: the learning rate η, or a schedule of it.
        beta1, beta2: of the running means of the gradient and of its square.
        epsilon: added to the root of the second.
        decoupled: the coefficient w of decoupled decay: θ shrinks by the factor 1 - η w in each step.
    """

    entrywise = True

    lr: Rate
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decoupled: float = 0.0

    def __post_init__(self) -> None:
        checked(self)

    def init(self, points: Points) -> Memory:
        count = points.new_zeros(len(points), 1, dtype=torch.float64)
        return {"mean": torch.zeros_like(points), "square": torch.zeros_like(points), "count": count}

    def update(self, gradient: Points, points: Points, memory: Memory, step: int) -> tuple[Points, Memory]:
        # The corrections count the updates in the averages, not the steps: a fork goes on with both.
        count = memory["count"] + 1
        mean = _average(self.beta1, memory["mean"], gradient)
        square = _average(self.beta2, memory["square"], gradient.square())
        scale = _root(square / in_dtype(points, 1 - self.beta2**count)).add_(in_dtype(points, self.epsilon))
        rate = rate_of(self.lr, step)
        moved = (mean / in_dtype(points, 1 - self.beta1**count)).mul_(rate).div_(scale)
        shrunk = points if _none(self.decoupled) else points * (1 - rate * in_dtype(points, self.decoupled))
        return torch.sub(shrunk, moved, out=moved), {"mean": mean, "square": square, "count": count}


def AdamW(lr: Rate, decay: float = 0.01, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Adam:
    """Adam with decoupled weight decay of the coefficient `decay`; `lr`, `beta1`, `beta2`, `epsilon` as in `Adam`."""
    return Adam(lr, beta1, beta2, epsilon, decoupled=decay)


@dataclasses.dataclass(frozen=True)
class Rates:
    """The rates of many rows as a column (n, 1)."""

    rows: tuple[Rate, ...]
    like: Tensor

    def at(self, step: int) -> Tensor:
        return self.like.new_tensor([rate_at(rate, step) for rate in self.rows])[:, None]


def in_dtype(points: Tensor, number: float | Tensor) -> float | Tensor:
    """A number of the rule, or a column of them, ready to meet points of their dtype."""
    return number.to(points.dtype) if isinstance(number, Tensor) else number


def _average(keep: float | Tensor, old: Tensor, new: Tensor) -> Tensor:
    """The moving average; 1 - β is taken in float64, where β near 1 loses no digits."""
    return (in_dtype(old, keep) * old).add_(in_dtype(old, 1 - keep) * new)


def _root(squares: Tensor) -> Tensor:
    """The roots, in place; what is below the normal numbers counts as the least of them.

    The root of 0 takes seven times as long as that of another number, and most of a sparse network's are 0. Beside any
    ε in use the difference is nothing, to the last bit.
    """
    return squares.clamp_min_(torch.finfo(squares.dtype).tiny).sqrt_()


def _none(number: float | Tensor) -> bool:
    """Whether a number of the rule, or each of a column of them, is 0."""
    return not bool(number.any()) if isinstance(number, Tensor) else number == 0


def rate_of(rate: Any, step: int) -> Any:
    """The learning rate of a step, or a column of those of many rows."""
    return rate.at(step) if isinstance(rate, Rates) else rate_at(rate, step)


def checked(rule: Any) -> None:
    for field in dataclasses.fields(rule):
        value = getattr(rule, field.name)
        if not isinstance(value, int | float):
            continue
        fraction = field.name in ("momentum", "beta1", "beta2")
        fine = math.isfinite(value) and value >= 0 and (value < 1 if fraction else True)
        fine = fine and (value > 0 if field.name in ("lr", "norm") else True)
        if not fine:
            sign = "positive" if field.name in ("lr", "norm") else "at least 0"
            wanted = "at least 0 and below 1" if fraction else f"{sign} and finite"
            raise BadInput(f"`{field.name}` of {type(rule).__name__} must be {wanted}, got {value}.")
