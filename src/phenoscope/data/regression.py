"""Sparse regression: the problem in which it is known which inputs matter."""

import torch
from torch import Generator

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import spec
from phenoscope.data.examples import Examples, Pool


@spec
class SparseRegression:
    """Standard normal inputs x and targets y = ⟨β, x⟩, where β is +1, -1, +1, ... on the first few inputs and 0 beyond.

    Which inputs matter is fixed, as the others have the same distribution: then a network can be asked which it found.
    Examples are drawn anew by each `load`. There is no noise and no official test part. Its one output is a number, so
    the loss is the squared error.

    Attributes:
        dimensions: entries of one input.
        support: inputs that matter.
        examples: number of examples in all.
    """

    dimensions: int
    support: int
    examples: int

    def __post_init__(self) -> None:
        if not 1 <= self.support <= self.dimensions or self.examples < 1:
            raise BadInput(
                f"sparse regression needs an example, and a support from 1 to the number of dimensions, got {self}."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input: (dimensions,)."""
        return (self.dimensions,)

    @property
    def classes(self) -> int:
        """Number of outputs: one number."""
        return 1

    def load(self, generator: Generator) -> Pool:
        """Draw the inputs; the targets follow from them."""
        inputs = torch.randn(self.examples, self.dimensions, generator=generator, dtype=torch.float64)
        signs = 1.0 - 2.0 * (torch.arange(self.support, dtype=torch.float64) % 2)
        return Pool(Examples(inputs.float(), (inputs[:, : self.support] @ signs).float()), None, self.classes)
