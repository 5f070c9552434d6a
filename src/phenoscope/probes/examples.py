"""Which examples bear the change of the loss in a step?"""

from collections.abc import Mapping

import torch
from torch import Tensor

from phenoscope.core.specs import spec
from phenoscope.probes.probe import Moment, Reading, Rows, at_least_one

TOP, PLANTED, OPPOSITE = "top share of change", "planted share of top", "opposite changes"


@spec
class ExampleChanges:
    """How a single step changes the losses of single examples; known one step later.

    `top share of change` is the part of all absolute changes that the `top` examples bear, those with the largest ones.
    Where the data set knows of groups of examples (`Planted`), `planted share of top` is the part of them that is in
    one, and `opposite changes` is 1 where the mean losses of the first two groups changed in opposite directions, else
    0.

    Attributes:
        every: steps from one reading to the next, at least 2.
        top: how many examples are looked at.
    """

    every: int = 10
    top: int = 20

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        at_least_one(self, "top")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys((TOP, PLANTED, OPPOSITE), "1")

    def due(self, step: int) -> bool:
        return self._begins(step) or step % self.every == 1 % self.every

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: Tensor | None) -> Reading:
        networks = [moment.objective(row) for row in range(len(moment.alive))]
        if any(network is None for network in networks):
            return [], None
        losses = torch.stack([network.example_losses() for network in networks if network is not None])  # (n, b)
        rows = [] if memory is None else self._rows(moment, losses - memory)
        return rows, losses if self._begins(moment.step) else None

    def _begins(self, step: int) -> bool:
        return step % self.every == 0

    def _rows(self, moment: Moment, changes: Tensor) -> list[Rows]:
        """The readings of the step before this moment, from the changes (n, b) in it."""
        sizes, order = changes.abs().sort(dim=1, descending=True)
        found = {TOP: sizes[:, : self.top].sum(dim=1) / sizes.sum(dim=1)}
        known = [moment.groups(row) for row in range(len(changes))]
        groups = [each for each in known if each is not None]
        if len(groups) == len(changes) and all(bool((each == 2).any()) for each in groups):
            first = order[:, : self.top].cpu()
            shares = [(each[top] > 0).double().mean() for each, top in zip(groups, first, strict=True)]
            found[PLANTED] = torch.stack(shares)
            pairs = zip(groups, changes.cpu(), strict=True)
            found[OPPOSITE] = torch.stack([_opposite(row[each == 1], row[each == 2]) for each, row in pairs])
        return [Rows(name, moment.step - 1, values) for name, values in found.items()]


def _opposite(one: Tensor, other: Tensor) -> Tensor:
    return (one.mean() * other.mean() < 0).double()
