"""What a rule may look at before it moves."""

import dataclasses
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

Memory = dict[str, Tensor]
"""What a rule carries from step to step, by name: one row a network, such as (n, p), or (n, 1) for counts."""
Points = Float[Tensor, "n p"]


@runtime_checkable
class Operator(Protocol):
    """A symmetric matrix a row, known through its products: (n, k, p) to (n, k, p)."""

    def multiply(self, block: Float[Tensor, "n k p"]) -> Float[Tensor, "n k p"]: ...


@runtime_checkable
class Sight(Protocol):
    """The loss around n points, as the rule of a step may see it.

    Attributes:
        points: (n, p).
        gradient: (n, p), there, of the examples of the step.
    """

    @property
    def points(self) -> Points: ...

    @property
    def gradient(self) -> Points: ...

    def whole(self) -> Points:
        """The gradient there of the loss on all data."""
        ...

    def hessian(self) -> Operator:
        """The Hessian there, of the loss on all data whatever the examples of the step."""
        ...

    def third(self, left: Points, right: Points) -> Points:
        """The gradient of uᵀHv of that loss there, u and v held fixed: ∇³L[u, v, ·]."""
        ...

    def at(self, points: Points) -> "Sight":
        """The same examples, seen from other points."""
        ...

    def normal(self, step: int) -> Points:
        """Standard normal numbers of a step, each row's from its own seed's stream."""
        ...


@dataclasses.dataclass(frozen=True)
class Noisier:
    """What is in sight, with `factor` times the distance of the examples' gradient from that of all data."""

    sight: Sight
    factor: float | Tensor

    @property
    def points(self) -> Points:
        return self.sight.points

    @property
    def gradient(self) -> Points:
        whole = self.whole()
        return whole + self.factor * (self.sight.gradient - whole)

    def whole(self) -> Points:
        return self.sight.whole()

    def hessian(self) -> Operator:
        return self.sight.hessian()

    def third(self, left: Points, right: Points) -> Points:
        return self.sight.third(left, right)

    def at(self, points: Points) -> "Noisier":
        return Noisier(self.sight.at(points), self.factor)

    def normal(self, step: int) -> Points:
        return self.sight.normal(step)


def seen(rule: Any, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
    """The gradient that a rule steps along, and what it then remembers: the one in sight, unless the rule has `see`.

    Args:
        rule: any; those that wrap another ask it in turn.
        sight: what there is to be seen.
        memory: the rule's.
        step: of the training.
    """
    see = getattr(rule, "see", None)
    return (sight.gradient, memory) if see is None else see(sight, memory, step)
