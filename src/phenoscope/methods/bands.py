"""Elastic bands: the pass between two solutions, along a chain of pivots that is pulled down sideways only."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments import Barrier, Outcome, Path, Reading, path_barrier
from phenoscope.instruments.landscapes.paths import Statistics, along, placed
from phenoscope.instruments.landscapes.stretched import loss_at
from phenoscope.methods.curves import RATE, SETTLED, TOGETHER
from phenoscope.objective import Objective
from phenoscope.training import Adam, Cosine

INSIDE = 7
"""Places inside each piece of the chain where its loss is looked at between the cycles."""
EXCESS = 0.1
"""A pivot is inserted where a piece rises above the line between its pivots by so much of how far the chain does."""


@dataclasses.dataclass(frozen=True)
class Band(Reading):
    """A chain of pivots between two points, relaxed sideways, and what the loss does along it.

    Attributes:
        value: the height of the loss along the chain: of the pass above the mean of the ends.
        path: the chain.
        barrier: along it, between the pivots as well, on a grid that was refined.
        line: the barrier on the straight line between the same ends.
        maxima: the largest loss seen along the chain before the first cycle and after each.
        inserted: how many pivots were inserted after each cycle.
        steps: of each cycle.
        outcome: not converged where the last cycle still lowered the largest loss, by 2 % of all that it fell or more.
    """

    value: float
    path: Path
    barrier: Barrier
    line: Barrier
    maxima: tuple[float, ...]
    inserted: tuple[int, ...]
    steps: int
    outcome: Outcome

    @property
    def pivots(self) -> Float[Tensor, "n p"]:
        """Between the ends."""
        return self.path.bends

    @property
    def removed(self) -> float:
        """The share of the line's barrier that is gone."""
        return 1 - self.value / self.line.value

    @property
    def evidence(self) -> str:
        return (
            f"{self.removed:.1%} below the line's {self.line.value:.4g}; {len(self.pivots)} pivots, "
            f"{sum(self.inserted)} of them inserted; {len(self.inserted)} cycles of {self.steps} steps; "
            f"{self.outcome}; {self.barrier.evidence}"
        )


def elastic_band(
    objective: Objective,
    start: Tensor | nn.Module,
    end: Tensor | nn.Module,
    *,
    pivots: int = 5,
    cycles: int = 4,
    steps: int = 250,
    most: int = 30,
    rate: float = RATE,
    batch: int | None = None,
    errors: bool = False,
    statistics: Statistics = "recomputed",
    generator: Generator | None = None,
) -> Band:
    """A chain between two points whose pivots move down the loss, but not along the chain: its highest point is a pass.

    The nudged elastic band with automatic insertion of pivots (Draxler et al. 2018, arXiv:1803.00885). Each pivot
    follows the gradient without its part along the chain, which would let it slide into a minimum; the distances
    between them, as shares of the length, are kept in place of springs. After each cycle pivots are inserted where the
    chain rises between two of them. Adam takes the steps, at a rate that falls to 0 over each cycle; what it makes of
    the forces is rid of its part along the chain, too.

    Args:
        objective: the loss.
        start: (p,), or a model that is there.
        end: likewise.
        pivots: between the ends, at first.
        cycles: of relaxation, each followed by an insertion but the last.
        steps: of each cycle.
        most: pivots at most.
        rate: of Adam, in units of the root mean square difference of a coordinate between the ends.
        batch: examples drawn at each step; all unless given.
        errors: whether to take the share of wrong predictions along the chain, too.
        statistics: of normalisation layers, as for `barrier`.
        generator: of the examples; seeded with 0 unless given.

    Returns:
        `Band`: value, path, barrier, line, maxima, inserted, steps, outcome.

    Raises:
        BadInput: numbers below 1, fewer pivots at most than at first, points of another shape.

    Example:
        >>> model = nn.Linear(2, 1, bias=False)
        >>> def loss(outputs, _):  # two minima, and a pass of height 1 at (0, 1)
        ...     x, y = outputs[:, 0]
        ...     return (x**2 - 1) ** 2 + (y - 1 + x**2) ** 2
        >>> objective = Objective(model, loss, (torch.eye(2), torch.zeros(2, 1)))
        >>> found = elastic_band(objective, torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 0.0]), steps=100)
        >>> round(found.line.value, 2), round(found.value, 2)
        (2.0, 1.0)
    """
    if min(pivots, cycles, steps, most - pivots + 1) < 1 or not rate > 0:
        raise BadInput(
            f"an elastic band needs at least 1 pivot, cycle and step, no fewer pivots at most than at first and a "
            f"positive rate; got {pivots}, {cycles}, {steps}, {most} and {rate}."
        )
    generator = seeded(generator)
    ends = torch.stack([placed(objective, start, "start"), placed(objective, end, "end")])
    taken, _ = along(objective, statistics)
    chain = Path(ends).points(torch.linspace(0, 1, pivots + 2, dtype=torch.float64))
    step_size = rate * float(ends[0].sub(ends[1]).double().square().mean().sqrt())
    tops, inserted = [_seen(taken, chain)[1]], []

    def drawn() -> Objective:
        return taken if batch is None else taken.sampled(batch, generator=generator)[0]

    for cycle in range(cycles):
        if step_size:
            chain = _relaxed(drawn, chain, Adam(Cosine(step_size, steps)), steps)
        losses, top = _seen(taken, chain)
        tops.append(top)
        room = most - (len(chain) - 2) if cycle + 1 < cycles else 0
        chain, count = _with_pivots(chain, losses, room)
        inserted.append(count)
    measured: dict[str, Any] = {"errors": errors, "statistics": statistics}
    path = Path(chain)
    after, line = path_barrier(objective, path, **measured), path_barrier(objective, Path(ends), **measured)
    late = tops[-2] - tops[-1]
    outcome = Outcome.CONVERGED if late <= SETTLED * max(tops[0] - tops[-1], 0.0) else Outcome.NOT_CONVERGED
    if after.outcome is Outcome.NOT_FINITE:
        outcome = Outcome.NOT_FINITE
    return Band(after.value, path, after, line, tuple(tops), tuple(inserted), steps, outcome)


