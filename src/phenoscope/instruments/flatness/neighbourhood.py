"""How much worse can the loss get close by?"""

import dataclasses
import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.landscapes.stretched import Scale, in_stretched, loss_at, stretch
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.spectrum import Eigenpair, sharpness
from phenoscope.objective import Objective, Operator

RADIUS = 0.05
Region = Literal["ball", "box"]


@dataclasses.dataclass(frozen=True, eq=False)
class WorstCase(Reading):
    """The largest rise of the loss found in a region, with its evidence: a lower bound of the largest there is.

    Attributes:
        value: in units of the loss.
        residual: what the slope at the point found still promises from the best point of the region; 0 where the point
            is stationary. It bounds what is missing where the loss is concave on the region, and nowhere else.
        one_step: the rise after the single step to the edge along the gradient (see `sam_gap`).
        predicted: by the second order, which the exact rise of a quadratic never exceeds in a ball: ρ‖g‖ + ρ²λ/2 with
            the largest eigenvalue λ, of 0 at least; in a box, that of the corner that the gradient points to.
        radius: ρ.
        vector: (p,), the perturbation of the weights that was found.
        passes: evaluations of loss and gradient.
        outcome: whether the best ascent ended at a stationary point.
    """

    value: float
    residual: float
    one_step: float
    predicted: float
    radius: float
    vector: Float[Tensor, " p"]
    passes: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return (
            f"a lower bound, found by ascent within {self.radius:g}; its slope promises {self.residual:.1e} more; "
            f"second order predicts {self.predicted:.4g}; {self.outcome}, {self.passes} gradients"
        )


def worst_case_sharpness(
    objective: Objective,
    radius: float = RADIUS,
    *,
    scale: Scale = None,
    region: Region = "ball",
    steps: int = 30,
    starts: int = 2,
    tol: float = 1e-3,
    hessian: Operator | None = None,
    top: Eigenpair | None = None,
    generator: torch.Generator | None = None,
) -> WorstCase:
    r"""Largest rise of the loss in a neighbourhood, max_{‖δ‖ ≤ ρ} L(θ + δ) - L(θ), by projected ascent.

    What sharpness-aware minimisation lowers (Foret et al. 2021, arXiv:2010.01412); over a box instead of a ball, the
    sharpness of Keskar et al. (2017, arXiv:1609.04836), whose box is `scale=objective.point.abs() + 1` and who divide
    by 1 + L(θ). With `scale="magnitude"` the constraint is on δ/|θ|: adaptive sharpness (Kwon et al. 2021,
    arXiv:2102.11600; Andriushchenko et al. 2023, arXiv:2302.07011), which layer rescaling leaves as it is; a weight
    of 0 then stays 0. Units: those of the loss.

    Ascent finds a local maximum, so the value is a **lower bound** of the true one, which no tolerance turns into more.
    The second-order prediction stands beside it: if the value is far below, the loss is not quadratic out to ρ, or the
    ascent ended early.

    Args:
        objective: the loss, at the model's own point.
        radius: ρ, the length of δ (for a box, of its largest entry), in the stretched coordinates.
        scale: of the coordinates: `None`, `"magnitude"`, or (p,).
        region: `"ball"` or `"box"`.
        steps: at most, for each start.
        starts: the first goes to the edge along the gradient, the others to random points of it; the best one counts.
        tol: a start has converged once the residual is at most tol times the rise.
        hessian: the loss's Hessian at that point, where it is there already.
        top: its largest eigenpair, where that is there and `scale` is `None`.
        generator: of the random starts and the eigenvalue's; seeded with 0 unless given.

    Returns:
        `WorstCase`: value, residual, one_step, predicted, radius, vector, passes, outcome.

    Raises:
        BadInput: a radius, scale, region, or number of steps or starts out of range.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.zeros_(model.weight)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.diag(torch.tensor([1.0, 2.0])), torch.zeros(2, 1)))
        >>> round(worst_case_sharpness(objective, 0.5).value, 4)
        0.5
    """
    _check(radius, region, steps, starts)
    at, generator = objective.point, seeded(generator)
    factors = stretch(scale, at)
    climb = _Climb(objective, at, factors, radius, region)
    matrix = given_or_made(hessian, objective)
    found = [climb.ascend(_start(climb, k, generator), steps, tol) for k in range(starts)]
    best = max(found, key=lambda each: each.rise if math.isfinite(each.rise) else -math.inf)
    predicted = climb.predicted(matrix, top if scale is None else None, scale, generator)
    rise = best.rise
    if not math.isfinite(rise):
        outcome = Outcome.NOT_FINITE
    else:
        outcome = Outcome.CONVERGED if best.gap <= tol * abs(rise) else Outcome.NOT_CONVERGED
    away = factors * best.at
    return WorstCase(rise, best.gap, found[0].first, predicted, radius, away, climb.passes, outcome)


