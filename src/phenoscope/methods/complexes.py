"""Volumes of low loss: simplexes from each solution to trained points that they all share."""

import dataclasses

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments import Outcome, Reading, Simplex, log_volumes, simplex, uniform_shares
from phenoscope.instruments.landscapes.paths import Statistics, along, placed
from phenoscope.instruments.landscapes.simplexes import DRAWS
from phenoscope.methods.curves import RATE, gradients
from phenoscope.objective import Objective
from phenoscope.training import Adam, Cosine

SPREAD = 0.1
"""Of the connectors around the mean of the solutions at first, as a share of the distance between solutions: from a
volume of zero its logarithm knows no way."""


@dataclasses.dataclass(frozen=True)
class Complex(Reading):
    """Simplexes that share their connectors, one a solution, and the loss inside of them.

    Attributes:
        value: the mean loss over them all.
        standard_error: of that mean.
        solutions: (n, p).
        connectors: the trained points, (c, p); each simplex has a solution and all of these for its vertices.
        simplexes: what was read of each, on draws that training has not seen.
        log_volume: the natural logarithm of the sum of their volumes, in c dimensions.
        fatness: the mean of theirs; 0 where they are flat.
        rise: the largest loss drawn above the largest at a solution.
        pull: λ, by which the logarithm of the volume was weighed in training.
        steps: of training.
        outcome: not finite where a loss is not.
    """

    value: float
    standard_error: float
    solutions: Float[Tensor, "n p"]
    connectors: Float[Tensor, "c p"]
    simplexes: tuple[Simplex, ...]
    log_volume: float
    fatness: float
    rise: float
    pull: float
    steps: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        ends = torch.stack([each.vertices[0] for each in self.simplexes])
        return (
            f"± {self.standard_error:.1e}; {len(self.simplexes)} simplexes of {len(self.connectors)} dimensions, "
            f"fatness {self.fatness:.3g}; solutions {float(ends.min()):.4g} to {float(ends.max()):.4g}, the largest "
            f"draw {self.rise:+.4g} from there; {self.steps} steps; {self.outcome}"
        )


def connecting_complex(
    objective: Objective,
    solutions: Tensor | list[Tensor | nn.Module] | tuple[Tensor | nn.Module, ...],
    *,
    connectors: int = 3,
    pull: float = 1e-3,
    steps: int = 1000,
    rate: float = RATE,
    batch: int | None = None,
    draws: int = DRAWS,
    statistics: Statistics = "recomputed",
    generator: Generator | None = None,
) -> Complex:
    """A connected volume of low loss that has all solutions for vertices (Benton et al. 2021, arXiv:2102.13042).

    Trained points are shared by simplexes from every solution, so any two solutions are connected through the inside.
    At each step a uniform point of each simplex is drawn, and the connectors follow the gradient of the mean loss
    there, less λ log ΣV, which keeps the volumes from collapsing. (The paper adds one connector after the other; here
    all are trained together.) With one connector and two solutions it is a chain with one bend.

    Args:
        objective: the loss that is to be low.
        solutions: two at least, rows (n, p), points, or models that are there.
        connectors: trained points, so many dimensions.
        pull: λ, in units of the loss.
        steps: of training; with 0 the connectors stay around the mean of the solutions.
        rate: of Adam, in units of the root mean square difference of a coordinate between solutions.
        batch: examples drawn at each step; all unless given.
        draws: points of each simplex at which it is measured afterwards.
        statistics: of normalisation layers, as for `barrier`.
        generator: of starts, points and examples; seeded with 0 unless given.

    Returns:
        `Complex`: value, standard_error, connectors, simplexes, log_volume, fatness, rise, pull, steps, outcome.

    Raises:
        BadInput: fewer than 2 solutions or 1 connector, a negative pull or number of steps, equal solutions.

    Example:
        >>> ring = nn.Linear(2, 1, bias=False)  # the loss (‖w‖² - 1)² is low on a circle
        >>> def loss(outputs, _):
        ...     return (outputs.square().sum() - 1).square()
        >>> objective = Objective(ring, loss, (torch.eye(2), torch.zeros(2, 1)))
        >>> corner = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> found = connecting_complex(objective, corner, connectors=1, steps=200)
        >>> found.value < float(simplex(objective, corner).value)
        True
    """
    if len(solutions) < 2 or connectors < 1 or steps < 0 or pull < 0 or not rate > 0:
        raise BadInput(
            "a complex needs at least 2 solutions and 1 connector, a positive rate, and no fewer than 0 steps and "
            f"pull; got {len(solutions)}, {connectors}, {rate}, {steps} and {pull}."
        )
    generator = seeded(generator)
    given = torch.stack([placed(objective, each, "solutions") for each in solutions])
    distance = float((given[1:] - given[0]).double().square().mean().sqrt())
    if not distance:
        raise BadInput("the solutions are one point: between them there is nothing. Pass different ones.")
    drawn = torch.randn(connectors, given.shape[1], generator=generator, device=generator.device).to(given)
    joints = given.mean(dim=0) + SPREAD * distance * drawn
    taken, _ = along(objective, statistics)
    rule = Adam(Cosine(rate * distance, max(1, steps)))
    memory = rule.init(joints)
    for step in range(steps):
        part = taken if batch is None else taken.sampled(batch, generator=generator)[0]
        shares = uniform_shares(len(given), connectors + 1, generator).to(given)
        slope = joints_gradient(part, given, joints, shares) - pull * _volume_gradient(given, joints)
        joints, memory = rule.update(slope, joints, memory, step)
    parts = tuple(
        simplex(objective, torch.cat([each[None], joints]), draws=draws, statistics=statistics, generator=generator)
        for each in given
    )
    return _read(given, joints, parts, pull, steps)


def joints_gradient(
    objective: Objective, solutions: Float[Tensor, "n p"], joints: Float[Tensor, "c p"], shares: Float[Tensor, "n k"]
) -> Float[Tensor, "c p"]:
    """Of the mean loss at one point of each simplex, by the shares of the solution and of the connectors in it."""
    points = shares[:, :1] * solutions + shares[:, 1:] @ joints
    return shares[:, 1:].mT @ gradients(objective, points) / len(solutions)


def _volume_gradient(solutions: Tensor, joints: Tensor) -> Float[Tensor, "c p"]:
    """Of log ΣV."""
    with torch.enable_grad():
        at = joints.detach().double().requires_grad_()
        (slope,) = torch.autograd.grad(_log_total(solutions, at), at)
    return slope.to(joints)


def _log_total(solutions: Tensor, joints: Tensor) -> Float[Tensor, ""]:
    vertices = torch.cat([solutions.double()[:, None], joints.expand(len(solutions), -1, -1)], dim=1)
    return torch.logsumexp(log_volumes(vertices), dim=0)


def _read(solutions: Tensor, joints: Tensor, parts: tuple[Simplex, ...], pull: float, steps: int) -> Complex:
    losses = torch.cat([each.losses for each in parts])
    error = sum(each.standard_error**2 for each in parts) ** 0.5 / len(parts)
    finite = all(each.outcome is Outcome.CONVERGED for each in parts)
    return Complex(
        value=float(losses.mean()),
        standard_error=error,
        solutions=solutions,
        connectors=joints,
        simplexes=parts,
        log_volume=float(_log_total(solutions, joints.double())),
        fatness=sum(each.fatness for each in parts) / len(parts),
        rise=float(losses.max()) - max(float(each.vertices[0]) for each in parts),
        pull=pull,
        steps=steps,
        outcome=Outcome.CONVERGED if finite else Outcome.NOT_FINITE,
    )
