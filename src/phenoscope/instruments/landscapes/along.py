"""How curved is the loss in the direction in which training steps, and how far may it step?"""

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.landscapes.stretched import loss_at
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective, Operator
from phenoscope.objective.operators import Curvature

FURTHEST = 60
"""Doublings of the step before the search for a rise is given up."""


@dataclasses.dataclass(frozen=True)
class DirectionalSharpness(Reading):
    """dᵀHd / ‖d‖², with its evidence.

    Attributes:
        value: in loss per squared parameter.
        rounding: an estimate of its rounding error, eps · sqrt(p) · ‖Hd‖/‖d‖.
        outcome: undefined where the direction is zero.
    """

    value: float
    rounding: float
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return f"rounding about {self.rounding:.0e}; {self.outcome}, 1 product"


def directional_sharpness(
    objective: Objective | Operator, direction: Float[Tensor, " p"] | None = None
) -> DirectionalSharpness:
    r"""Curvature of the loss along a direction d, dᵀ∇²L(θ)d / ‖d‖², from one product.

    Along the gradient (unless told otherwise) it decides what a step of gradient descent does on the local quadratic
    model: the loss falls iff it is below 2/η. No larger than the sharpness. Units: loss per squared parameter.

    Args:
        objective: the loss (taken at the model's own point), or an operator, such as its Hessian if that is there.
        direction: (p,), of any length, for example the update of an optimizer; the gradient unless given.

    Returns:
        `DirectionalSharpness`: value, rounding, outcome.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> inputs = torch.diag(torch.tensor([1.0, 2.0]))
        >>> objective = Objective(model, torch.nn.MSELoss(), (inputs, torch.ones(2, 1)))
        >>> directional_sharpness(objective, torch.tensor([0.0, 3.0])).value
        4.0
    """
    matrix = objective if isinstance(objective, Operator) else objective.hessian()
    along = _direction(matrix, direction)
    length = along.double().norm()
    if length == 0:
        return DirectionalSharpness(math.nan, math.nan, Outcome.UNDEFINED)
    unit = (along.double() / length).to(matrix.dtype)
    product = (matrix @ unit).double()
    value = torch.dot(unit.double(), product).item()
    if not math.isfinite(value):
        return DirectionalSharpness(math.nan, math.nan, Outcome.NOT_FINITE)
    rounding = torch.finfo(matrix.dtype).eps * math.sqrt(matrix.size) * product.norm().item()
    return DirectionalSharpness(value, rounding, Outcome.CONVERGED)


@dataclasses.dataclass(frozen=True)
class CriticalSharpness(Reading):
    """Twice the inverse of the step at which the loss stops falling, with its evidence.

    Attributes:
        value: 2/η_c, the inverse of a step's unit; where no step tried raised the loss, it is at most this.
        residual: the step found lies in a bracket, and rounding of losses moves its ends: what both make of the value.
        step: η_c, the middle of the bracket.
        exact: dᵀHd / (-gᵀd), what the value would be were the loss quadratic, from one product; nan if not asked for.
        passes: forward passes over the data, the one at the point itself included.
        outcome: how the search ended.
    """

    value: float
    residual: float
    step: float
    exact: float
    passes: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        beside = "" if math.isnan(self.exact) else f"; {self.exact:.4g} by curvature alone"
        return f"residual {self.residual:.1e}{beside}; {self.outcome}, {self.passes} forward passes"


