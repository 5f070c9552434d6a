"""How much room is there around the point where the loss stays low?"""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective

EFFECTIVE = 10.0
"""Directions that must share the estimate before its error can be believed."""
GROWTH, SMALLEST = 2.0, 1e-30
"""By how much a radius grows or shrinks until the end of its ray lies between two, and where shrinking stops."""
TOGETHER = 16
"""Rays followed at once."""


@dataclasses.dataclass(frozen=True)
class Volume(Reading):
    """The size of the set around a point where the loss stays low, as the logarithm of a radius, with its evidence.

    Attributes:
        value: log of the radius of the ball in p dimensions that has the volume of the set (its part that straight
            lines from the point reach); infinite where a direction never leaves it within the limit.
        standard_error: of the value; where fewer than 10 directions are effective at least the standard deviation of
            log r, and even that may be too small.
        log_volume: log of that volume, p · value + the log-volume of the unit ball.
        effective: (Σw)² / Σw² for the weights w = r^p of the directions: how many of them the estimate rests on.
        reached: directions that stayed inside up to the limit, whose radius was then counted as the limit.
        directions: drawn.
        median: log of the median radius, which needs no tail.
        passes: forward passes over the data.
        outcome: "not converged" where fewer than 10 directions are effective, or one reached the limit.
    """

    value: float
    standard_error: float
    log_volume: float
    effective: float
    reached: int
    directions: int
    median: float
    passes: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        limit = f", {self.reached} of them without an end within the limit" if self.reached else ""
        return (
            f"standard error {self.standard_error:.2g}; {self.outcome}: rests on {self.effective:.1f} of "
            f"{self.directions} directions{limit}; {self.passes} forward passes"
        )


def epsilon_volume(
    objective: Objective,
    epsilon: float = 0.1,
    *,
    directions: int = 100,
    limit: float | None = None,
    tol: float = 1e-3,
    generator: torch.Generator | None = None,
) -> Volume:
    r"""Volume of the set {L ≤ L(θ) + ε} around the point, by radial sampling, per dimension:

        (1/p) log E_u[r(u)^p],  r(u) = the first radius along the unit vector u at which L(θ + ru) > L(θ) + ε,

    the log of the radius of the ball of the same volume. On a quadratic with Hessian H at its minimum it is
    log √(2ε) - log det(H) / 2p. Units: the log of a length in parameter space.

    Its limits are as much a part of it. Straight lines reach only the star-shaped part of the set, so it bounds the
    volume of the connected set from below. In p dimensions the mean of r^p is that of its largest radii: `effective`
    says on how many directions it rests, and below 10 the outcome is "not converged" and the value too small, most
    likely, whatever its error; expect that for networks of more than a few dozen parameters. And the volume is truly
    infinite where weights can change without end and without effect, as those behind a dead ReLU unit: `reached`
    counts such directions. (Along the valleys of layer rescaling the connected set is endless too, but those bend, and
    straight lines leave them.)

    Args:
        objective: the loss, at the model's own point.
        epsilon: ε > 0, in units of the loss.
        directions: drawn at random, uniform on the sphere.
        limit: the largest radius looked at; `None` takes 1,000 times the length of the point, at least 1,000.
        tol: relative accuracy of each radius. A rise that is over between two radii tried (each twice the one before)
            is missed.
        generator: of the directions; seeded with 0 unless given.

    Returns:
        `Volume`: value, standard_error, log_volume, effective, reached, directions, median, passes, outcome.

    Raises:
        BadInput: an option out of range.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.zeros_(model.weight)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.eye(2), torch.zeros(2, 1)))
        >>> round(epsilon_volume(objective, 0.5).value, 3)
        0.0
    """
    at = objective.point
    limit = 1000 * max(1.0, at.double().norm().item()) if limit is None else limit
    if not epsilon > 0 or not 0 < limit < math.inf or directions < 2 or not 0 < tol < 1:
        raise BadInput(
            f"`epsilon` and a finite `limit` must be positive, `directions` at least 2 and `tol` between 0 and 1, got "
            f"{epsilon}, {limit}, {directions} and {tol}."
        )
    generator = seeded(generator)
    rays, radii = _Rays(objective, objective.loss().item() + epsilon, epsilon, limit, tol), []
    while len(radii) < directions:
        k = min(TOGETHER, directions - len(radii))
        drawn = torch.randn(k, len(at), generator=generator, device=generator.device, dtype=torch.float64)
        radii += rays.ends(torch.nn.functional.normalize(drawn, dim=1).to(at)).tolist()
    return _reading(torch.tensor(radii, dtype=torch.float64), len(at), limit, rays.passes + 1)