@dataclasses.dataclass(frozen=True)
class SamGap(Reading):
    """The rise of the loss after the one step that sharpness-aware minimisation takes, with its evidence.

    Attributes:
        value: in units of the loss.
        rounding: an estimate of the rounding error of the difference.
        slope: ρ‖g‖, the rise that the gradient alone promises.
        radius: ρ.
    """

    value: float
    rounding: float
    slope: float
    radius: float

    @property
    def evidence(self) -> str:
        return f"rounding about {self.rounding:.0e}; the slope alone gives {self.slope:.4g} over {self.radius:g}"


def sam_gap(objective: Objective, radius: float = RADIUS, *, scale: Scale = None) -> SamGap:
    r"""Rise of the loss after one step of length ρ along the gradient, L(θ + ρ g/‖g‖) - L(θ).

    The inner step of sharpness-aware minimisation (Foret et al. 2021, arXiv:2010.01412), about ρ‖g‖ + ρ²ĝᵀHĝ/2 and at
    most the worst case in the ball of that radius; with `scale="magnitude"` that of its adaptive form, θ + ρ θ²∘g /
    ‖θ∘g‖ (Kwon et al. 2021, arXiv:2102.11600). Where the gradient is 0 there is no step, and the gap is 0. Units: those
    of the loss.

    Args:
        objective: the loss, at the model's own point.
        radius: ρ.
        scale: of the coordinates: `None`, `"magnitude"`, or (p,).

    Returns:
        `SamGap`: value, rounding, slope, radius.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.ones_(model.weight)
        >>> round(sam_gap(Objective(model, torch.nn.MSELoss(), (torch.ones(2, 1), torch.zeros(2, 1))), 0.5).value, 6)
        1.25
    """
    _check(radius, "ball", 1, 1)
    at, factors = objective.point, stretch(scale, objective.point)
    here, slope = objective.loss().item(), factors * objective.gradient()
    length = slope.double().norm().item()
    there = loss_at(objective, at + factors * slope * (radius / length)) if length > 0 else here
    rounding = torch.finfo(at.dtype).eps * (abs(here) + abs(there))
    return SamGap(there - here, rounding, radius * length, radius)


@dataclasses.dataclass(frozen=True, eq=False)
class _Ascent:
    """Where an ascent ended: the rise, what the slope still promises, the point in stretched coordinates, the rise at
    the start.
    """

    rise: float
    gap: float
    at: Tensor
    first: float


