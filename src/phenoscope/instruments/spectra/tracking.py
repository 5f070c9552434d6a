"""How do the extreme curvatures move along training? Warm measurements that stay honest.

A warm start finds the old eigenvector again for a few products, but it can also stay on it after another one has
overtaken it, with a residual that passes. So guard vectors are carried along, and at intervals a random start
challenges what is held. Where an operator changes so little that the vectors pass, or nearly, the guards rest for a
few measurements, until a value falls below those beside it. Companions, remembered without a product, say where to
look.
"""

import dataclasses
import functools

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.trees import storable
from phenoscope.instruments.spectra.companions import STEADY, Companions, of_either, unknown
from phenoscope.instruments.spectra.extremes import Extremes, Wanted, extremes
from phenoscope.instruments.spectra.subspace import Multiply


@storable
@dataclasses.dataclass(frozen=True, eq=False)
class Tracking:
    """The memory of a tracker: what the next measurement starts from.

    Attributes:
        vectors: (n, k, p), the wanted vectors of the last measurement, a step further.
        before: those of up to five measurements before it, the latest first, each (n, k, p).
        beside, earlier: the companions of the last measurement, and of the one before it.
        count: how many measurements have been made.
        rested: for how many of them the guards have rested.
        calm: whether the last measurement took no more than a product for each vector that it started from, and one
            more for each that is wanted.
    """

    vectors: Float[Tensor, "n k p"]
    before: tuple[Float[Tensor, "n k p"], ...]
    beside: Companions
    earlier: Companions
    count: int
    rested: int
    calm: bool


OLDER = 5
"""Measurements before the last whose vectors are kept."""

ONWARDS = (2.5, -2.0, 0.5)
"""How vectors that swing go on from two, four and six measurements ago: half-way between along a line and along a
parabola."""

REST = 9
"""Measurements in a row, at most, that go without guards."""

COMPANIONS = 4
"""How many vectors beside the wanted ones are remembered, at least."""


@dataclasses.dataclass(frozen=True)
class Tracker:
    """Repeated measurement of the k largest eigenvalues of slowly changing operators.

    Attributes:
        k: how many eigenvalues.
        tol: as for `eigenvalues`.
        guards: further vectors carried along, so that an eigenvalue on its way up is seen before it arrives.
        challenge_every: at every such measurement a random start looks for what the block missed; the readings
            in between have a failure probability of 1.
    """

    k: int = 1
    tol: float = 1e-3
    guards: int = 1
    challenge_every: int = 10

    def __post_init__(self) -> None:
        if self.k < 1 or self.guards < 0 or self.challenge_every < 1 or not self.tol > 0:
            raise BadInput(f"a tracker needs k, challenge_every >= 1, guards >= 0 and tol > 0, got {self}.")

    def measure(
        self, multiply: Multiply, like: Float[Tensor, "n p"], memory: Tracking | None, generator: torch.Generator
    ) -> tuple[Extremes, Tracking]:
        """One measurement of n operators, cold without a memory, and the memory for the next.

        Raises:
            BadInput: more eigenvalues than there are.
        """
        if self.k > like.shape[1]:
            raise BadInput(f"{self.k} eigenvalues are to be tracked of a matrix that has {like.shape[1]}.")
        memory = self._nothing(like) if memory is None else memory
        looks = memory.count % self.challenge_every == 0
        rests = memory.calm and (looks or memory.rested < REST)  # a challenge brings guards of its own
        skips = _swings(memory)
        beside = of_either(skips, memory.earlier, memory.beside)
        wanted = Wanted(self.k, 0, self.tol, risk=1e-2 if looks else None)
        measured = functools.partial(extremes, multiply, like, wanted, generator, beside=beside)
        guards = beside.vectors[:, : self.guards]
        start = self._foreseen(memory, skips)
        start = start if rests else torch.cat([start, guards], dim=1)
        found = measured(start=start if memory.count else None)
        last = found.values[:, -1]
        if rests and not looks and self.guards and beside.above(last + wanted.margin * last.abs()):
            again = measured(start=torch.cat([found.vectors, guards], dim=1))
            found = dataclasses.replace(again, products=found.products + again.products)
        if found.space.dimension > self.k:  # else there is nothing beside what was wanted
            beside = beside.refined(found.space, self.k)
        calm = found.products <= start.shape[1] + self.k or (looks and memory.calm)
        before = (memory.vectors, *memory.before)[:OLDER] if memory.count else ()
        rested = memory.rested + 1 if rests and not looks else 0
        return found, Tracking(_stepped(found, beside), before, beside, memory.beside, memory.count + 1, rested, calm)

    def _nothing(self, like: Float[Tensor, "n p"]) -> Tracking:
        """The memory before the first measurement."""
        n, size = like.shape
        beside = unknown(like, max(0, min(max(COMPANIONS, self.guards), size - self.k)))
        return Tracking(like.new_zeros(n, self.k, size), (), beside, beside, 0, 0, calm=False)

    def _foreseen(self, memory: Tracking, skips: Bool[Tensor, " n"]) -> Float[Tensor, "n k p"]:
        """Where the wanted vectors are likely to be: as last time, or, in rows that swing, where those of every other
        measurement lead.
        """
        if not bool(skips.any()):
            return memory.vectors
        two, *older = memory.before[::2]
        onwards = ONWARDS[0] * two
        for share, other in zip(ONWARDS[1:], older, strict=True):
            alike = torch.linalg.vecdot(two, other)[..., None]
            onwards.addcmul_(share * torch.sign(alike), other)
        return onwards if bool(skips.all()) else torch.where(skips[:, None, None], onwards, memory.vectors)


def _swings(memory: Tracking) -> Bool[Tensor, " n"]:
    """The rows in which every other measurement is more alike than one and the next.

    At the edge of stability the point swings from side to side with each step, and the eigenvectors with it. There
    those of two steps ago are ten times nearer than the last ones, and where they lead three times nearer still
    (`benchmarks/tracking.py`).
    """
    if len(memory.before) < OLDER:
        return torch.zeros(len(memory.vectors), dtype=torch.bool, device=memory.vectors.device)
    alike, skipping = (torch.linalg.vecdot(memory.vectors, one).square() for one in memory.before[:2])
    # A vector that has just been found is as unlike the one of two readings ago, and must not be left for that.
    return (skipping.sum(dim=1) > alike.sum(dim=1)) & (skipping.amin(dim=1) > 0.5)


def _stepped(found: Extremes, beside: Companions) -> Float[Tensor, "n k p"]:
    """The vectors found, with what their residuals say they lack: a step on, without a product."""
    lacks = beside.correction(found.residual_vectors, found.values.nan_to_num(0.0), nearest=STEADY)
    further = lacks.add_(found.vectors)
    return further.div_(further.norm(dim=2, keepdim=True))
