"""The valley at the edge: how far training is from its floor, how sharp it is there, and what is foretold of both."""

import dataclasses
from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.core.trees import storable
from phenoscope.instruments import Tracker, Tracking
from phenoscope.probes.probe import Moment, Reading, Rows
from phenoscope.theory import self_stabilisation
from phenoscope.theory.stabilising import GONE

RATIO, AWAY, CROSSINGS = "floor sharpness / threshold", "displacement from floor", "crossings of the edge"
DRIFT, RESTORING, FREE = "sharpening rate", "restoring coefficient", "displacement without cubic term"
TOLERANCE = 1e-6
"""Of the eigenvectors from which is foretold."""


@spec
class ValleyFloor:
    """The sharpness below the swing: at θ - u (uᵀ∇L)/λ, the minimum along the top eigenvector to second order.

    There the sharpness does not go up and down with each step of the swing. `floor sharpness / threshold` is of what
    the rule bears, beside its residual; `displacement from floor` is |uᵀ∇L|/λ; `crossings of the edge` counts how often
    the first has risen to 1. Two gradients and the products that tracking at two points takes, at every step; where the
    rule has no threshold nothing is read.

    Attributes:
        tol: the residual to reach, relative to the value.
        guards: columns tracked beside the first.
        challenge_every: readings from one random start that looks for larger eigenvalues to the next.
    """

    tol: float = 1e-4
    guards: int = 1
    challenge_every: int = 20

    def __post_init__(self) -> None:
        self._tracker()  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return {RATIO: "1", AWAY: "parameter", CROSSINGS: "1"}

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return True

    def update(self, moment: Moment, memory: "Watched | None") -> Reading:
        limit = moment.thresholds
        if limit is None:
            return [], None
        generator, track = stream(moment.seed, "valley floor", moment.step), self._tracker().measure
        last = (None, None) if memory is None else (memory.swinging, memory.resting)
        found, swinging = track(moment.around.hessian().multiply, moment.points, last[0], generator)
        away, floor = _floor(moment, found.values[:, 0], found.vectors[:, 0])
        below, resting = track(moment.at(floor).hessian().multiply, floor, last[1], generator)
        ratio = below.values[:, 0] / limit.to(below.values)
        above = ratio >= 1
        crossings = torch.zeros_like(above, dtype=torch.int64)
        if memory is not None:
            crossings = memory.crossings + (above & ~memory.above)
        rows = [
            Rows(RATIO, moment.step, ratio),
            Rows(f"{RATIO}.residual", moment.step, below.residuals[:, 0] / limit.to(ratio)),
            Rows(AWAY, moment.step, away.abs()),
            Rows(CROSSINGS, moment.step, crossings),
        ]
        return rows, Watched(swinging, resting, above, crossings)

    def _tracker(self) -> Tracker:
        return Tracker(1, self.tol, self.guards, self.challenge_every)


@storable
@dataclasses.dataclass(frozen=True)
class Watched:
    """The memory of `ValleyFloor`: the trackers' at both points, whether it is above the edge, and the count."""

    swinging: Tracking
    resting: Tracking
    above: Bool[Tensor, " n"]
    crossings: Int[Tensor, " n"]


@spec
class SelfStabilisation:
    """What theory foretells, from the first reading alone, of the sharpness on the floor and of the swing around it.

    The first reading is of the displacement, of y = λ - 2/η on the floor, and of two derivatives there, `sharpening
    rate` and `restoring coefficient`: α and β of `theory.self_stabilisation`. From them that map foretells the `mapped
    sharpness / threshold`, the `mapped displacement` and the `mapped crossings`, to be laid beside the readings of
    `ValleyFloor` at the same steps; `displacement without cubic term` is the same with β = 0. The `local` readings of
    these names move in all directions at right angles to u, with the gradient, the Hessian and ∇λ that were found on
    the floor at first: there what the swing has pushed aside is pulled back by the other curvatures, which the two
    numbers leave out. That costs a gradient and a product at every step. Where the rule has no threshold nothing is
    read.

    Source: Damian, Nichani, Lee 2022, arXiv:2209.15594.
    """

    @property
    def units(self) -> Mapping[str, str]:
        one = {DRIFT: "loss / (parameter² · time)", RESTORING: "(loss / parameter³)²", FREE: "parameter"}
        for kind in ("mapped", "local"):
            one |= {f"{kind} sharpness / threshold": "1", f"{kind} displacement": "parameter", f"{kind} crossings": "1"}
        return one

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return True

    def update(self, moment: Moment, memory: "Foretold | None") -> Reading:
        edge, rates, rows = moment.thresholds, moment.rates, []
        if edge is None or rates is None:
            return [], None
        if memory is None:
            memory = _begun(moment, edge)
            rows = [Rows(DRIFT, moment.step, memory.drift), Rows(RESTORING, moment.step, memory.restoring)]
        lr = rates.to(memory.drift)
        over = memory.over + (memory.slope * memory.moved).sum(dim=1)
        said = {"mapped": (memory.y, memory.x, memory.crossings[0]), "local": (over, memory.near, memory.crossings[1])}
        for kind, (y, x, crossings) in said.items():
            rows.append(Rows(f"{kind} sharpness / threshold", moment.step, 1 + y / edge))
            rows.append(Rows(f"{kind} displacement", moment.step, x.abs()))
            rows.append(Rows(f"{kind} crossings", moment.step, crossings))
        rows.append(Rows(FREE, moment.step, memory.free[0].abs()))
        return rows, _advanced(moment, memory, over, lr)


