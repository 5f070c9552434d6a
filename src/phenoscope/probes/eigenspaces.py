"""Does the space of the largest curvatures move during training, and is the gradient in it?"""

import dataclasses
import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.core.trees import storable
from phenoscope.instruments import Extremes, Tracker, Tracking
from phenoscope.instruments.gradients.share import classes
from phenoscope.instruments.spectra.eigenspaces import changed, sines
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one

FIRST, LAST, SHARE = "overlap with first eigenspace", "overlap with last eigenspace", "gradient share in eigenspace"
BATCH = "batch gradient share in eigenspace"
NO_NETWORK = 10
"""Dimensions where there is no network whose classes could be counted."""


@spec
class Eigenspaces:
    """The space of the k largest Hessian eigenvalues, followed along training.

    From the second reading on, `overlap with first eigenspace` and `overlap with last eigenspace` are tr(P₁P₂)/k with
    the spaces of the first and of the last reading; `gradient share in eigenspace` is ‖Vᵀg‖²/‖g‖² of the full gradient.
    Random spaces have k/p in all three. The residuals beside them bound what the spaces, known only as well as the gap
    below the k-th eigenvalue allows (Davis and Kahan), can change; where there is no gap, any value is possible and the
    residual says so. One gradient and the products that tracking k + 1 eigenvalues takes.

    Attributes:
        every: steps from one reading to the next.
        k: dimensions; the number of the network's outputs (of classes) unless given.
        tol: the residual to reach, relative to the value.
        guards: columns tracked beyond k + 1.
        challenge_every: readings from one random start that looks for larger eigenvalues to the next.
        batches: mini-batches whose gradients are projected, too, one gradient each.
        random: for a control: in place of the eigenspace a random one of its dimensions, drawn anew at each reading.
    """

    every: int = 100
    k: int | None = None
    tol: float = 2e-3
    guards: int = 1
    challenge_every: int = 5
    batches: int = 0
    random: bool = False

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        if self.k is not None and self.k < 1:
            raise BadInput(f"`k` of Eigenspaces must be at least 1, got {self.k}.")
        if self.batches < 0:
            raise BadInput(f"`batches` of Eigenspaces must be at least 0, got {self.batches}.")
        self._tracker(1)  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys((FIRST, LAST, SHARE) if self.batches == 0 else (FIRST, LAST, SHARE, BATCH), "1")

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return self.due(step)

    def update(self, moment: Moment, memory: "Spaces | None") -> Reading:
        k = memory.first.shape[1] if memory is not None else self._dimensions(moment)
        found, tracking = self._found(moment, memory, k)
        space, sine = found.vectors[:, :k], sines(found.values, found.residuals, k)
        if self.random:
            space, sine = _random(moment, k), torch.zeros_like(sine)
        share = _share(moment.around.gradient, space)
        rows = [Rows(SHARE, moment.step, share), Rows(f"{SHARE}.residual", moment.step, changed(share, sine))]
        rows += [Rows(f"{SHARE}.products", moment.step, torch.full_like(share, found.products))]
        rows += self._of_batches(moment, space, sine)
        if memory is None:
            return rows, Spaces(tracking, space, sine, space, sine)
        rows += _overlaps(FIRST, moment.step, (memory.first, memory.first_sine), (space, sine))
        rows += _overlaps(LAST, moment.step, (memory.last, memory.last_sine), (space, sine))
        return rows, Spaces(tracking, memory.first, memory.first_sine, space, sine)

    def _found(self, moment: Moment, memory: "Spaces | None", k: int) -> tuple[Extremes, Tracking]:
        generator = stream(moment.seed, "eigenspaces", moment.step)
        tracked = None if memory is None else memory.tracking
        return self._tracker(k).measure(moment.around.hessian().multiply, moment.points, tracked, generator)

    def _of_batches(self, moment: Moment, space: Float[Tensor, "n k p"], sine: Float[Tensor, " n"]) -> list[Rows]:
        """The mean share of mini-batch gradients; what it is off by counts the space and the mini-batches drawn."""
        if self.batches == 0 or moment.batch is None:  # somebody's own loop does not say how large they are
            return []
        drawn = moment.mini_batches(moment.batch, self.batches, BATCH)
        shares = torch.stack([_share(around.gradient, space) for around in drawn])
        mean = shares.mean(dim=0)
        spread = shares.std(dim=0) / math.sqrt(len(shares)) if len(shares) > 1 else torch.zeros_like(mean)
        return [Rows(BATCH, moment.step, mean), Rows(f"{BATCH}.residual", moment.step, changed(mean, sine) + spread)]

    def _tracker(self, k: int) -> Tracker:
        return Tracker(k + 1, self.tol, self.guards, self.challenge_every)

    def _dimensions(self, moment: Moment) -> int:
        most = moment.points.shape[1] - 1
        if self.k is not None:
            return min(self.k, most)
        network = moment.objective(0)
        return min(NO_NETWORK if network is None else classes(network), most)


@storable
@dataclasses.dataclass(frozen=True)
class Spaces:
    """The memory of `Eigenspaces`: the tracker's, and the first and last spaces with what they may be off by.

    Attributes:
        tracking: the tracker's own.
        first, last: (n, k, p), orthonormal rows.
        first_sine, last_sine: (n,), the sine of the angle to the exact eigenspace, at most.
    """

    tracking: Tracking
    first: Float[Tensor, "n k p"]
    first_sine: Float[Tensor, " n"]
    last: Float[Tensor, "n k p"]
    last_sine: Float[Tensor, " n"]


def _share(gradient: Float[Tensor, "n p"], space: Float[Tensor, "n k p"]) -> Float[Tensor, " n"]:
    gradient = gradient.double()
    return (space.double() @ gradient[..., None]).square().sum(dim=(1, 2)) / gradient.square().sum(dim=1)


def _random(moment: Moment, k: int) -> Float[Tensor, "n k p"]:
    """Orthonormal rows of a space that knows nothing of the loss."""
    rows, size = moment.points.shape
    drawn = torch.randn(rows, size, k, generator=stream(moment.seed, "random space", moment.step), dtype=torch.float64)
    return torch.linalg.qr(drawn).Q.mT.to(moment.points)


def _overlaps(name: str, step: int, one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> list[Rows]:
    value = (one[0].double() @ other[0].double().mT).square().sum(dim=(1, 2)) / one[0].shape[1]
    off = torch.minimum(one[1] + other[1], torch.maximum(value, 1 - value))
    return [Rows(name, step, value), Rows(f"{name}.residual", step, off)]
