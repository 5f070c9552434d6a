"""What a data set consists of: examples, the pool they are drawn from, and one draw."""

import dataclasses
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int, Shaped
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Inputs with their class labels, or with the numbers of a regression, row by row.

    Attributes:
        inputs: (n, ...), one input a row.
        targets: (n,), class labels from 0; floating-point numbers in a regression.
    """

    inputs: Float[Tensor, "n ..."]
    targets: Shaped[Tensor, " n"]

    def __post_init__(self) -> None:
        if self.targets.ndim != 1 or self.inputs.ndim == 0 or len(self.inputs) != len(self.targets):
            raise BadInput(
                f"inputs (n, ...) need targets (n,), got shapes {tuple(self.inputs.shape)} and "
                f"{tuple(self.targets.shape)}. Pass one label a row."
            )

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def classified(self) -> bool:
        """Whether the targets are class labels, of which an answer can be right or wrong."""
        return not self.targets.is_floating_point()

    def take(self, index: Tensor) -> "Examples":
        """The examples at these positions (or under this mask), in this order, as a copy."""
        return Examples(self.inputs[index], self.targets[index])


@dataclasses.dataclass(frozen=True, eq=False)
class Pool:
    """Everything a source has.

    Attributes:
        train: the examples that training sets are drawn from.
        test: the official test part, or `None` where there is none; test sets then come from `train`.
        classes: number of classes.
    """

    train: Examples
    test: Examples | None
    classes: int


@dataclasses.dataclass(frozen=True, eq=False)
class Draw:
    """One drawn data set.

    Attributes:
        train: training examples.
        test: test examples, none of them in `train`; may have no rows.
        classes: number of classes.
        groups: (n,), of the training examples, where the data set knows of some (as `Planted` does): from 1, and 0
            for the others.
    """

    train: Examples
    test: Examples
    classes: int
    groups: Int[Tensor, " n"] | None = None


@runtime_checkable
class Source(Protocol):
    """A spec that gives a pool; what its inputs look like is known without loading it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        ...

    @property
    def classes(self) -> int:
        """Number of classes; 1 in a regression, whose one output is a number."""
        ...

    def load(self, generator: Generator) -> Pool:
        """The pool; only sources that are random by definition use the generator."""
        ...
