"""How large is a simplex between points of the space of parameters, and what is the loss inside of it?"""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.landscapes.paths import Statistics, along, placed
from phenoscope.instruments.landscapes.stretched import loss_at
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective

DRAWS = 400
"""Random points at which the loss of a simplex is taken, unless told otherwise."""


@dataclasses.dataclass(frozen=True, eq=False)
class Simplex(Reading):
    """The loss inside a simplex, with its evidence.

    Attributes:
        value: the mean loss over the simplex, from uniform draws of its points.
        standard_error: of that mean.
        rise: the largest loss drawn above the largest at a vertex; a lower bound of the rise inside.
        losses: (draws,).
        shares: of the vertices in each point drawn, (draws, k).
        vertices: the losses at the vertices, (k,).
        log_volume: the natural logarithm of the volume, in as many dimensions as there are vertices less one.
        fatness: the volume over that of the regular simplex of the same mean squared edge, to the power of one over the
            dimensions: 1 where all edges are equal, 0 where the simplex is flat.
        edge: the root mean squared length of its edges.
        statistics: what normalisation layers used, in words.
        outcome: not finite where a loss is not.
    """

    value: float
    standard_error: float
    rise: float
    losses: Float[Tensor, " draws"]
    shares: Float[Tensor, "draws k"]
    vertices: Float[Tensor, " k"]
    log_volume: float
    fatness: float
    edge: float
    statistics: str
    outcome: Outcome

    @property
    def evidence(self) -> str:
        low, high = float(self.vertices.min()), float(self.vertices.max())
        return (
            f"± {self.standard_error:.1e} of {len(self.losses)} uniform draws; vertices {low:.4g} to {high:.4g}, the "
            f"largest draw {self.rise:+.4g} from there; edges {self.edge:.4g}, fatness {self.fatness:.3g}; "
            f"{self.statistics}; {self.outcome}"
        )


def simplex(
    objective: Objective,
    vertices: Tensor | list[Tensor | nn.Module] | tuple[Tensor | nn.Module, ...],
    *,
    draws: int = DRAWS,
    statistics: Statistics = "recomputed",
    generator: Generator | None = None,
) -> Simplex:
    """The loss at random points of the simplex between some points, and its volume.

    Low everywhere inside, it is a volume of solutions and not only a curve of them (Benton et al. 2021,
    arXiv:2102.13042). Points are drawn uniformly: their shares of the vertices have the flat Dirichlet distribution.
    A volume means something only beside others of the same dimension; `fatness` can be compared between them.

    Args:
        objective: the loss; its model is only asked for its shape.
        vertices: two at least, rows of a matrix (k, p), points, or models that are there.
        draws: of points inside.
        statistics: of normalisation layers, as for `barrier`.
        generator: of the draws; seeded with 0 unless given.

    Returns:
        `Simplex`: value, standard_error, rise, losses, shares, vertices, log_volume, fatness, edge, outcome.

    Raises:
        BadInput: fewer than 2 vertices or draws, or points of another shape.

    Example:
        >>> model = nn.Linear(2, 1, bias=False)
        >>> objective = Objective(model, nn.MSELoss(reduction="sum"), (torch.eye(2), torch.zeros(2, 1)))
        >>> found = simplex(objective, torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        >>> round(math.exp(found.log_volume), 3), round(found.fatness, 3)
        (0.5, 0.931)
    """
    if len(vertices) < 2 or draws < 2:
        raise BadInput(f"a simplex needs at least 2 vertices and 2 draws, got {len(vertices)} and {draws}.")
    points = torch.stack([placed(objective, each, "vertices") for each in vertices])
    taken, said = along(objective, statistics)
    shares = uniform_shares(draws, len(points), generator)
    axes = points[1:] - points[0]
    losses = taken.losses(shares[:, 1:], axes, points[0]).double()
    corners = torch.tensor([loss_at(taken, point) for point in points], dtype=torch.float64, device=losses.device)
    finite = bool(torch.isfinite(torch.cat([losses, corners])).all())
    volume = log_volume(points)
    edge, dimension = float(torch.pdist(points.double()).square().mean().sqrt()), len(points) - 1
    fatness = math.exp((volume - _log_regular(edge, dimension)) / dimension) if edge else 0.0
    outcome = Outcome.CONVERGED if finite else Outcome.NOT_FINITE
    return Simplex(
        float(losses.mean()), float(losses.std() / math.sqrt(draws)), float(losses.max() - corners.max()),
        losses, shares, corners, volume, fatness, edge, said, outcome,
    )  # fmt: skip


def uniform_shares(draws: int, vertices: int, generator: Generator | None = None) -> Float[Tensor, "draws vertices"]:
    """Shares of the vertices in uniform points of a simplex: exponential draws over their sum (flat Dirichlet).

    Args:
        draws: how many points.
        vertices: how many there are.
        generator: seeded with 0 unless given.
    """
    generator = seeded(generator)
    drawn = torch.empty(draws, vertices, dtype=torch.float64, device=generator.device)
    return nn.functional.normalize(drawn.exponential_(generator=generator).cpu(), p=1.0, dim=1)


def log_volume(vertices: Float[Tensor, "k p"]) -> float:
    """Log V of a simplex: V = √(det of the Gram matrix of k - 1 edges from one vertex) / (k - 1)!.

    The same as the determinant of Cayley and Menger, which needs the squared distances alone; -infinity where flat.
    """
    return float(log_volumes(vertices.double()[None])[0])


def log_volumes(vertices: Float[Tensor, "n k p"]) -> Float[Tensor, " n"]:
    """The same of several simplexes, differentiable in their vertices."""
    edges = vertices[:, 1:] - vertices[:, :1]
    return torch.linalg.slogdet(edges @ edges.mT)[1] / 2 - math.lgamma(vertices.shape[1])


def _log_regular(edge: float, dimension: int) -> float:
    """Log V of the simplex with all edges of one length: aᵈ √((d + 1) / 2ᵈ) / d!."""
    size = dimension * math.log(edge) + (math.log(dimension + 1) - dimension * math.log(2)) / 2
    return size - math.lgamma(dimension + 1)
