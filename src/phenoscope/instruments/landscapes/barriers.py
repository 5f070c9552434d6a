"""How high is the loss on the way from one point to another?"""

import dataclasses
import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.landscapes.paths import Path, Statistics, along, line
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective

POINTS = 25
"""Of the first grid."""
TOLERANCE = 1e-3
"""Of the maximum, relative to how much the losses vary along the path."""
ROUNDS = 20
"""Halvings of the grid at most: then its step is below what single precision tells apart."""
MOST = 400
"""Points at most; a path that is rough at every scale would take all there are."""
SHARPER = 2.0
"""Curvature between three points may be larger than the one they show: by this factor it is allowed for."""


@dataclasses.dataclass(frozen=True, eq=False)
class Barrier(Reading):
    """How far the loss rises along a path, by two conventions, with its evidence.

    Attributes:
        value: the largest loss on the path minus the mean of the losses at its ends; at least half their difference.
        excess: the largest rise above the chord (1 - t) L(0) + t L(1); 0 where the path stays below it.
        location: t of the largest loss.
        excess_location: t of the largest excess.
        grid_error: by how much the maxima may lie above those of the grid, which is a lower bound of them: what the
            curvature seen between the points still allows for.
        places: t, (m,), denser where the maxima are.
        losses: (m,), those at the ends are those of the two points.
        errors: shares of wrong predictions, (m,), where they were asked for.
        length: of the path, in the space of parameters.
        statistics: what normalisation layers used along the path, in words.
        rounding: an estimate of the rounding error of the largest loss.
        outcome: not finite where a loss is not; undetermined where the points allowed did not do for the tolerance.
    """

    value: float
    excess: float
    location: float
    excess_location: float
    grid_error: float
    places: Float[Tensor, " m"]
    losses: Float[Tensor, " m"]
    errors: Float[Tensor, " m"] | None
    length: float
    statistics: str
    rounding: float
    outcome: Outcome

    @property
    def error_value(self) -> float:
        """The largest share of wrong predictions on the path minus the mean of its ends; nan if not asked for."""
        return math.nan if self.errors is None else _height(self.errors)

    @property
    def maximum(self) -> float:
        """The largest loss found."""
        return float(self.losses.max())

    @property
    def evidence(self) -> str:
        ends = f"ends {float(self.losses[0]):.4g} and {float(self.losses[-1]):.4g}"
        errors = "" if self.errors is None else f"; error {self.error_value:+.2%} above that of the ends"
        return (
            f"at t = {self.location:.3g}, {ends}; {self.excess:.4g} above the chord{errors}; grid error "
            f"{self.grid_error:.1e} of {len(self.places)} points; {self.statistics}; {self.outcome}"
        )


def barrier(
    objective: Objective,
    start: Tensor | nn.Module,
    end: Tensor | nn.Module,
    *,
    points: int = POINTS,
    tol: float = TOLERANCE,
    errors: bool = False,
    statistics: Statistics = "recomputed",
) -> Barrier:
    r"""Height of the loss on the straight line between two points, max_t L((1-t)θ₀ + tθ₁) - ½(L(θ₀) + L(θ₁)).

    Zero to rounding where two networks lie in one basin along the line (linear mode connectivity, Frankle et al. 2019,
    arXiv:1912.05671). The other convention, the largest rise above the chord between the ends, is `excess`; the two
    differ where the ends do. Units: those of the loss. It is a number of the parameters, not of the functions: a
    permuted copy of a network, which computes the same, usually lies beyond a barrier.

    The maximum on a grid is a lower bound of that on the line. So the grid is halved wherever the curvature seen allows
    for a larger one, and what is left is `grid_error`.

    Args:
        objective: the loss; its data are what is measured on, and its model is only asked for its shape.
        start: θ₀, (p,) as `objective.point`, or a model that is there.
        end: θ₁, likewise.
        points: of the first grid.
        tol: of the maxima, relative to how much the losses vary along the line.
        errors: whether to take the share of wrong predictions at the same places, too.
        statistics: "recomputed": normalisation layers with running statistics use those of each batch, at every point;
            "stored": as the objective has them, which are those of one point.

    Returns:
        `Barrier`: value, excess, their locations, grid_error, places, losses, errors, length, statistics, outcome.

    Raises:
        BadInput: points of another shape or not finite, fewer than 3 points, targets that are no classes for `errors`.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> objective = Objective(model, lambda y, target: (y**2 - target).square().mean(), (torch.ones(1, 1),) * 2)
        >>> found = barrier(objective, torch.tensor([-1.0]), torch.tensor([1.0]))  # of (w² - 1)²
        >>> round(found.value, 4), found.location
        (1.0, 0.5)
    """
    path = line(objective, start, end)
    return path_barrier(objective, path, points=points, tol=tol, errors=errors, statistics=statistics)