def critical_sharpness(
    objective: Objective,
    direction: Float[Tensor, " p"] | None = None,
    tol: float = 1e-2,
    *,
    hessian: Operator | None = None,
    exact: bool = True,
    start: float | None = None,
    max_passes: int = 100,
) -> CriticalSharpness:
    r"""The critical sharpness 2/η_c: η_c is the smallest step η > 0 found with L(θ + ηd) > L(θ).

    Kalra et al. (2026, A scalable measure of loss landscape curvature, arXiv:2601.16979): from a few forward passes
    only, so it can be had where products cannot. With d = -∇L it equals the directional sharpness where the loss is
    quadratic along the step, and otherwise says what a step of the size that matters meets. With d the update of an
    optimizer, 2/value is the factor by which its step could be multiplied. A rise that is over before the next step
    tried (steps double) can be missed.

    Args:
        objective: the loss, at the model's own point.
        direction: (p,), in which to step; minus the gradient unless given.
        tol: stop once the bracket around η_c is at most tol · η_c wide.
        hessian: the loss's Hessian at that point, where it is there already.
        exact: whether to compute the curvature along the step too, by one product; the search then starts where that
            says, and takes three passes if it is right.
        start: the first step to try; `None` takes the curvature's, or without it the step on which the slope promises
            to end at a loss of 0.
        max_passes: give up after so many, at least 2: one at the point and one of a step.

    Returns:
        `CriticalSharpness`: value, residual, step, exact, passes, outcome.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.full((4, 1), 3.0), torch.ones(4, 1)))
        >>> reading = critical_sharpness(objective)
        >>> abs(reading.value - 18) < reading.residual + 0.2
        True
    """
    if not tol > 0 or (start is not None and not start > 0):
        raise BadInput(f"`tol` and `start` must be positive, got {tol} and {start}.")
    if max_passes < 2:
        raise BadInput(f"`max_passes` must be at least 2, one of them at the point itself, got {max_passes}.")
    matrix = given_or_made(hessian, objective) if exact or hessian is not None else None
    gradient = matrix.gradient[0] if isinstance(matrix, Curvature) else objective.gradient()
    along = -gradient if direction is None else _fitting(direction, len(gradient)).to(gradient)
    slope = torch.dot(gradient.double(), along.double()).item()
    if not slope < 0:
        return CriticalSharpness(math.nan, math.nan, math.nan, math.nan, 0, Outcome.UNDEFINED)
    curved = math.nan
    if exact and matrix is not None:
        curved = directional_sharpness(matrix, along).value * along.double().square().sum().item() / -slope
    here, at = objective.loss().item(), objective.point
    blind = abs(here) / -slope if here else 1 / along.double().norm().item()
    first = start or (2 / curved if curved > 0 else blind)
    search = _Search(lambda step: (loss_at(objective, at + step * along) - here) / step, slope, tol, max_passes - 1)
    search.bracket(first)
    # A difference of losses is known to one rounding of each, and grows by `-slope` times the step around the crossing.
    rounding = 2 * torch.finfo(at.dtype).eps * abs(here) / (-slope * search.step)
    return search.reading(curved, rounding)


class _Search:
    """For the smallest step at which the loss rises, by its mean slope q(η) = (L(θ + ηd) - L(θ)) / η, q(0) < 0.

    On a quadratic q is a straight line, so its zero is guessed from two values and tried on both sides.
    """

    def __init__(self, mean_slope: Callable[[float], float], slope: float, tol: float, passes: int) -> None:
        self._of, self._tol, self._left, self._used = mean_slope, tol, passes, 0
        self.low, self.high = (0.0, slope), (math.inf, math.nan)

    @property
    def step(self) -> float:
        return (self.low[0] + self.high[0]) / 2 if math.isfinite(self.high[0]) else self.low[0]

    @property
    def narrow(self) -> bool:
        return self.high[0] - self.low[0] <= self._tol * self.step

    def bracket(self, first: float) -> None:
        """Narrow the bracket around the crossing, from a first guess of it."""
        guess, doublings = first, 0
        while not self.narrow and self._used < self._left and doublings < FURTHEST:
            width = self.high[0] - self.low[0]
            self._try(guess * (1 - self._tol / 3))
            if not doublings and not self.narrow and self._used < self._left:
                self._try(guess * (1 + self._tol / 3))
            if math.isinf(self.high[0]):
                guess, doublings = 2 * guess, doublings + 1
                continue
            doublings = 0
            guess = self._zero()
            if self.high[0] - self.low[0] > width / 2:
                guess = self.step

    def _try(self, step: float) -> None:
        if not self.low[0] < step < self.high[0]:
            return
        self._used += 1
        found = self._of(step)
        if found <= 0:
            self.low = (step, found)
        else:  # nan and infinity count as risen
            self.high = (step, found)

    def _zero(self) -> float:
        (low, below), (high, above) = self.low, self.high
        share = below / (below - above) if math.isfinite(above) else 0.5
        return low + max(share, self._tol / 10) * (high - low)

    def reading(self, exact: float, rounding: float) -> CriticalSharpness:
        step, passes = self.step, self._used + 1
        value = 2 / step if step > 0 else math.inf
        if math.isinf(self.high[0]):
            return CriticalSharpness(value, value, step, exact, passes, Outcome.NOT_CONVERGED)
        off = (self.high[0] - self.low[0]) / 2 / step + rounding
        outcome = Outcome.CONVERGED if self.narrow else Outcome.NOT_CONVERGED
        outcome = Outcome.PRECISION_FLOOR if rounding > self._tol else outcome
        return CriticalSharpness(value, off * value, step, exact, passes, outcome)


def _direction(matrix: Operator, direction: Tensor | None) -> Tensor:
    if direction is not None:
        return _fitting(direction, matrix.size).to(matrix.device, matrix.dtype)
    if not isinstance(matrix, Curvature) or matrix.rows != 1:
        raise BadInput("an operator that is no loss's curvature at one point has no gradient. Pass a `direction`.")
    return matrix.gradient[0]


def _fitting(direction: Tensor, size: int) -> Tensor:
    if direction.shape != (size,) or not bool(torch.isfinite(direction).all()):
        raise BadInput(f"the direction must be finite and of shape ({size},), got shape {tuple(direction.shape)}.")
    return direction.detach()
