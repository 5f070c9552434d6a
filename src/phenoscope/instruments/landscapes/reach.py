"""How far can one go in a direction before the loss has risen, and how far does the Hessian say?"""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective, Operator

RISE = 0.1
"""By how much the loss may rise, unless told otherwise."""
GRID = torch.logspace(-2, 2, 97, dtype=torch.float64)
"""Of the first search, in units of what the quadratic model says: steps of 10 %."""
FINER, ROUNDS = 16, 4
"""The bracket is cut into so many parts, so many times."""


@dataclasses.dataclass(frozen=True)
class Reach(Reading):
    """The distance in a direction at which the loss has risen by so much, with its evidence.

    Attributes:
        value: the distance; infinite where the loss has not risen as far as was looked.
        residual: half the width of the bracket around the first crossing found. A rise and fall between two places of
            the first search, a tenth of the distance apart, would be missed.
        quadratic: the distance at which the model g r + ½ κ r² has risen so; infinite where it never does.
        slope: g, of the loss in the direction.
        curvature: κ, dᵀ∇²L d for the direction of length 1.
        rise: asked for.
        outcome: undefined where the loss did not rise, or the direction is zero.
    """

    value: float
    residual: float
    quadratic: float
    slope: float
    curvature: float
    rise: float
    outcome: Outcome

    @property
    def share(self) -> float:
        """The distance over that of the quadratic model: below 1 the loss rises sooner than its Hessian says."""
        return self.value / self.quadratic

    @property
    def evidence(self) -> str:
        return (
            f"rise of {self.rise:g}; quadratic model {self.quadratic:.4g} (slope {self.slope:.3g}, curvature "
            f"{self.curvature:.3g}); residual {self.residual:.1e}; {self.outcome}"
        )


def reach(
    objective: Objective, direction: Float[Tensor, " p"], rise: float = RISE, *, hessian: Operator | None = None
) -> Reach:
    """How far from the point the loss has first risen by `rise` in a direction, beside what its second order says.

    Units: those of the parameters.

    Args:
        objective: the loss, at the model's own point.
        direction: (p,), of any length.
        rise: of the loss.
        hessian: at that point, where it is there already.

    Raises:
        BadInput: a rise that is not positive, or a direction of another shape.

    Example:
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> _ = torch.nn.init.zeros_(model.weight)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.ones(1, 1), torch.zeros(1, 1)))
        >>> found = reach(objective, torch.ones(1), 0.25)
        >>> round(found.value, 3), round(found.quadratic, 3)
        (0.5, 0.5)
    """
    here = objective.point
    if not rise > 0 or direction.shape != here.shape:
        raise BadInput(
            f"a reach needs a positive rise and a direction of shape ({len(here)},), got {rise} and "
            f"{tuple(direction.shape)}."
        )
    length = float(direction.double().norm())
    if not length:
        return Reach(math.nan, math.nan, math.nan, math.nan, math.nan, rise, Outcome.UNDEFINED)
    unit = (direction.double() / length).to(here)
    matrix = given_or_made(hessian, objective)
    curvature = float(torch.dot(unit.double(), (matrix @ unit).double()))
    slope = float(torch.dot(unit.double(), objective.gradient().double()))
    model = _quadratic(slope, curvature, rise)
    scale = model if math.isfinite(model) else float(here.double().norm()) or 1.0
    low, high = _bracket(objective, unit, rise, scale)
    outcome = Outcome.CONVERGED if math.isfinite(high) else Outcome.UNDEFINED
    middle = (low + high) / 2
    return Reach(middle, high - middle if middle < math.inf else math.inf, model, slope, curvature, rise, outcome)


def _bracket(objective: Objective, unit: Tensor, rise: float, scale: float) -> tuple[float, float]:
    """Two distances between which the loss first exceeds its value here by the rise."""
    places, level = torch.cat([torch.zeros(1, dtype=torch.float64), scale * GRID]), None
    low, high = 0.0, math.inf
    for _ in range(ROUNDS):
        losses = objective.losses(places[:, None], unit[None])
        level = float(losses[0]) + rise if level is None else level
        above = torch.nonzero(~(losses <= level))  # where it is not finite it has risen, too
        if not len(above):
            return math.inf, math.inf
        first = max(1, int(above[0, 0]))
        low, high = float(places[first - 1]), float(places[first])
        places = torch.linspace(low, high, FINER + 1, dtype=torch.float64)
    return low, high


def _quadratic(slope: float, curvature: float, rise: float) -> float:
    """The first r > 0 with g r + ½ κ r² = rise."""
    root = slope**2 + 2 * curvature * rise
    if root < 0:
        return math.inf
    if slope > 0:  # the form that loses no digits where κ is small
        return 2 * rise / (slope + math.sqrt(root))
    return (math.sqrt(root) - slope) / curvature if curvature > 0 else math.inf
