"""How do the extreme curvatures move along training? Warm measurements that stay honest.

A warm start finds the old eigenvector again for a few products, but it can also stay on it after another one has
overtaken it, with a residual that passes. So guard vectors are carried along, and at intervals a random start
challenges what is held. Where an operator changes so little that the vectors pass, or nearly, the guards rest for a
few measurements: there, nothing overtakes in between.
"""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.trees import storable
from phenoscope.instruments.extremes import Extremes, Wanted, extremes
from phenoscope.instruments.subspace import Multiply, RitzPairs, ritz


@storable
@dataclasses.dataclass(frozen=True)
class Tracking:
    """The memory of a tracker: what the next measurement starts from.

    Attributes:
        vectors: (n, k + guards, p), the Ritz vectors of the last measurement, and the guards of the last that had any,
            each a step of the power method further.
        before: (n, j, k, p), the wanted vectors of the j <= 3 measurements before it, the latest first.
        count: how many measurements have been made.
        rested: for how many of them the guards have rested.
        calm: whether the last measurement took no more than a product for each vector that it started from, and one
            more for each that is wanted.
    """

    vectors: Float[Tensor, "n g p"]
    before: Float[Tensor, "n j k p"]
    count: int
    rested: int
    calm: bool


OLDER = 3
"""Measurements before the last whose vectors are kept."""
AHEAD = 1.0
"""How far on, in parts of the last move."""

REST = 9
"""Measurements in a row, at most, that go without guards."""


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
        """One measurement of n operators, cold without a memory, and the memory for the next."""
        if memory is None:
            nothing = like.new_zeros(len(like), 0, self.k, like.shape[1])
            memory = Tracking(like.new_zeros(len(like), 0, like.shape[1]), nothing, 0, 0, calm=False)
        looks = memory.count % self.challenge_every == 0
        rests = memory.calm and (looks or memory.rested < REST)  # a challenge brings guards of its own
        start = self._foreseen(memory)
        start = start if rests else torch.cat([start, memory.vectors[:, self.k :]], dim=1)
        wanted = Wanted(self.k, 0, self.tol, risk=1e-2 if looks else None)
        found = extremes(multiply, like, wanted, generator, start=start if memory.count else None)
        carried = _stepped(ritz(found.space, self.k + self.guards, 0))
        if rests and not looks:
            carried = torch.cat([carried[:, : self.k], memory.vectors[:, self.k :]], dim=1)
        calm = found.products <= start.shape[1] + self.k or (looks and memory.calm)
        before = torch.cat([memory.vectors[:, None, : self.k], memory.before], dim=1) if memory.count else memory.before
        rested = memory.rested + 1 if rests and not looks else 0
        return found, Tracking(carried, before[:, :OLDER], memory.count + 1, rested, calm)

    def _foreseen(self, memory: Tracking) -> Float[Tensor, "n k p"]:
        """Where the wanted vectors are likely to be: as last time, unless every other measurement is more alike.

        At the edge of stability the point swings from side to side with each step, and the eigenvectors with it. There
        those of two steps ago are ten times nearer than the last ones, and their own way on from four steps ago three
        times nearer still (`benchmarks/tracking.py`).
        """
        last = memory.vectors[:, : self.k]
        if memory.before.shape[1] < OLDER:
            return last
        two, three, four = memory.before.unbind(1)
        alike, skipping = ((last * other).sum(dim=2).square().sum(dim=1) for other in (two, three))
        if not bool((skipping > alike).any()):
            return last
        onwards = two + AHEAD * (two - torch.sign((two * four).sum(dim=2, keepdim=True)) * four)
        return torch.where((skipping > alike)[:, None, None], onwards, last)


def _stepped(pairs: RitzPairs) -> Float[Tensor, "n g p"]:
    """The Ritz vectors after a step of the power method, whose products are known: A x = θ x + residual.

    What is wrong with a vector lies mostly along eigenvalues that are small against its own, and shrinks with them.
    Vectors of values that are not positive stay as they are.
    """
    values = pairs.values[..., None].to(pairs.vectors.dtype)
    further = torch.where(values > 0, pairs.vectors + pairs.residuals / values, pairs.vectors)
    return further / further.norm(dim=2, keepdim=True)
