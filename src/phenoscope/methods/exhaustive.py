"""The best of all orders of the units of a tiny network, by trying each."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.symmetries import PermutationStructure, permutation_structure
from phenoscope.instruments.symmetries.aligning import check_alike, distance
from phenoscope.instruments.symmetries.running import loaded
from phenoscope.instruments.symmetries.tracing import tensors_of

MOST = 50_000
"""Orders that are tried unless more are allowed."""


@dataclasses.dataclass(frozen=True)
class BestOrder(Reading):
    """What is smallest over all orders of a network's units.

    Attributes:
        value: the smallest.
        given: in the order in which the network came.
        model: a copy in the best order; it computes what the model computes.
        permutations: that order, by group.
        orders: how many there are; all were tried.
    """

    value: float
    given: float
    model: nn.Module
    permutations: Mapping[str, Tensor]
    orders: int

    @property
    def evidence(self) -> str:
        return f"the smallest over all {self.orders} orders; {self.given:.6g} as given"


def best_order(
    model: nn.Module,
    reference: nn.Module,
    measure: Callable[[nn.Module], float] | None = None,
    *,
    inputs: Any = None,
    most: int = MOST,
) -> BestOrder:
    """The smallest measure over all orders of a network's units, tried one by one: what matching only approaches.

    Unlike matching it can refute: where the smallest barrier is above zero, no order connects the two networks.
    Scales and signs stay as they are.

    Args:
        model: whose units are put in every order; left as it is.
        reference: of the same architecture; left as it is.
        measure: of a network in some order; its distance to the reference unless given. A barrier, say:
            `lambda each: barrier(objective, start, point(each)).value`.
        inputs: a batch as the model takes it; guessed unless given.
        most: orders allowed.

    Raises:
        BadInput: networks of different architectures, or more orders than allowed.

    Example:
        >>> reference, model = (nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)) for _ in range(2))
        >>> found = best_order(model, reference)
        >>> found.orders, found.value <= found.given
        (6, True)
    """
    check_alike(model, reference)
    structure, kept = permutation_structure(reference, inputs), tensors_of(reference)
    count = math.prod(math.factorial(group.size) ** rows for group, rows in _movable(structure))
    if count > most:
        raise BadInput(
            f"the units can be put in {count} orders, more than the {most} allowed. Use `align`, or pass `most=`."
        )
    take = measure or (lambda each: distance(tensors_of(each), kept))
    twin, tensors = loaded(model, tensors_of(model)), tensors_of(model)
    given, best, found = take(twin), math.inf, structure.identity()
    for orders in _every(structure):
        with torch.no_grad():
            for name, value in structure.permuted(tensors, orders).items():
                tensors_of(twin)[name].copy_(value)
        value = take(twin)
        if value < best:
            best, found = value, orders
    return BestOrder(best, given, loaded(model, structure.permuted(tensors, found)), found, count)


def _movable(structure: PermutationStructure) -> list[tuple[Any, int]]:
    """The groups that move, and how many orders each has at once."""
    shapes = [structure.shape(number) for number in range(len(structure.groups))]
    pairs = zip(structure.groups, shapes, strict=True)
    return [(group, math.prod(shape[:-1])) for group, shape in pairs if group.movable]


def _every(structure: PermutationStructure) -> Iterator[dict[str, Tensor]]:
    groups = _movable(structure)
    choices = [itertools.product(itertools.permutations(range(g.size)), repeat=rows) for g, rows in groups]
    for chosen in itertools.product(*choices):
        made = {g.name: torch.tensor(each) for (g, _), each in zip(groups, chosen, strict=True)}
        yield {g.name: made[g.name][0] if g.inside is None else made[g.name] for g, _ in groups}
