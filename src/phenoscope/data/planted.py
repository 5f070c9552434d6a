"""A feature that examples of two classes share and that says nothing of which: planted, so that its part is known."""

import dataclasses

import torch
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data.dataset import Dataset
from phenoscope.data.examples import Draw, Examples

KEEPS = ("all", "without planted", "without others")


@spec
class Planted:
    """A data set in whose training part some examples of two classes get a bright background.

    Every entry of a planted input is raised by `strength`, in the units of the prepared inputs. The draw's `groups` say
    which examples those are. With another `keep` as many examples are left out after that: the planted ones, or as many
    others at random, for a control; all three start from one draw. The test part stays as it is.

    Source: Rosenfeld and Risteski 2023, Outliers with opposing signals have an outsized effect on neural network
    optimization, arXiv:2311.04163.

    Attributes:
        of: the data set.
        pair: the two classes.
        count: planted examples of each.
        strength: how much brighter.
        keep: "all", "without planted" or "without others".
    """

    of: Dataset
    pair: tuple[int, int]
    count: int
    strength: float
    keep: str = "all"

    def __post_init__(self) -> None:
        one_of("keep", self.keep, KEEPS)
        if self.count < 1 or len(set(self.pair)) != 2 or not set(self.pair) <= set(range(self.of.outputs)):
            raise BadInput(
                f"a feature is planted in at least one example of each of two classes out of {self.of.outputs}, got "
                f"count={self.count} and pair={self.pair}."
            )

    @property
    def train(self) -> int | None:
        """Training examples, of those left out none."""
        return None if self.of.train is None else self.of.train - (0 if self.keep == "all" else 2 * self.count)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.of.shape

    @property
    def outputs(self) -> int:
        """Number of classes."""
        return self.of.outputs

    def draw(self, generator: Generator) -> Draw:
        """The draw of the data set, planted; `groups` is 1 and 2 for the planted examples of the two classes."""
        drawn = self.of.draw(generator)
        choice = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        groups = self._groups(drawn.train, choice)
        bright = drawn.train.inputs + self.strength * (groups > 0).view(-1, *(1,) * (drawn.train.inputs.ndim - 1))
        kept = self._kept(groups, choice)
        train = Examples(bright, drawn.train.targets).take(kept)
        return dataclasses.replace(drawn, train=train, groups=groups[kept])

    def _groups(self, train: Examples, choice: int) -> Tensor:
        groups = torch.zeros(len(train), dtype=torch.int64)
        for place, label in enumerate(self.pair, start=1):
            there = (train.targets == label).nonzero()[:, 0]
            if len(there) < self.count:
                raise BadInput(f"{self.count} examples of class {label} are to be planted, but there are {len(there)}.")
            order = torch.randperm(len(there), generator=stream(choice, "planted", place))
            groups[there[order[: self.count]]] = place
        return groups

    def _kept(self, groups: Tensor, choice: int) -> Tensor:
        """A mask of those that stay."""
        if self.keep == "without planted":
            return groups == 0
        kept = torch.ones(len(groups), dtype=torch.bool)
        if self.keep == "without others":
            others = (groups == 0).nonzero()[:, 0]
            if len(others) <= 2 * self.count:
                raise BadInput(f"{2 * self.count} others cannot be left out of {len(others)}. Plant fewer.")
            order = torch.randperm(len(others), generator=stream(choice, "others"))
            kept[others[order[: 2 * self.count]]] = False
        return kept
