"""How sharp is the loss where training is? The largest curvatures, and the gradient along their directions."""

import dataclasses
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.core.trees import storable
from phenoscope.instruments import Extremes, Tracker, Tracking
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one
from phenoscope.probes.tracked import challenges, evidenced, numbered


@spec
class Sharpness:
    """The k largest Hessian eigenvalues, tracked: `sharpness`, `sharpness 2`, ..., with their residuals.

    Beside them stand `sharpness / threshold` (of the rule's stability threshold at that step, where the rule has
    one), the products used, and, where a random start looked for larger ones, the chance that it missed one. With
    `along`, every step records `gradient along top eigenvector` too (one gradient a step), with the sign of the
    vector carried on from one reading to the next; the vector is that of the last reading.

    Attributes:
        every: steps from one reading to the next.
        k: how many eigenvalues.
        tol: the residual to reach, relative to the value.
        guards: columns tracked beside them, so that a smaller eigenvalue that overtakes is seen.
        challenge_every: readings from one random start that looks for larger ones to the next; `None` takes 10, or
            as many as there are in 20 steps.
        along: whether to record the gradient along the top eigenvector.
    """

    version = 2

    every: int = 20
    k: int = 1
    tol: float = 2e-3
    guards: int = 1
    challenge_every: int | None = None
    along: bool = False

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        self._tracker()  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        curvature = "loss / parameter²"
        units = dict.fromkeys(numbered("sharpness", self.k), curvature) | {"sharpness / threshold": "1"}
        return units | ({"gradient along top eigenvector": "loss / parameter"} if self.along else {})

    def due(self, step: int) -> bool:
        return self.along or self.needs_curvature(step)

    def needs_curvature(self, step: int) -> bool:
        return step % self.every == 0

    def update(self, moment: Moment, memory: "Following | None") -> Reading:
        rows: list[Rows] = []
        if memory is None or self.needs_curvature(moment.step):
            rows, memory = self._measure(moment, memory)
        if not self.along:
            return rows, memory
        along = (moment.around.gradient * memory.vectors).sum(dim=1)
        return [*rows, Rows("gradient along top eigenvector", moment.step, along)], memory

    def _tracker(self) -> Tracker:
        return Tracker(self.k, self.tol, self.guards, challenges(self))

    def _measure(self, moment: Moment, memory: "Following | None") -> "tuple[list[Rows], Following]":
        generator = stream(moment.seed, "sharpness", moment.step)
        found, tracking = self._tracker().measure(
            moment.around.hessian().multiply, moment.points, None if memory is None else memory.tracking, generator
        )
        vectors = found.vectors[:, 0]
        if memory is not None:
            flipped = (vectors * memory.vectors).sum(dim=1, keepdim=True) < 0
            vectors = torch.where(flipped, -vectors, vectors) if bool(flipped.any()) else vectors
        rows = evidenced(numbered("sharpness", self.k), moment.step, found)
        limit = moment.thresholds
        if limit is not None:
            rows += _against("sharpness", moment.step, found, limit)
        return rows, Following(tracking, vectors)


@storable
@dataclasses.dataclass(frozen=True)
class Following:
    """The memory of `Sharpness`: the tracker's, and the top eigenvectors (n, p) with steady signs."""

    tracking: Tracking
    vectors: Float[Tensor, "n p"]


@spec
class EffectiveSharpness:
    """The largest eigenvalue of P^(-1/2) H P^(-1/2), P the rule's preconditioner now: `effective sharpness`.

    It is the curvature that an adaptive rule meets, and stands against the rule's threshold for it in `effective
    sharpness / threshold`. Read from the first update on, and by adaptive rules only. One gradient and about 5 to 15
    products a reading.

    Attributes:
        every: steps from one reading to the next.
        tol: the residual to reach, relative to the value.
        guards: columns tracked beside the first, as for `Sharpness`.
        challenge_every: readings from one random start that looks for larger ones to the next; `None` takes 10, or
            as many as there are in 20 steps.
    """

    version = 2

    every: int = 20
    tol: float = 2e-3
    guards: int = 1
    challenge_every: int | None = None

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        self._tracker()  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return {"effective sharpness": "1 / parameter", "effective sharpness / threshold": "1"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return step > 0 and self.due(step)

    def update(self, moment: Moment, memory: Tracking | None) -> Reading:
        divided = moment.preconditioner
        if divided is None:
            return [], memory
        stretch = divided.rsqrt()[:, None]
        multiply = moment.around.hessian().multiply
        generator = stream(moment.seed, "effective sharpness", moment.step)
        found, memory = self._tracker().measure(
            lambda block: stretch * multiply(stretch * block), moment.points, memory, generator
        )
        rows = evidenced(["effective sharpness"], moment.step, found)
        limit = moment.effective_thresholds
        if limit is not None:
            rows += _against("effective sharpness", moment.step, found, limit)
        return rows, memory

    def _tracker(self) -> Tracker:
        return Tracker(1, self.tol, self.guards, challenges(self))


def _against(name: str, step: int, found: Extremes, limit: Float[Tensor, " n"]) -> list[Rows]:
    """The largest value over what the rule bears, with the residual in the same measure."""
    limit = limit.to(found.values)
    return [
        Rows(f"{name} / threshold", step, found.values[:, 0] / limit),
        Rows(f"{name} / threshold.residual", step, found.residuals[:, 0] / limit),
    ]


@spec
class AlongFirst:
    """The gradient along the top eigenvector of the Hessian *at the start*, `gradient along first top eigenvector`.

    The eigenvector is found once, to a residual of `tol`.
    """

    version = 2

    tol: float = 1e-4

    @property
    def units(self) -> Mapping[str, str]:
        return {"gradient along first top eigenvector": "loss / parameter"}

    def due(self, step: int) -> bool:
        return True

    def needs_curvature(self, step: int) -> bool:
        return step == 0

    def update(self, moment: Moment, memory: Tensor | None) -> Reading:
        if memory is None:
            generator = stream(moment.seed, "first eigenvector")
            found, _ = Tracker(1, self.tol).measure(moment.around.hessian().multiply, moment.points, None, generator)
            memory = found.vectors[:, 0]
        along = (moment.around.gradient * memory).sum(dim=1)
        return [Rows("gradient along first top eigenvector", moment.step, along)], memory
