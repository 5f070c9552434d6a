"""How do the extreme curvatures move along training? Warm measurements that stay honest.

A warm start finds the old eigenvector again for a few products, but it can also stay on it after another one has
overtaken it, with a residual that passes. So a block with guard columns is carried along, and at intervals a
random start challenges what the block holds.
"""

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.trees import storable
from phenoscope.instruments.extremes import Extremes, Wanted, extremes
from phenoscope.instruments.subspace import Multiply, ritz


@storable
@dataclasses.dataclass(frozen=True)
class Tracking:
    """The memory of a tracker: what the next measurement starts from.

    Attributes:
        vectors: (n, k + guards, p), the Ritz vectors of the last measurement.
        count: how many measurements have been made.
    """

    vectors: Float[Tensor, "n k p"]
    count: int


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
    challenge_every: int = 5

    def __post_init__(self) -> None:
        if self.k < 1 or self.guards < 0 or self.challenge_every < 1 or not self.tol > 0:
            raise BadInput(f"a tracker needs k, challenge_every >= 1, guards >= 0 and tol > 0, got {self}.")

    def measure(
        self, multiply: Multiply, like: Float[Tensor, "n p"], memory: Tracking | None, generator: torch.Generator
    ) -> tuple[Extremes, Tracking]:
        """One measurement of n operators, cold without a memory, and the memory for the next."""
        count = 0 if memory is None else memory.count
        looks = count % self.challenge_every == 0
        wanted = Wanted(self.k, 0, self.tol, risk=1e-2 if looks else None)
        found = extremes(multiply, like, wanted, generator, start=None if memory is None else memory.vectors)
        carried = ritz(found.space, self.k + self.guards, 0).vectors
        if found.runner_up is not None and self.guards:
            # Nothing refines the last guard in between, so it is renewed from what the challenge has seen.
            carried = torch.cat([carried[:, : self.k + self.guards - 1], found.runner_up[:, None]], dim=1)
        return found, Tracking(carried, count + 1)
