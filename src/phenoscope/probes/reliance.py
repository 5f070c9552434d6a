"""Which block of the inputs do the answers rest on?"""

import math
from collections.abc import Mapping

import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.instruments import shuffled_auc
from phenoscope.objective import Objective
from phenoscope.probes.probe import Moment, Reading, Regular, Rows, at_least_one

FIRST, SECOND, GIVEN = "AUC, first block shuffled", "AUC, second block shuffled", "test AUC"


@spec
class BlockReliance(Regular):
    """How well two classes are told apart on the test examples when one block of the inputs is shuffled among them.

    `test AUC` is the area under the ROC curve of the inputs as they are, `AUC, first block shuffled` and `AUC, second
    block shuffled` those after the first entries, or all others, were dealt out anew (`instruments.shuffled_auc`); nan
    where there is no network or no test example.

    Attributes:
        every: steps from one reading to the next.
        entries: of the flattened inputs that make the first block.
        shuffles: of each block.
    """

    every: int = 50
    entries: int = 1
    shuffles: int = 8

    def __post_init__(self) -> None:
        at_least_one(self, "every")
        if self.entries < 1 or self.shuffles < 2:
            raise BadInput(
                f"a block has at least 1 entry and is shuffled at least twice, got entries={self.entries} and "
                f"shuffles={self.shuffles}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys((FIRST, SECOND, GIVEN), "1")

    def update(self, moment: Moment, memory: None) -> Reading:
        networks = [moment.held_out(row) for row in range(len(moment.alive))]
        found = torch.tensor([self._areas(network, moment) for network in networks], dtype=torch.float64)  # (n, 3)
        return [Rows(name, moment.step, found[:, place]) for place, name in enumerate(self.units)], None

    def _areas(self, network: Objective | None, moment: Moment) -> tuple[float, float, float]:
        if network is None:
            return math.nan, math.nan, math.nan
        shape = next(iter(network.terms.passes()))[0].shape[1:]
        first = (torch.arange(shape.numel()) < self.entries).reshape(shape)
        drawn = stream(moment.seed, "shuffled blocks", moment.step)
        one, other = (
            shuffled_auc(network, block, shuffles=self.shuffles, generator=drawn) for block in (first, ~first)
        )
        return one.value, other.value, one.given