def tangents(chain: Float[Tensor, "n p"], losses: Float[Tensor, " n"]) -> Float[Tensor, "m p"]:
    """Of unit length, at each pivot between the ends: towards its neighbour of the larger loss, along the chain."""
    pieces = chain.diff(dim=0)
    upward = (losses[2:] > losses[:-2])[:, None]
    return nn.functional.normalize(torch.where(upward, pieces[1:], pieces[:-1]), dim=1)


def sideways(vectors: Float[Tensor, "m p"], along: Float[Tensor, "m p"]) -> Float[Tensor, "m p"]:
    """Each vector without its part along a unit vector."""
    return vectors - (vectors * along).sum(dim=1, keepdim=True) * along


def spaced(chain: Float[Tensor, "n p"], shares: Float[Tensor, " pieces"]) -> Float[Tensor, "n p"]:
    """Points on the chain that cut its length into these shares; the ends stay."""
    lengths = torch.cat([torch.zeros(1, dtype=torch.float64), chain.double().diff(dim=0).norm(dim=1).cpu().cumsum(0)])
    wanted = shares.cumsum(0)[:-1] * lengths[-1]
    after = torch.searchsorted(lengths, wanted).clamp(1, len(chain) - 1)
    part = (wanted - lengths[after - 1]) / (lengths[after] - lengths[after - 1]).clamp_min(1e-300)
    inner = torch.lerp(chain[after - 1], chain[after], part.to(chain)[:, None])
    return torch.cat([chain[:1], inner, chain[-1:]])


def _relaxed(drawn: Callable[[], Objective], chain: Tensor, rule: Adam, steps: int) -> Float[Tensor, "n p"]:
    """The chain after a cycle of steps sideways, each on the examples drawn for it."""
    lengths = chain.double().diff(dim=0).norm(dim=1).cpu()
    memory, ends = rule.init(chain[1:-1]), [loss_at(drawn(), end) for end in chain[[0, -1]]]
    for step in range(steps):
        losses, slopes = _around(drawn(), chain[1:-1])
        on_chain = tangents(chain, torch.cat([losses.new_tensor(ends[:1]), losses, losses.new_tensor(ends[1:])]))
        moved, memory = rule.update(sideways(slopes, on_chain), chain[1:-1], memory, step)
        inner = chain[1:-1] + sideways(moved - chain[1:-1], on_chain)
        chain = spaced(torch.cat([chain[:1], inner, chain[-1:]]), lengths / lengths.sum())
    return chain


def _around(objective: Objective, points: Float[Tensor, "n p"]) -> tuple[Float[Tensor, " n"], Float[Tensor, "n p"]]:
    """Losses and gradients, together where that is faster."""
    if len(points) > 1 and points.shape[1] * sum(objective.partition) <= TOGETHER:
        found = objective.at(points)
        return found.loss, found.gradient
    each = [objective.at(row) for row in points]
    return torch.cat([one.loss for one in each]), torch.cat([one.gradient for one in each])


def _seen(objective: Objective, chain: Float[Tensor, "n p"]) -> tuple[Float[Tensor, "pieces places"], float]:
    """The losses at equal distances along each piece, both its pivots included; and the largest."""
    pieces, own = len(chain) - 1, INSIDE + 2
    t = torch.arange(pieces * (own - 1) + 1, dtype=torch.float64) / (pieces * (own - 1))
    losses = Path(chain).losses(objective, t)
    return losses.unfold(0, own, own - 1), float(losses.max())


def _with_pivots(chain: Tensor, losses: Float[Tensor, "pieces places"], room: int) -> tuple[Tensor, int]:
    """The chain with a pivot more in each piece that rises between its own, the highest first while there is room."""
    part = torch.linspace(0, 1, losses.shape[1], dtype=torch.float64)
    above, where = (losses - (losses[:, :1] * (1 - part) + losses[:, -1:] * part)).max(dim=1)
    chosen = above > EXCESS * (losses.max() - min(losses[0, 0], losses[-1, -1]))
    order = sorted(torch.nonzero(chosen)[:, 0].tolist(), key=lambda piece: -float(above[piece]))[:room]
    rows = [chain[0]]
    for piece, (first, second) in enumerate(itertools.pairwise(chain)):
        if piece in order:
            rows.append(torch.lerp(first, second, float(part[where[piece]])))
        rows.append(second)
    return torch.stack(rows), len(order)
