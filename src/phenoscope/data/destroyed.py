"""Inputs from which all, or some, of what an image shows has been taken away; the labels stay."""

import torch
from torch import Generator, Tensor

from phenoscope.core.options import one_of
from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool, Source

WAYS = ("one order", "own order", "gaussian")


@spec
class Destroyed:
    """The examples of a source with the entries of their inputs put in another order, or drawn anew.

    In "one order", the same for all, the inputs tell as much as before to a network that does not know which entries
    are neighbours. In an "own order" of each only how often which value comes is left. "gaussian" inputs are normal,
    with the mean and standard deviation over all entries of the source, and tell nothing.

    Source: Zhang et al. 2016, Understanding deep learning requires rethinking generalization, arXiv:1611.03530.

    Attributes:
        of: the source.
        how: "one order", "own order" or "gaussian".

    Example:
        >>> from phenoscope.data import Digits
        >>> Destroyed(Digits(), "own order").shape
        (64,)
    """

    of: Source
    how: str

    def __post_init__(self) -> None:
        one_of("how", self.how, WAYS)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.of.shape

    @property
    def classes(self) -> int:
        """Number of classes, or of outputs."""
        return self.of.classes

    def load(self, generator: Generator) -> Pool:
        """The source's examples; the orders, or the entries, are drawn after them."""
        pool = self.of.load(generator)
        order = torch.randperm(pool.train.inputs[0].numel(), generator=generator)
        over = pool.train.inputs.mean(), pool.train.inputs.std()

        def destroyed(examples: Examples) -> Examples:
            flat = self._flat(examples.inputs.flatten(1), order, over, generator)
            return Examples(flat.reshape(examples.inputs.shape), examples.targets)

        return Pool(destroyed(pool.train), None if pool.test is None else destroyed(pool.test), pool.classes)

    def _flat(self, inputs: Tensor, order: Tensor, over: tuple[Tensor, Tensor], generator: Generator) -> Tensor:
        if self.how == "one order":
            return inputs[:, order]
        if self.how == "own order":
            orders = torch.rand(inputs.shape, generator=generator, dtype=torch.float64).argsort(dim=1)
            return inputs.gather(1, orders)
        return over[0] + over[1] * torch.randn(inputs.shape, generator=generator)
