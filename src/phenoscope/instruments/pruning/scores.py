"""What a weight is worth: one short function a score. Whatever its sign and scale, more is more to be kept."""

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.instruments.pruning.flow import flow
from phenoscope.objective import Objective


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """What a score may look at.

    Attributes:
        model: with the weights removed so far at 0; not to be changed.
        weights: the prunable ones by name, those removed so far 0; not to be changed either.
        objective: the loss of this model on the data, where there are any.
        example: arguments of a call for one example.
        still: makes a copy of the model in float64 and evaluation mode, once for all rounds.
        generator: for all that is drawn.
    """

    model: nn.Module
    weights: dict[str, Tensor]
    objective: Objective | None
    example: Callable[[], Any]
    still: Callable[[], nn.Module]
    generator: torch.Generator

    def loss(self) -> Objective:
        """The objective, which the score needs."""
        if self.objective is None:
            raise BadInput("this score is read off the loss on data. Pass `data=` and `loss=`.")
        return self.objective

    def named(self, point: Tensor) -> dict[str, Tensor]:
        """The entries of a point (p,) that belong to the prunable weights."""
        parts = layout(self.model).unravel(point)
        return {name: parts[name] for name in self.weights}


@dataclasses.dataclass(frozen=True)
class Score:
    """A way to rank weights.

    Attributes:
        says: one line for a person.
        source: where it comes from.
        read: of a subject, the score of every weight by name, in the weights' shapes.
        data: whether it needs data and a loss.
        rounds: in how many rounds it is meant to be used.
    """

    says: str
    source: str
    read: Callable[[Subject], dict[str, Tensor]]
    data: bool = False
    rounds: int = 1


@runtime_checkable
class Weighted(Protocol):
    """What has weights by name: all that pruning by magnitude looks at, here and in the rounds of a training."""

    @property
    def weights(self) -> dict[str, Tensor]: ...


def magnitude(subject: Weighted) -> dict[str, Tensor]:
    """The size of the weight, |w|."""
    return {name: weight.abs() for name, weight in subject.weights.items()}


def random(subject: Subject) -> dict[str, Tensor]:
    """A number between 0 and 1."""

    def drawn(weight: Tensor) -> Tensor:
        return torch.rand(weight.shape, generator=subject.generator, dtype=torch.float64).to(weight.device)

    return {name: drawn(weight) for name, weight in subject.weights.items()}


def snip(subject: Subject) -> dict[str, Tensor]:
    """By how much the loss changes, to first order, when the weight is removed: |w · ∂L/∂w|."""
    slopes = subject.named(subject.loss().gradient())
    return {name: (weight * slopes[name]).abs() for name, weight in subject.weights.items()}


def grasp(subject: Subject) -> dict[str, Tensor]:
    """By how much ½‖g‖² falls, to first order, when the weight is removed: w · (Hg); g is that of all parameters."""
    objective = subject.loss()
    operator = objective.hessian()
    products = subject.named(operator @ objective.gradient())
    return {name: weight * products[name] for name, weight in subject.weights.items()}


def synflow(subject: Subject) -> dict[str, Tensor]:
    """The part of the flow of absolute weights that passes through the weight: |w| · ∂R/∂|w|."""
    sizes = {name: weight.abs().double() for name, weight in subject.weights.items()}
    slopes = flow(subject.still(), sizes, subject.example())
    return {name: size * slopes[name].abs() for name, size in sizes.items()}


def path_norm(subject: Subject) -> dict[str, Tensor]:
    """The part in the squared norm of all paths: w² · ∂R/∂w², with R the flow of squared weights."""
    squares = {name: weight.double().square() for name, weight in subject.weights.items()}
    slopes = flow(subject.still(), squares, subject.example(), power=2)
    return {name: square * slopes[name].abs() for name, square in squares.items()}


SCORES: dict[str, Score] = {
    "magnitude": Score("the size of the weight", "Han et al. 2015, arXiv:1506.02626", magnitude),
    "random": Score("nothing at all: the baseline of every other score", "chance", random),
    "snip": Score(
        "change of the loss when the weight is removed, to first order",
        "Lee et al. 2018, arXiv:1810.02340",
        snip,
        data=True,
    ),
    "grasp": Score(
        "fall of the squared gradient norm when the weight is removed, to first order",
        "Wang et al. 2020, arXiv:2002.07376",
        grasp,
        data=True,
    ),
    "synflow": Score(
        "part of the flow of absolute weights that passes through the weight",
        "Tanaka et al. 2020, arXiv:2006.05467",
        synflow,
        rounds=100,
    ),
    "path_norm": Score(
        "part of the squared norm of all paths that passes through the weight",
        "Gebhart et al. 2021, arXiv:2101.10552",
        path_norm,
        rounds=100,
    ),
}
"""All scores by name; one more is a short function and an entry here, and every other choice applies to it as well."""
