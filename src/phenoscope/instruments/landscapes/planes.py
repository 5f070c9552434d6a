"""The loss over the plane through given points: three solutions, or the way that training went."""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.landscapes.paths import Statistics, along, placed
from phenoscope.objective import Objective


@dataclasses.dataclass(frozen=True, eq=False)
class PointsPlane:
    """The loss over a plane through points, and how much of them lies in it.

    Attributes:
        axes: (2, p), orthonormal, so that distances in the picture are those in the space of parameters.
        origin: (p,), at coordinates (0, 0).
        coordinates: of the grid along each axis, (m,) twice.
        losses: (m, m), entry [i, j] at coordinate i of the first axis and j of the second; not finite where the loss
            is not.
        points: the coordinates of the points, (n, 2).
        kept: the share of the points' variance around the origin that the plane keeps; 1 where all lie in it.
        away: the distance of each point from the plane, (n,).
        distortion: of layers that keep statistics: the largest difference between the picture with those of one point
            everywhere and that with those of each point, relative to how much the latter varies; `None` without such
            layers.
        statistics: what these layers used here, in words.
    """

    axes: Float[Tensor, "2 p"]
    origin: Float[Tensor, " p"]
    coordinates: tuple[Float[Tensor, " m"], Float[Tensor, " m"]]
    losses: Float[Tensor, "m m"]
    points: Float[Tensor, "n 2"]
    kept: float
    away: Float[Tensor, " n"]
    distortion: float | None
    statistics: str

    def __str__(self) -> str:
        seen = self.losses[torch.isfinite(self.losses)]
        told = "" if self.distortion is None else f"; statistics of one point would distort it by {self.distortion:.2g}"
        return (
            f"{len(self.points)} points, {self.kept:.1%} of their variance in the plane; loss {seen.min():.6g} to "
            f"{seen.max():.6g} at {self.losses.numel()} places; {self.statistics}{told}"
        )


def plane_through(
    objective: Objective,
    points: Tensor | list[Tensor | nn.Module] | tuple[Tensor | nn.Module, ...],
    *,
    grid: int = 31,
    margin: float = 0.2,
    statistics: Statistics = "recomputed",
) -> PointsPlane:
    """The loss over the plane through three points, or over the principal plane of more, such as those of a training.

    Through three points (Garipov et al. 2018, arXiv:1802.10026) the origin is the first, the first axis leads to the
    second. Of more, the origin is the last (the end of training, usually) and the axes are the principal ones of the
    others around it (Li et al. 2017, arXiv:1712.09913): what the plane leaves out is said in `kept`. A smooth walk
    seems low-dimensional in such a picture whatever it did: a random one has most of its variance in it, too.

    Args:
        objective: the loss.
        points: three at least, rows (n, p), points, or models that are there.
        grid: places along each axis.
        margin: how far the picture goes beyond the points, as a share of their extent.
        statistics: of normalisation layers, as for `barrier`.

    Returns:
        `PointsPlane`: axes, origin, coordinates, losses, points, kept, away, distortion, statistics.

    Raises:
        BadInput: fewer than 3 points or places, a negative margin, or points that lie on one line.

    Example:
        >>> model = nn.Linear(2, 1, bias=False)
        >>> objective = Objective(model, nn.MSELoss(reduction="sum"), (torch.eye(2), torch.zeros(2, 1)))
        >>> found = plane_through(objective, torch.tensor([[0.0, 0.0], [2.0, 0.0], [1.0, 1.0]]), grid=3, margin=0.0)
        >>> [[round(x, 6) for x in row] for row in found.losses.tolist()]
        [[0.0, 0.25, 1.0], [1.0, 1.25, 2.0], [4.0, 4.25, 5.0]]
    """
    if len(points) < 3 or grid < 2 or margin < 0:
        raise BadInput(
            f"a plane needs at least 3 points, 2 places along each axis and no negative margin; got {len(points)}, "
            f"{grid} and {margin}."
        )
    given = torch.stack([placed(objective, each, "points") for each in points])
    origin = given[0] if len(given) == 3 else given[-1]
    offsets = given.double() - origin.double()
    axes = _through(offsets) if len(given) == 3 else _principal(offsets)
    inside = offsets @ axes.mT
    low, high = inside.amin(dim=0), inside.amax(dim=0)
    room = margin * (high - low)
    rows = tuple(
        torch.linspace(float(a), float(b), grid, dtype=torch.float64)
        for a, b in zip(low - room, high + room, strict=True)
    )
    taken, said = along(objective, statistics)
    places = torch.cartesian_prod(*rows)
    losses = taken.losses(places, axes.to(origin), origin).reshape(grid, grid)
    distortion = None
    if objective.normalises and taken is not objective:
        distortion = _difference(losses, objective.losses(places, axes.to(origin), origin).reshape(grid, grid))
    away = (offsets - inside @ axes).norm(dim=1)
    kept = 1 - float(away.square().sum() / offsets.square().sum())
    return PointsPlane(axes.to(origin), origin, (rows[0], rows[1]), losses, inside, kept, away, distortion, said)


def _through(offsets: Float[Tensor, "3 p"]) -> Float[Tensor, "2 p"]:
    """Orthonormal, from the first point to the second, and from that line to the third."""
    first, second = offsets[1], offsets[2]
    if not bool(first.any()):
        raise BadInput("two of the three points are one, so no plane goes through them. Pass three different ones.")
    across = first / first.norm()
    rest = second - (second @ across) * across
    if not float(rest.norm()) > 1e-6 * float(second.norm()):
        raise BadInput("the three points lie on one line, so many planes go through them. `ps.barrier` looks along it.")
    return torch.stack([across, rest / rest.norm()])


def _principal(offsets: Float[Tensor, "n p"]) -> Float[Tensor, "2 p"]:
    """The two directions of largest variance around the origin; the first points' side is the positive one."""
    _, sizes, directions = torch.linalg.svd(offsets, full_matrices=False)
    if not float(sizes[1]) > 1e-6 * float(sizes[0]):
        raise BadInput("the points lie on one line, so many planes go through them. `ps.barrier` looks along it.")
    signs = torch.where(offsets[0] @ directions[:2].mT < 0, -1.0, 1.0).to(directions)
    return signs[:, None] * directions[:2]


def _difference(here: Tensor, there: Tensor) -> float:
    """The largest difference of two pictures, relative to how much the first varies."""
    both = torch.isfinite(here) & torch.isfinite(there)
    if not bool(both.any()):
        return float("inf")
    spread = float(here[both].max() - here[both].min())
    return float((here - there)[both].abs().max()) / spread if spread else float("inf")
