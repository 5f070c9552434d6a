"""How good is the average of the points that training passes? Stochastic weight averages, plain and exponential."""

from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one

Averages = tuple[int, Float[Tensor, "n p"]]
"""How many points are in the averages, and the averages, in float64."""


@spec
class Averaged:
    """The network at the average of the points so far: `averaged loss`, `averaged test loss`, `averaged train accuracy`
    and `averaged test accuracy`.

    The plain mean of the points is stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407). With a `decay`
    d each point counts d times as much as the next one, Σ dⁿ⁻ⁱ θᵢ / Σ dⁿ⁻ⁱ over the n points taken: an exponential
    average that is no nearer to its first point than it should be. Layers with running statistics use those of each
    batch at the average, since what they have stored belongs to the network that is trained.

    Attributes:
        every: steps from one reading to the next.
        since: the first step whose point is taken.
        take: steps from one point that is taken to the next; those of a cycle, or of an epoch.
        decay: of an exponential average, between 0 and 1; the plain mean unless given.
        name: what the series begin with, so that two averages of one training keep apart.
    """

    every: int = 50
    since: int = 0
    take: int = 1
    decay: float | None = None
    name: str = "averaged"

    def __post_init__(self) -> None:
        for field in ("every", "take"):
            at_least_one(self, field)
        if self.decay is not None and not 0 < self.decay < 1:
            raise BadInput(f"`decay` of Averaged lies between 0 and 1, got {self.decay}. Leave it out for the mean.")
        if self.since < 0 or not self.name.strip():
            raise BadInput(f"Averaged needs a step from 0 on and a name, got since={self.since}, name={self.name!r}.")

    @property
    def units(self) -> Mapping[str, str]:
        losses = {f"{self.name} loss": "loss", f"{self.name} test loss": "loss"}
        return losses | {f"{self.name} {part} accuracy": "1" for part in ("train", "test")}

    def due(self, step: int) -> bool:
        return step >= self.since and (step % self.every == 0 or self._takes(step))

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: Averages | None) -> Reading:
        taken, averages = (0, torch.zeros_like(moment.points, dtype=torch.float64)) if memory is None else memory
        if self._takes(moment.step):
            taken += 1
            averages = averages + self._share(taken) * (moment.points.double() - averages)
        if moment.step % self.every or not taken:  # a watch may begin between two points that are taken
            return [], (taken, averages)
        return self._rows(moment.elsewhere(averages.to(moment.points))), (taken, averages)

    def _takes(self, step: int) -> bool:
        return step >= self.since and (step - self.since) % self.take == 0

    def _share(self, taken: int) -> float:
        """Of the newest point in the average of so many."""
        return 1 / taken if self.decay is None else (1 - self.decay) / (1 - self.decay**taken)

    def _rows(self, there: Moment) -> list[Rows]:
        both: tuple[Literal["train", "test"], ...] = ("train", "test")
        found = {"loss": there.around.loss, "test loss": there.test_loss()}
        found |= {f"{part} accuracy": there.accuracy(part) for part in both}
        return [Rows(f"{self.name} {what}", there.step, v) for what, v in found.items() if v is not None]
