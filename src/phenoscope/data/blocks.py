"""Two blocks of inputs that each tell the class, one simply and one not: which of them does a network use?"""

import torch
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.data.digits import Digits
from phenoscope.data.examples import Examples, Pool

HELD_OUT = 3
"""One digit in so many is kept for the test part."""


@spec
class Slabs:
    """Two classes; the first entry of an input tells them apart by one threshold, the next one only by several.

    An entry with k slabs lies in one of k intervals of equal width that fill [-1, 1] but for gaps of 2 `margin`; the
    classes alternate from slab to slab. The first entry has two slabs, so its sign is the class, with that margin. The
    second has `slabs`; an odd number of them tells a linear function nothing, since both classes lie symmetrically
    around 0. Both tell the class of every example, and given the class they are independent. `noise` further entries
    are uniform on [-1, 1].

    Source: Shah et al. 2020, The pitfalls of simplicity bias in neural networks, arXiv:2006.07710.

    Attributes:
        slabs: of the second entry, an odd number of at least 3.
        margin: half the gap between neighbouring slabs.
        noise: entries that tell nothing.
        right: the share of examples whose first entry lies on the side of their class, on average; at ½ it tells
            nothing, and the second entry is all there is.
        examples: number of examples in all.

    Example:
        >>> pool = Slabs(examples=50).load(torch.Generator().manual_seed(0))
        >>> bool(((pool.train.inputs[:, 0] > 0) == pool.train.targets.bool()).all())
        True
    """

    slabs: int = 5
    margin: float = 0.1
    noise: int = 0
    right: float = 1.0
    examples: int = 2000

    def __post_init__(self) -> None:
        if self.slabs < 3 or self.slabs % 2 == 0 or not 0 < self.margin < 1 / (self.slabs - 1):
            raise BadInput(
                "slabs are an odd number of at least 3, with a positive margin that leaves room for them; got "
                f"slabs={self.slabs} and margin={self.margin}."
            )
        if self.noise < 0 or self.examples < 1:
            raise BadInput(f"slabs need an example and no negative number of noise entries, got {self}.")
        _check_share(self.right)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return (2 + self.noise,)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return 2

    def load(self, generator: Generator) -> Pool:
        """Draw the examples."""
        labels = torch.randint(2, (self.examples,), generator=generator)
        easy = self._entry(_told(labels, self.right, generator), 2, generator)
        hard = self._entry(labels, self.slabs, generator)
        rest = 2 * torch.rand(self.examples, self.noise, generator=generator, dtype=torch.float64) - 1
        return Pool(Examples(torch.cat((easy[:, None], hard[:, None], rest), dim=1).float(), labels), None, 2)

    def _entry(self, labels: Tensor, count: int, generator: Generator) -> Tensor:
        """(n,), each in a slab of its label: those of the same parity."""
        width = (2 - 2 * self.margin * (count - 1)) / count
        there = (count - labels + 1) // 2  # slabs of each label
        drawn, place = torch.rand(2, len(labels), generator=generator, dtype=torch.float64)
        slab = 2 * (drawn * there).long() + labels
        return -1 + slab * (width + 2 * self.margin) + place * width


@spec
class TwoDigits:
    """Two scans of `Digits` beside each other; each of them tells the class, the first one more simply.

    Every example has a digit of the second block to itself; one of the first block is drawn for it from those of its
    class. A third of all scans is kept for the test part, in both blocks.

    Attributes:
        easy: the digits of the two classes in the first block.
        hard: those in the second.
        right: the share of examples whose first digit is one of their class, on average; at ½ it tells nothing.
        strength: the factor of all entries of the first scan.
        apart: whether training examples have one of the two scans only, the first or the second one by turns, and the
            other block is 0; test examples have both.
        blank: whether test examples have the second scan only: what is told by that one alone.

    Example:
        >>> TwoDigits().shape
        (128,)
    """

    easy: tuple[tuple[int, ...], tuple[int, ...]] = ((0,), (1,))
    hard: tuple[tuple[int, ...], tuple[int, ...]] = ((0, 2, 4, 6, 8), (1, 3, 5, 7, 9))
    right: float = 1.0
    strength: float = 1.0
    apart: bool = False
    blank: bool = False

    later = ("strength", "apart", "blank")

    def __post_init__(self) -> None:
        for name in ("easy", "hard"):
            sides = getattr(self, name)
            labels = [label for side in sides for label in side]
            if len(sides) != 2 or not all(sides) or len(set(labels)) < len(labels) or not set(labels) <= set(range(10)):
                raise BadInput(f"`{name}` names different digits, some for each of the two classes, got {sides}.")
        _check_share(self.right)
        if not self.strength > 0:
            raise BadInput(f"the strength of the first scan is positive, got {self.strength}.")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input: the entries of the first scan, then those of the second."""
        return (128,)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return 2

    def load(self, generator: Generator) -> Pool:
        """Pair the scans."""
        scans = Digits().load(generator).train
        order = torch.randperm(len(scans), generator=generator)
        kept = len(scans) // HELD_OUT
        train, test = (self._paired(scans.take(part), generator) for part in (order[kept:], order[:kept]))
        if self.apart:
            blocks, turn = train.inputs.reshape(-1, 2, 64).clone(), torch.arange(len(train))
            blocks[turn, 1 - turn % 2] = 0
            train = Examples(blocks.flatten(1), train.targets)
        if self.blank:
            test = Examples(test.inputs * (torch.arange(128) >= 64), test.targets)
        return Pool(train, test, 2)

    def _paired(self, scans: Examples, generator: Generator) -> Examples:
        easy, hard = (_sides(scans.targets, sides) for sides in (self.easy, self.hard))
        second = (hard >= 0).nonzero()[:, 0]
        labels = hard[second]
        first = torch.empty_like(second)
        told = _told(labels, self.right, generator)
        for label in range(2):
            wanted, there = told == label, (easy == label).nonzero()[:, 0]
            first[wanted] = there[torch.randint(len(there), (int(wanted.sum()),), generator=generator)]
        return Examples(torch.cat((self.strength * scans.inputs[first], scans.inputs[second]), dim=1), labels)


def _told(labels: Tensor, right: float, generator: Generator) -> Tensor:
    """The labels that the first block tells: the other one in a share of 1 - `right` of the examples."""
    wrong = torch.rand(len(labels), generator=generator, dtype=torch.float64) >= right
    return torch.where(wrong, 1 - labels, labels)


def _sides(digits: Tensor, sides: tuple[tuple[int, ...], tuple[int, ...]]) -> Tensor:
    """(n,): 0 or 1 for the side that a digit is on, and -1 for one that is on neither."""
    found = torch.full((10,), -1)
    for label, side in enumerate(sides):
        found[list(side)] = label
    return found[digits]


def _check_share(right: float) -> None:
    if not 0 <= right <= 1:
        raise BadInput(f"`right` is a share of the examples, from 0 to 1, got {right}.")
