"""A moment of somebody's own training loop, as probes look at it."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.optim import Optimizer

from phenoscope.core.seeds import stream
from phenoscope.objective import Linearisation, Objective
from phenoscope.training import Memory, effective_threshold, threshold
from phenoscope.training.dividing import divided
from phenoscope.watching.optimizers import Recognised, memory_of, recognised

SEED = 0
"""Of the random streams that the readings of a watched run draw from."""


@dataclasses.dataclass(frozen=True, eq=False)
class OwnMoment:
    """The model as it stands before an update; a cohort of one row.

    Attributes:
        step: updates made so far.
        points: (1, p).
        around: the loss on the data of the watch around the point.
        own: the loss as a function.
        optimizer: what the optimizer is set to now.
        recall: looks up what it remembers, in the form of the recognised rule.
        divided: looks up what it divides its steps by, or why that is not known.
        seed: of the probes' random streams.
    """

    step: int
    points: Float[Tensor, "1 p"]
    around: Linearisation
    own: Objective
    optimizer: Recognised
    recall: Callable[[], Memory]
    divided: Callable[[], tuple[Tensor | None, str]]
    seed: int = SEED

    @property
    def alive(self) -> Bool[Tensor, " 1"]:
        return torch.ones(1, dtype=torch.bool, device=self.points.device)

    @property
    def memory(self) -> Memory:
        """What the optimizer remembers, in the form of the recognised rule."""
        return self.recall()

    @property
    def batch(self) -> None:
        """What mini-batches the loop takes cannot be seen from its optimizer."""
        return None

    def at(self, points: Float[Tensor, "1 p"]) -> Linearisation:
        """The loss on the data of the watch around another point."""
        return self.own.at(points[0])

    def mini_batches(self, size: int, count: int, name: str) -> Iterator[Linearisation]:
        """The loss around the point on independent mini-batches of the data of the watch."""
        if size >= sum(self.own.partition):
            yield self.around
            return
        for part in self.own.sampled(size, count, generator=stream(self.seed, name, self.step)):
            yield part.at()

    def groups(self, row: int) -> None:
        """What groups the examples of somebody's own data make is not known."""
        return

    @property
    def rates(self) -> Float[Tensor, " 1"] | None:
        rate = self.optimizer.rate
        return None if rate is None else self.points.new_tensor([rate])

    @property
    def thresholds(self) -> Float[Tensor, " 1"] | None:
        rule, slope = self.optimizer.rule, self.around.gradient.double().norm().item()
        return self._column(None if rule is None else threshold(rule, self.step, slope))

    @property
    def preconditioner(self) -> Float[Tensor, "1 p"] | None:
        found, _ = self.divided()
        return None if found is None else found[None]

    @property
    def effective_thresholds(self) -> Float[Tensor, " 1"] | None:
        rule = self.optimizer.rule
        return self._column(None if rule is None else effective_threshold(rule, self.step))

    def elsewhere(self, points: Float[Tensor, "1 p"]) -> "OwnMoment":
        """The same moment at another point, where layers with running statistics use those of each batch instead."""
        own = self.own.with_batch_statistics() if self.own.normalises else self.own
        return dataclasses.replace(self, points=points, around=own.at(points[0]), own=own)

    def _column(self, limit: float | None) -> Float[Tensor, " 1"] | None:
        return None if limit is None else torch.tensor([limit], dtype=torch.float64, device=self.points.device)

    def accuracy(self, part: Literal["train", "test"]) -> Float[Tensor, " 1"] | None:
        """Of the data of the watch, if its targets are classes; there is no other part."""
        right = self.own.accuracy(self.points[0]) if part == "train" else None
        return None if right is None else right[None]

    def test_loss(self) -> None:
        """A watch has one set of data, and no other part."""

    def objective(self, row: int) -> Objective:
        """The loss on the data of the watch; there is one row."""
        return self.own

    def held_out(self, row: int) -> None:
        """A watch has one set of data, and no other part."""


def moment(objective: Objective, optimizer: Optimizer, step: int) -> OwnMoment:
    """The model and the optimizer as they stand now."""
    around, seen = objective.at(), recognised(optimizer)

    def memory() -> Memory:
        return {} if seen.rule is None else memory_of(optimizer, seen.rule, objective.model, around.points)

    def divides() -> tuple[Tensor | None, str]:
        return divided(optimizer, objective.model, around.gradient[0])

    return OwnMoment(step, around.points, around, objective, seen, memory, divides)


@contextlib.contextmanager
def at_rest(model: nn.Module) -> Iterator[None]:
    """The model as it is to be measured: nothing drawn, no mixed precision, compiled parts run as written.

    Dropout is switched off (normalisation layers follow the objective's own policy) and everything put back after.
    """
    modes = [(module, module.training) for module in model.modules()]
    device = next(model.parameters()).device.type
    try:
        for module, _ in modes:
            module.training = False
        # Second derivatives do not go through compiled graphs; the stance is that of compiled parts everywhere.
        with torch.autocast(device, enabled=False), torch.compiler.set_stance("force_eager"):
            yield
    finally:
        for module, mode in modes:
            module.training = mode