class _Climb:
    """Projected ascent of the loss over a region around a point, in stretched coordinates."""

    def __init__(self, objective: Objective, at: Tensor, factors: Tensor, radius: float, region: Region) -> None:
        self._objective, self._at, self._factors, self._radius, self._region = objective, at, factors, radius, region
        self.passes = 0
        self._here, self.slope = 0.0, torch.zeros_like(at)
        self._here, self.slope = self._evaluate(torch.zeros_like(at))

    def edge(self, direction: Tensor) -> Tensor:
        """The point of the region furthest along a direction."""
        if self._region == "box":
            return self._radius * direction.sign()
        towards = _enlarged(direction)
        return towards * (self._radius / max(towards.norm().item(), 1.0))

    def ascend(self, start: Tensor, steps: int, tol: float) -> _Ascent:
        """Gradient steps, each projected back; longer after each that rose, shorter after one that did not.

        As the step grows the point becomes the edge along its own gradient, which for a convex loss never falls.
        """
        point, (rise, slope) = start, self._evaluate(start)
        first, stretch_by = rise, 1.0
        for _ in range(steps - 1):
            gap = self._gap(point, slope)
            if not math.isfinite(rise) or gap <= tol * abs(rise) or stretch_by < 1e-9:
                break
            towards = _enlarged(slope)
            longest = 1.0 if self._region == "box" else max(towards.norm().item(), 1.0)
            further = self._inside(point + towards * (stretch_by * self._radius / longest))
            other, steep = self._evaluate(further)
            if other > rise:
                point, rise, slope, stretch_by = further, other, steep, min(4 * stretch_by, 1e6)
            else:
                stretch_by /= 8
        return _Ascent(rise, self._gap(point, slope), point, first)

    def predicted(self, matrix: Operator, top: Eigenpair | None, scale: Scale, generator: torch.Generator) -> float:
        """By the second order: of the best point in a ball at most, of the corner along the gradient in a box."""
        if self._region == "box":
            corner = self._factors * self.edge(self.slope)
            first = torch.dot(self.slope.double(), self.edge(self.slope).double()).item()
            return first + torch.dot(corner.double(), (matrix @ corner).double()).item() / 2
        inside = in_stretched(matrix, scale, self._factors)
        if inside is None:
            return 0.0
        found = sharpness(inside, 1e-2, risk=None, generator=generator) if top is None else top
        length = self.slope.double().norm().item()
        return self._radius * length + self._radius**2 * max(found.value.item(), 0.0) / 2

    def _inside(self, point: Tensor) -> Tensor:
        if self._region == "box":
            return point.clamp(-self._radius, self._radius)
        return point * min(1.0, self._radius / max(point.norm().item(), torch.finfo(point.dtype).tiny))

    def _gap(self, point: Tensor, slope: Tensor) -> float:
        best = slope.double().abs().sum() if self._region == "box" else slope.double().norm()
        return max(0.0, (self._radius * best - torch.dot(slope.double(), point.double())).item())

    def _evaluate(self, point: Tensor) -> tuple[float, Tensor]:
        self.passes += 1
        around = self._objective.at(self._at + self._factors * point)
        gradient = self._factors * around.gradient[0]
        return around.loss[0].item() - self._here, gradient


def _enlarged(direction: Tensor) -> Tensor:
    """With a largest entry of 1, so that its square is no less than the smallest number; zeros stay as they are."""
    largest = direction.abs().amax()
    return direction / torch.where(largest > 0, largest, 1.0)


def _start(climb: _Climb, k: int, generator: torch.Generator) -> Tensor:
    """The edge along the gradient first, then random points of the edge on its upper side."""
    like = climb.slope
    if k == 0 and bool((like != 0).any()):
        return climb.edge(like)
    drawn = torch.randn(len(like), generator=generator, device=generator.device, dtype=torch.float64).to(like)
    return climb.edge(drawn if torch.dot(drawn, like) >= 0 else -drawn)


def _check(radius: float, region: str, steps: int, starts: int) -> None:
    if not (radius > 0 and math.isfinite(radius)):
        raise BadInput(f"`radius` must be positive and finite, got {radius}.")
    if region not in ("ball", "box"):
        raise BadInput(f"`region` must be 'ball' or 'box', got {region!r}.")
    if steps < 1 or starts < 1:
        raise BadInput(f"`steps` and `starts` must be at least 1, got {steps} and {starts}.")
