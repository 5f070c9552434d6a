"""What is left of training once its swing from side to side is taken out: the loss at points of no step's own."""

import dataclasses
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.core.trees import storable
from phenoscope.instruments import Tracker, Tracking
from phenoscope.probes.probe import Moment, Reading, Rows

OVER, RISE = "two-step mean / mean loss", "rise of the two-step mean"


@spec
class TwoStepMean:
    """The loss at p_t = (θ_t + θ_{t+1})/2, where a swing from side to side cancels; of every step, known one later.

    `two-step mean / mean loss` is L(p_t) over ½ (L(θ_t) + L(θ_{t+1})), 1 for steps that are small beside the curvature
    and below it where the swing raises the loss; `rise of the two-step mean` is L(p_t)/L(p_{t-1}) - 1, beside its
    rounding. It costs a gradient a step.

    Attributes:
        after: no step before this one is read.
    """

    after: int = 0

    @property
    def units(self) -> Mapping[str, str]:
        return {OVER: "1", RISE: "1"}

    def due(self, step: int) -> bool:
        return step >= self.after

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: tuple[Tensor, Tensor, Tensor | None] | None) -> Reading:
        here = moment.around.loss
        if memory is None:
            return [], (moment.points, here, None)
        before, loss, last = memory
        between = moment.at((before + moment.points) / 2).loss
        step = moment.step - 1
        rows = [Rows(OVER, step, 2 * between / (loss + here))]
        if last is not None:
            rows += _rise(RISE, step, last, between, moment.points.dtype)
        return rows, (moment.points, here, between)


@spec
class WithoutTop:
    """The loss on the floor of the valley: what it would be without the swing along the sharpest directions.

    From θ the floor is at θ - Σ uᵢ (uᵢᵀ∇L)/λᵢ over the k largest Hessian eigenvalues, the minimum along their
    eigenvectors to second order; at the edge of stability, where λ = 2/η, that is half a step of gradient descent along
    each. Directions of no positive curvature have no floor, and stay. For each k in `counts` the change of that loss
    from one step to the next is a series, `rise without top 1` for one direction, in parts of the loss and beside its
    rounding. It costs a gradient for each, and the products that tracking takes, at every step.

    Attributes:
        counts: how many directions are taken out, one series for each number.
        after: no step before this one is read.
        tol: the residual to reach, relative to the value.
        guards: columns tracked beside them.
        challenge_every: readings from one random start that looks for larger eigenvalues to the next.
    """

    counts: tuple[int, ...] = (1,)
    after: int = 0
    tol: float = 2e-3
    guards: int = 1
    challenge_every: int = 20

    def __post_init__(self) -> None:
        if not self.counts or min(self.counts) < 1 or len(set(self.counts)) < len(self.counts):
            raise BadInput(f"`counts` of WithoutTop are different numbers of at least 1, got {self.counts}.")
        self._tracker()  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys((f"rise without top {k}" for k in self.counts), "1")

    def due(self, step: int) -> bool:
        return step >= self.after

    def needs_curvature(self, step: int) -> bool:
        return self.due(step)

    def update(self, moment: Moment, memory: "Floors | None") -> Reading:
        generator = stream(moment.seed, "without top", moment.step)
        found, tracking = self._tracker().measure(
            moment.around.hessian().multiply, moment.points, None if memory is None else memory.tracking, generator
        )
        slopes = torch.einsum("nkp,np->nk", found.vectors, moment.around.gradient)
        along = torch.where(found.values > 0, slopes / found.values, 0.0)
        floors, rows = [], []
        for place, k in enumerate(self.counts):
            floor = moment.points - torch.einsum("nk,nkp->np", along[:, :k], found.vectors[:, :k])
            floors.append(moment.at(floor).loss)
            if memory is not None:
                name, step = f"rise without top {k}", moment.step - 1
                rows += _rise(name, step, memory.losses[:, place], floors[-1], moment.points.dtype)
        return rows, Floors(tracking, torch.stack(floors, dim=1))

    def _tracker(self) -> Tracker:
        return Tracker(max(self.counts), self.tol, self.guards, self.challenge_every)


@storable
@dataclasses.dataclass(frozen=True)
class Floors:
    """The memory of `WithoutTop`: the tracker's, and the losses (n, c) of the last reading."""

    tracking: Tracking
    losses: Float[Tensor, "n c"]


def _rise(name: str, step: int, before: Tensor, now: Tensor, dtype: torch.dtype) -> list[Rows]:
    """The change of a loss in parts of it, and what the rounding of both may contribute."""
    change, floor = now / before - 1, torch.finfo(dtype).eps * (1 + now / before).abs()
    return [Rows(name, step, change), Rows(f"{name}.residual", step, floor)]
