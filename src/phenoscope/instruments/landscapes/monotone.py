"""Does the loss fall all the way from one point to another?"""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.landscapes.paths import Statistics, along, line
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective


@dataclasses.dataclass(frozen=True, eq=False)
class Monotonicity(Reading):
    """How much of a line goes down, with its evidence.

    Attributes:
        value: the share of the line on which the loss falls, from the steps of the grid.
        climb: the largest rise from a place on the line to a later one; 0 where it only falls.
        plateau: the share of the line, from its start, on which the loss has fallen by less than a tenth of its whole
            fall; nan where the end is not lower.
        places: t, (m,).
        losses: (m,).
        noise: a rise of a step by less than this counts for none.
        statistics: what normalisation layers used along the line, in words.
        outcome: not finite where a loss is not.
    """

    value: float
    climb: float
    plateau: float
    places: Float[Tensor, " m"]
    losses: Float[Tensor, " m"]
    noise: float
    statistics: str
    outcome: Outcome

    @property
    def monotone(self) -> bool:
        """Whether the loss falls all the way, on this grid and but for rounding."""
        return self.climb <= self.noise

    @property
    def evidence(self) -> str:
        first, last = float(self.losses[0]), float(self.losses[-1])
        return (
            f"{first:.4g} to {last:.4g} over {len(self.places)} places; it climbs by {self.climb:.4g} at most; plateau "
            f"{self.plateau:.3g}; {self.statistics}; {self.outcome}"
        )


def monotonicity(
    objective: Objective,
    start: Tensor | nn.Module,
    end: Tensor | nn.Module,
    *,
    points: int = 51,
    statistics: Statistics = "recomputed",
) -> Monotonicity:
    """On how much of the straight line from one point to another the loss falls; from an initialisation to what it
    became it often falls all the way (Goodfellow et al. 2014, arXiv:1412.6544; Lucas et al. 2021, arXiv:2104.11044).

    Args:
        objective: the loss.
        start: θ₀, (p,), such as the initialisation, or a model that is there.
        end: θ₁, likewise, such as the end of training.
        points: of the grid, at equal distances.
        statistics: of normalisation layers, as for `barrier`.

    Returns:
        `Monotonicity`: value, climb, plateau, places, losses, noise, statistics, outcome.

    Raises:
        BadInput: fewer than 3 points of the grid, or points of another shape.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> objective = Objective(model, nn.MSELoss(), (torch.ones(1, 1), torch.zeros(1, 1)))
        >>> found = monotonicity(objective, torch.tensor([-3.0]), torch.tensor([1.0]), points=5)  # of w²
        >>> found.value, found.climb
        (0.75, 1.0)
    """
    if points < 3:
        raise BadInput(f"a line needs at least 3 points to be told to fall, got {points}.")
    path = line(objective, start, end)
    taken, said = along(objective, statistics)
    places = torch.linspace(0, 1, points, dtype=torch.float64)
    losses = path.losses(taken, places)
    finite = bool(torch.isfinite(losses).all())
    noise = 16 * torch.finfo(path.controls.dtype).eps * float(losses.abs().max())
    falling = (losses.diff() < -noise).double().mean()
    climb = (losses - losses.cummin(dim=0).values).max()
    whole = losses[0] - losses[-1]
    fallen = torch.nonzero(losses <= losses[0] - whole / 10)
    plateau = float(places[fallen[0, 0]]) if whole > noise else float("nan")
    outcome = Outcome.CONVERGED if finite else Outcome.NOT_FINITE
    return Monotonicity(float(falling), float(climb), plateau, places, losses, noise, said, outcome)
