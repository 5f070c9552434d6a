"""Does a step go down, by how much for its length, and does it swing from side to side?"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective


@dataclasses.dataclass(frozen=True)
class GradientNorm(Reading):
    """‖∇L‖₂ and the rounding it may carry.

    Attributes:
        value: in loss per parameter.
        rounding: an estimate of the rounding error, eps · sqrt(p) · ‖∇L‖ at the working precision.
    """

    value: float
    rounding: float

    @property
    def evidence(self) -> str:
        return f"rounding about {self.rounding:.0e}"


def gradient_norm(objective: Objective, point: Float[Tensor, " p"] | None = None) -> GradientNorm:
    """Euclidean norm of the gradient over all trainable parameters, summed in float64.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.eye(2), torch.zeros(2, 1)))
        >>> round(gradient_norm(objective).value, 6)
        1.414214
    """
    gradient = objective.gradient(point)
    value = gradient.double().norm().item()
    return GradientNorm(value, torch.finfo(gradient.dtype).eps * math.sqrt(len(gradient)) * value)


@dataclasses.dataclass(frozen=True)
class RelativeProgress(Reading):
    """(L(θ_{t+1}) - L(θ_t)) / (η ‖∇L(θ_t)‖²), and the rounding floor below which it says nothing.

    Attributes:
        value: -1 for an infinitesimal step, near 0 at the edge of stability, positive where the loss rose.
        floor: eps · |L| / (η ‖∇L‖²), what rounding of the two losses can contribute.
    """

    value: float
    floor: float

    @property
    def evidence(self) -> str:
        return f"rounding floor {self.floor:.0e}"


def relative_progress(
    before: float, after: float, rate: float, gradient_norm: float, *, eps: float = torch.finfo(torch.float32).eps
) -> RelativeProgress:
    """Change of the loss in one step, relative to what the gradient promises.

    Used by Ahn, Zhang, Sra 2022, Understanding the unstable convergence of gradient descent, arXiv:2204.01050.
    On a quadratic with Hessian H it is exactly -1 + η gᵀHg / (2 ‖g‖²): the loss falls iff the curvature along
    the gradient is below 2/η. Dimensionless.

    Args:
        before: L(θ_t).
        after: L(θ_{t+1}).
        rate: η > 0.
        gradient_norm: ‖∇L(θ_t)‖; where it is 0 the value is nan.
        eps: relative rounding error of the losses.

    Example:
        >>> relative_progress(before=2.0, after=1.5, rate=0.5, gradient_norm=1.0).value
        -1.0
    """
    if not rate > 0:
        raise BadInput(f"the rate must be positive, got {rate}.")
    promised = rate * gradient_norm**2
    if promised == 0:
        return RelativeProgress(math.nan, math.inf)
    return RelativeProgress((after - before) / promised, eps * max(abs(before), abs(after)) / promised)


@dataclasses.dataclass(frozen=True)
class Alternation(Reading):
    """The share of consecutive readings that differ in sign, of `count` pairs.

    Attributes:
        share: from 0 (never) to 1 (every time, as beyond the stability threshold of a quadratic).
        count: pairs compared; pairs with a zero or nan are left out.
    """

    share: float
    count: int

    @property
    def value(self) -> float:
        return self.share

    @property
    def evidence(self) -> str:
        return f"{self.count} pairs"


def alternation(components: Sequence[float] | np.ndarray | Tensor) -> Alternation:
    """How often a signed component, such as the gradient along the top eigenvector, changes sign from step to step.

    Args:
        components: readings at consecutive steps, (m,).

    Example:
        >>> alternation([1.0, -1.0, 2.0, 3.0]).share
        0.6666666666666666
    """
    signs = np.sign(np.asarray(components, dtype=np.float64))
    products = signs[1:] * signs[:-1]
    usable = products[np.isfinite(products) & (products != 0)]
    return Alternation(float((usable < 0).mean()) if len(usable) else math.nan, len(usable))
