"""Two groups of the classes of a source, told apart by one number: the smallest problem of real data."""

import dataclasses

import torch
from torch import Generator

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool, Source


@spec
class Sides:
    """The examples of a source whose target is a number: +1 for the labels in `plus`, -1 for those in `minus`.

    Examples of other labels are left out. The one output is a number, so the loss is the squared error. A network with
    one output has fewer directions of large curvature than one with an output a class, often a single one.

    Attributes:
        of: the source, which has class labels.
        plus, minus: labels, each in one of the two at most.

    Example:
        >>> from phenoscope.data import Digits
        >>> pool = Sides(Digits(), plus=(3,), minus=(8,)).load(torch.Generator())
        >>> len(pool.train), sorted(set(pool.train.targets.tolist()))
        (357, [-1.0, 1.0])
    """

    of: Source
    plus: tuple[int, ...]
    minus: tuple[int, ...]

    def __post_init__(self) -> None:
        labels, there = (*self.plus, *self.minus), self.of.classes
        if not self.plus or not self.minus or len(set(labels)) < len(labels) or not set(labels) <= set(range(there)):
            raise BadInput(
                f"two sides need different labels from 0 to {there - 1}, some on each, got plus={self.plus} and "
                f"minus={self.minus}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.of.shape

    @property
    def classes(self) -> int:
        """Number of outputs: one number."""
        return 1

    def load(self, generator: Generator) -> Pool:
        """The source's examples of these labels, in its order."""
        pool = self.of.load(generator)
        if not pool.train.classified:
            raise BadInput("two sides are made of class labels, and this source is a regression already.")
        test = None if pool.test is None else self._told(pool.test)
        return Pool(self._told(pool.train), test, 1)

    def _told(self, examples: Examples) -> Examples:
        side = torch.zeros(self.of.classes)
        side[list(self.plus)], side[list(self.minus)] = 1.0, -1.0
        told = dataclasses.replace(examples, targets=side[examples.targets])
        return told.take(told.targets != 0)