def path_barrier(
    objective: Objective,
    path: Path,
    *,
    points: int = POINTS,
    tol: float = TOLERANCE,
    errors: bool = False,
    statistics: Statistics = "recomputed",
) -> Barrier:
    """The same along any path: the rise above the mean of the ends' losses, and above the chord in t.

    Args:
        objective: the loss.
        path: a line, a chain or a curve.
        points: of the first grid, to which the corners of a chain are added.
        tol: of the maxima, relative to how much the losses vary along the path.
        errors: whether to take the share of wrong predictions, too.
        statistics: of normalisation layers, as `barrier` says.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> objective = Objective(model, nn.MSELoss(), (torch.ones(1, 1), torch.zeros(1, 1)))
        >>> path = Path(torch.tensor([[1.0], [2.0], [1.0]]), "bezier")
        >>> round(path_barrier(objective, path).maximum, 4)  # it comes half as near to the bend
        2.25
    """
    if points < 3:
        raise BadInput(f"a barrier needs at least 3 points along the path, got {points}.")
    if not tol > 0:
        raise BadInput(f"`tol` must be positive, got {tol}.")
    taken, said = along(objective, statistics)
    first = torch.cat([torch.linspace(0, 1, points, dtype=torch.float64), torch.tensor(path.corners).double()])
    epsilon = torch.finfo(path.controls.dtype).eps
    places, losses, missing = refined(lambda t: path.losses(taken, t), first.unique(), tol, epsilon)
    wrong = path.losses(taken.of_errors(), places) if errors else None
    above = losses - _chord(places, losses)
    finite = bool(torch.isfinite(losses).all())
    if not finite:
        outcome = Outcome.NOT_FINITE
    else:
        outcome = Outcome.CONVERGED if missing <= _allowed(losses, tol, epsilon) else Outcome.UNDETERMINED
    return Barrier(
        _height(losses) if finite else math.inf, float(above.max()) if finite else math.inf,
        _place(places, losses), _place(places, above), missing if finite else math.inf,
        places, losses, wrong, path.length, said, epsilon * float(losses.abs().max()), outcome,
    )  # fmt: skip


def refined(
    losses: Callable[[Tensor], Tensor], places: Float[Tensor, " m"], tol: float, epsilon: float
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"], float]:
    """A grid that is fine where the largest loss, or the largest rise above the chord, may be.

    Args:
        losses: at places.
        places: the first grid, ascending from 0 to 1.
        tol: of the maxima, relative to how much the losses vary.
        epsilon: relative rounding error of a loss.

    Returns:
        places, losses, and by how much the maxima may still be larger.
    """
    found = losses(places)
    for _ in range(ROUNDS):
        if not bool(torch.isfinite(found).all()):
            return places, found, math.inf
        missing = _missing(places, found)
        wanted = missing > _allowed(found, tol, epsilon)
        if not bool(wanted.any()) or len(places) >= MOST:
            break
        between = ((places[1:] + places[:-1]) / 2)[wanted]
        places, order = torch.cat([places, between]).sort()
        found = torch.cat([found, losses(between)])[order]
    return places, found, max(0.0, float(_missing(places, found).max()))


def _missing(places: Tensor, losses: Tensor) -> Float[Tensor, " intervals"]:
    """By how much the maximum over each interval may exceed the largest loss found, or rise.

    Between points h apart, a function of curvature K at most exceeds the larger of the two by no more than K h²/8.
    """
    steps, slopes = places.diff(), losses.diff() / places.diff()
    curved = torch.zeros_like(places)
    curved[1:-1] = (2 * slopes.diff() / (steps[1:] + steps[:-1])).abs()
    over = SHARPER * torch.maximum(curved[1:], curved[:-1]) * steps.square() / 8
    both = [losses, losses - _chord(places, losses)]
    return torch.stack([torch.maximum(f[1:], f[:-1]) + over - f.max() for f in both]).amax(dim=0)


def _allowed(losses: Tensor, tol: float, epsilon: float) -> float:
    """Differences of losses that mean nothing: below the tolerance, or within rounding."""
    return max(tol * float(losses.max() - losses.min()), 16 * epsilon * float(losses.abs().max()))


def _chord(places: Tensor, losses: Tensor) -> Tensor:
    return (1 - places) * losses[0] + places * losses[-1]


def _height(values: Tensor) -> float:
    return float(values.max() - (values[0] + values[-1]) / 2)


def _place(places: Tensor, values: Tensor) -> float:
    """Of the largest value, or of the first that is not finite."""
    return float(places[torch.nan_to_num(values, nan=math.inf, posinf=math.inf).argmax()])