class _Rays:
    """Searches for the ends of some rays at once; the next ones begin at the radius where the last ones ended.

    Args:
        objective: the loss.
        level: that ends a ray.
        room: from the loss at the point up to the level.
        limit: the largest radius.
        tol: relative accuracy of a radius.
    """

    def __init__(self, objective: Objective, level: float, room: float, limit: float, tol: float) -> None:
        self._objective, self._level, self._room, self._limit, self._tol = objective, level, room, limit, tol
        self._guess, self.passes = limit / 1000, 0

    def ends(self, units: Float[Tensor, "k p"]) -> Float[Tensor, " k"]:
        """The first radii found where the loss is above the level; the limit where it never is."""
        state = torch.tensor([[0.0], [-self._room], [math.inf], [math.nan]], dtype=torch.float64).repeat(1, len(units))
        while True:
            low, _, high, _ = state
            open_ended = (torch.isinf(high) & (low < self._limit)) | ((low == 0) & (high > SMALLEST))
            if not bool(open_ended.any()):
                break
            radius = torch.where(torch.isinf(high), (GROWTH * low).clamp(max=self._limit), high / GROWTH)
            radius = torch.where(torch.isinf(high) & (low == 0), min(self._guess, self._limit), radius)
            state = self._tried(units, radius, state, open_ended)
        while True:
            low, _, high, _ = state
            wide = torch.isfinite(high) & (low > 0) & (high - low > self._tol * low)
            if not bool(wide.any()):
                break
            state = self._narrowed(units, state, wide)
        found = torch.where(torch.isinf(high), self._limit, (low + high) / 2)
        ended = found[found < self._limit]
        self._guess = ended.median().item() if len(ended) else self._guess
        return found

    def _narrowed(self, units: Tensor, state: Tensor, wide: Tensor) -> Tensor:
        """By a parabola through 0, as if the loss were quadratic, tried on both sides; halved where that stalls."""
        low, below, high, above = state
        share = torch.where(torch.isfinite(above), below / (below - above), 0.5)
        guess = (low.square() + share * (high.square() - low.square())).sqrt()
        for side in (1 - self._tol / 3, 1 + self._tol / 3):
            state = self._tried(units, guess * side, state, wide)
        stalled = wide & (state[2] - state[0] > (high - low) / 2)
        return self._tried(units, (state[0] + state[2]) / 2, state, stalled)

    def _tried(self, units: Tensor, radius: Tensor, state: Tensor, where: Tensor) -> Tensor:
        """With the losses at these radii: each moves the lower or the upper end of its bracket."""
        places = (where & (state[0] < radius) & (radius < state[2])).nonzero()[:, 0]
        if not len(places):
            return state
        self.passes += len(places)
        found = self._objective.losses(torch.diag(radius[places]).to(units), units[places]).cpu() - self._level
        state, inside = state.clone(), found <= 0  # nan and infinity count as outside
        for row, chosen in ((0, inside), (2, ~inside)):
            state[row, places[chosen]] = radius[places[chosen]]
            state[row + 1, places[chosen]] = found[chosen]
        return state


def _reading(radii: Float[Tensor, " n"], p: int, limit: float, passes: int) -> Volume:
    """log-mean-exp of p · log r, and the error of it by the delta method."""
    n, reached = len(radii), int((radii >= limit).sum())
    logs = p * radii.log()
    weights = (logs - logs.max()).exp()
    value = ((logs.logsumexp(0) - math.log(n)) / p).item()
    error = (weights.std() / weights.mean() / math.sqrt(n) / p).item()
    effective = (weights.sum().square() / weights.square().sum()).item()
    if effective < EFFECTIVE:  # the delta method knows nothing of radii that were not drawn
        error = max(error, radii.log().std().item())
    ball = p / 2 * math.log(math.pi) - math.lgamma(p / 2 + 1)
    outcome = Outcome.CONVERGED if effective >= EFFECTIVE and not reached else Outcome.NOT_CONVERGED
    return Volume(
        value=value,
        standard_error=error,
        log_volume=p * value + ball,
        effective=effective,
        reached=reached,
        directions=n,
        median=radii.median().log().item(),
        passes=passes,
        outcome=outcome,
    )
