"""The valley at the edge: how far training is from its floor, how sharp it is there, and what is foretold of both."""

import dataclasses
import math
from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.core.trees import storable
from phenoscope.instruments import Extremes, Tracker, Tracking
from phenoscope.probes.probe import Around, Moment, Reading, Rows
from phenoscope.theory import self_stabilisation
from phenoscope.theory.stabilising import GONE

RATIO, AWAY, CROSSINGS = "floor sharpness / threshold", "displacement from floor", "crossings of the edge"
DRIFT, RESTORING, FREE = "sharpening rate", "restoring coefficient", "displacement without cubic term"
BEFORE = 5
"""Points on each side of the one from which is foretold."""
ALTERNATING = tuple((-1) ** (i + BEFORE) * math.comb(2 * BEFORE, i) / 4**BEFORE for i in range(2 * BEFORE + 1))
"""Weights of their mean, 1 for what alternates; a smooth path leaves its tenth difference over 1024."""
TOLERANCE = 1e-6
"""Of the residuals of the eigenvectors from which is foretold, relative to the eigenvalue."""


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
        away, floor = _floor(moment.around, moment.points, found)
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
    """The memory of `ValleyFloor`.

    Attributes:
        swinging, resting: the trackers', where training is and on the floor.
        above: whether the sharpness on the floor is at or above what the rule bears, (n,).
        crossings: how often it has risen to that, (n,).
    """

    swinging: Tracking
    resting: Tracking
    above: Bool[Tensor, " n"]
    crossings: Int[Tensor, " n"]


@spec
class SelfStabilisation:
    """What theory foretells, from the first eleven points alone, of the sharpness on the floor and the swing around it.

    The swing is what alternates along u with each step, a mean of the points with binomial weights of alternating
    signs: a path along a bent valley is off its floor without any swing, and by more than a swing that has nearly died.
    Below the sixth point, on the floor, y = λ - 2/η is read, and two derivatives: `sharpening rate` is α and `restoring
    coefficient` β of `theory.self_stabilisation`. From them that map foretells, from the sixth point on,
    `mapped sharpness / threshold`, `mapped displacement` and `mapped crossings`, to be laid beside the readings of
    `ValleyFloor`; `displacement without cubic term` is the same with β = 0. `local sharpness / threshold`, `local
    displacement` and `local crossings` move in all directions at right angles to u, with the gradient, the Hessian and
    ∇λ that were found on the floor at first: there what the swing has pushed aside is pulled back by the other
    curvatures, which the two numbers leave out. That costs a gradient and a product at every step. Where the rule has
    no threshold nothing is read.

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

    def update(self, moment: Moment, memory: "tuple[Tensor, ...] | Foretold | None") -> Reading:
        edge, rates = moment.thresholds, moment.rates
        if edge is None or rates is None:
            return [], None
        rows: list[Rows] = []
        if not isinstance(memory, Foretold):
            last = (*(memory or ()), moment.points)
            if len(last) <= 2 * BEFORE:
                return [], last
            memory = _begun(moment, last, edge)
            first = moment.step - BEFORE
            rows = [Rows(DRIFT, first, memory.drift), Rows(RESTORING, first, memory.restoring)]
            for step in range(first, moment.step):
                rows += _said(memory, step, edge)
                memory = _advanced(moment, memory, rates)
        rows += _said(memory, moment.step, edge)
        return rows, _advanced(moment, memory, rates)


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

    @property
    def beyond(self) -> Float[Tensor, " n"]:
        """The local model's λ - 2/η, to first order in what has moved."""
        return self.over + (self.slope * self.moved).sum(dim=1)


def _begun(moment: Moment, last: tuple[Float[Tensor, "n p"], ...], edge: Float[Tensor, " n"]) -> Foretold:
    """What is found on the floor below the middle one of the last points, and the maps at their start."""
    points = last[BEFORE]
    swing = sum(weight * point for weight, point in zip(ALTERNATING, last, strict=True))
    track, seed = Tracker(1, TOLERANCE, 1, 1).measure, (moment.seed, "self-stabilisation", moment.step)
    around = moment.at(points)
    found, _ = track(around.hessian().multiply, points, None, stream(*seed))
    _, floor = _floor(around, points, found)
    there = moment.at(floor)
    below, _ = track(there.hessian().multiply, floor, None, stream(*seed))
    u = below.vectors[:, 0]
    gradient, slope = _beside(there.gradient, u), _beside(there.third(u, u)[1], u)
    drift, restoring = -(gradient * slope).sum(dim=1), slope.square().sum(dim=1)
    x, y = (swing * u).sum(dim=1), below.values[:, 0] - edge.to(below.values)
    none = torch.zeros(2, len(x), dtype=torch.int64, device=x.device)
    start = (x, y, torch.stack((x, y)), x, torch.zeros_like(floor), none)
    return Foretold(drift, restoring, y, floor, u, gradient, slope, *start)


def _said(now: Foretold, step: int, edge: Float[Tensor, " n"]) -> list[Rows]:
    """What is foretold of one step."""
    both = {"mapped": (now.y, now.x, now.crossings[0]), "local": (now.beyond, now.near, now.crossings[1])}
    rows = [Rows(FREE, step, now.free[0].abs())]
    for kind, (y, x, crossings) in both.items():
        rows.append(Rows(f"{kind} sharpness / threshold", step, 1 + y / edge))
        rows.append(Rows(f"{kind} displacement", step, x.abs()))
        rows.append(Rows(f"{kind} crossings", step, crossings))
    return rows


def _advanced(moment: Moment, now: Foretold, rates: Float[Tensor, " n"]) -> Foretold:
    """One step of all three maps."""
    lr, nothing = rates.to(now.drift), torch.zeros_like(now.restoring)
    x, y = self_stabilisation(now.x, now.y, lr=lr, drift=now.drift, restoring=now.restoring)
    free = torch.stack(self_stabilisation(now.free[0], now.free[1], lr=lr, drift=now.drift, restoring=nothing))
    pulled = moment.at(now.floor).hessian().multiply(now.moved[:, None])[:, 0]
    force = now.gradient + pulled + now.near.square()[:, None] / 2 * now.slope
    here = now.near.abs() <= GONE
    moved = now.moved - torch.where(here, lr, 0.0)[:, None] * _beside(force, now.vector)
    near = torch.where(here, -(1 + lr * now.beyond) * now.near, now.near)
    after = dataclasses.replace(now, x=x, y=y, free=free, near=near, moved=moved)
    risen = torch.stack(((y >= 0) & (now.y < 0), (after.beyond >= 0) & (now.beyond < 0)))
    return dataclasses.replace(after, crossings=now.crossings + risen)


def _floor(
    around: Around, points: Float[Tensor, "n p"], found: Extremes
) -> tuple[Float[Tensor, " n"], Float[Tensor, "n p"]]:
    """How far along u the points are from their floor, and the floor."""
    u = found.vectors[:, 0]
    away = (u * around.gradient).sum(dim=1) / found.values[:, 0]
    return away, points - away[:, None] * u


def _beside(vector: Float[Tensor, "n p"], unit: Float[Tensor, "n p"]) -> Float[Tensor, "n p"]:
    """The part at right angles to a unit vector."""
    return vector - (vector * unit).sum(dim=1, keepdim=True) * unit