@storable
@dataclasses.dataclass(frozen=True)
class Foretold:
    """The memory of `SelfStabilisation`: what was found at first, and where the maps have come to.

    Attributes:
        drift, restoring: α and β, (n,).
        over: λ - 2/η on the floor at first, (n,).
        floor, vector, gradient, slope: (n, p): the floor, u, and ∇L and ∇λ there at right angles to u.
        x, y: the map's two numbers, (n,).
        free: those without the cubic term, (2, n).
        near, moved: the local model's displacement along u, (n,), and all other ones, (n, p).
        crossings: of the edge from below, by the map and by the local model, (2, n).
    """

    drift: Float[Tensor, " n"]
    restoring: Float[Tensor, " n"]
    over: Float[Tensor, " n"]
    floor: Float[Tensor, "n p"]
    vector: Float[Tensor, "n p"]
    gradient: Float[Tensor, "n p"]
    slope: Float[Tensor, "n p"]
    x: Float[Tensor, " n"]
    y: Float[Tensor, " n"]
    free: Float[Tensor, "2 n"]
    near: Float[Tensor, " n"]
    moved: Float[Tensor, "n p"]
    crossings: Int[Tensor, "2 n"]


def _begun(moment: Moment, edge: Float[Tensor, " n"]) -> Foretold:
    """What is found on the floor, and the maps at their start."""
    track = Tracker(1, TOLERANCE, 1, 1).measure
    generator = stream(moment.seed, "self-stabilisation", moment.step)
    found, _ = track(moment.around.hessian().multiply, moment.points, None, generator)
    x, floor = _floor(moment, found.values[:, 0], found.vectors[:, 0])
    there = moment.at(floor)
    below, _ = track(there.hessian().multiply, floor, None, generator)
    u = below.vectors[:, 0]
    x = x * torch.sign((u * found.vectors[:, 0]).sum(dim=1))
    gradient, slope = _beside(there.gradient, u), _beside(there.third(u, u)[1], u)
    drift, restoring = -(gradient * slope).sum(dim=1), slope.square().sum(dim=1)
    y = below.values[:, 0] - edge.to(x)
    none = torch.zeros(2, len(x), dtype=torch.int64, device=x.device)
    start = (x, y, torch.stack((x, y)), x, torch.zeros_like(floor), none)
    return Foretold(drift, restoring, y, floor, u, gradient, slope, *start)


def _advanced(moment: Moment, now: Foretold, over: Float[Tensor, " n"], lr: Float[Tensor, " n"]) -> Foretold:
    """One step of all three maps; `over` is the local model's y before it."""
    map_of, nothing = {"lr": lr, "drift": now.drift}, torch.zeros_like(now.restoring)
    x, y = self_stabilisation(now.x, now.y, restoring=now.restoring, **map_of)
    free = torch.stack(self_stabilisation(now.free[0], now.free[1], restoring=nothing, **map_of))
    pulled = moment.at(now.floor).hessian().multiply(now.moved[:, None])[:, 0]
    force = now.gradient + pulled + now.near.square()[:, None] / 2 * now.slope
    here = now.near.abs() <= GONE
    moved = now.moved - torch.where(here, lr, 0.0)[:, None] * _beside(force, now.vector)
    near = torch.where(here, -(1 + lr * over) * now.near, now.near)
    after = now.over + (now.slope * moved).sum(dim=1)
    risen = torch.stack(((y >= 0) & (now.y < 0), (after >= 0) & (over < 0)))
    return dataclasses.replace(now, x=x, y=y, free=free, near=near, moved=moved, crossings=now.crossings + risen)


def _floor(
    moment: Moment, values: Float[Tensor, " n"], vectors: Float[Tensor, "n p"]
) -> tuple[Float[Tensor, " n"], Float[Tensor, "n p"]]:
    """How far along u the points are from their floor, and the floor."""
    away = (vectors * moment.around.gradient).sum(dim=1) / values
    return away, moment.points - away[:, None] * vectors


def _beside(vector: Float[Tensor, "n p"], unit: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
    """The part at right angles to a unit vector."""
    return vector - (vector * unit).sum(dim=1, keepdim=True) * unit
