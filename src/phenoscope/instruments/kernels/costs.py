"""What each way to an empirical kernel costs, counted before it is taken."""

import dataclasses
from collections.abc import Mapping

from phenoscope.instruments.kernels.subject import Subject
from phenoscope.objective.displaced import Displaced
from phenoscope.objective.layer_rules import Dense

STORED = 10
"""Multiplications that take as long as one number of a derivative that is written to memory and read again."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """A count, before anything is computed.

    Attributes:
        operations: multiplications with additions, and numbers stored, in units of the former.
        each: numbers held for an example while its blocks are made.
    """

    operations: float
    each: float


def costs(
    subject: Subject, few: Displaced, counts: tuple[int, int], *, same: bool, seeds: int, full: bool
) -> dict[str, Cost]:
    """The cost of each route.

    Args:
        subject: the network.
        few: some examples, which show the sizes of the layers.
        counts: examples on either side.
        same: whether these are one set, so that half of the pairs are enough.
        seeds: combinations of outputs, k unless they are sketched.
        full: whether all pairs of outputs are asked for, not only equal ones.
    """
    n, m = counts
    pairs = n * m * (0.5 if same else 1.0)
    examples = n if same else n + m
    inner = pairs * seeds * (seeds if full else 1)  # of two numbers
    backward = 2 * subject.forward

    def by_rows(size: int) -> Cost:
        operations = examples * seeds * (backward + STORED * size) + inner * size
        return Cost(operations if size else 0.0, seeds * size)

    of_layers = _layers(subject, few, gradients=examples * seeds, pairs=pairs, seeds=seeds, inner=inner)
    rest = by_rows(sum(subject.parameters[name].numel() for name in subject.rest))
    layered = Cost(
        examples * seeds * subject.forward + of_layers.operations + rest.operations, of_layers.each + rest.each
    )
    pushed = pairs * seeds * backward + m * seeds * (backward + STORED * subject.size)
    # Of products, one direction at a time is held for all parameters, and the values in between of a forward pass.
    held = sum(place[0].numel() for place in few.places)
    return {"jacobian": by_rows(subject.size), "layers": layered, "products": Cost(pushed, 4.0 * held)}


def cheapest(found: Mapping[str, Cost], room: float) -> str:
    """The cheapest route of which two examples fit; the one that takes least where none does."""
    fitting = {name: cost for name, cost in found.items() if 2 * cost.each <= room}
    if not fitting:
        return min(found, key=lambda name: found[name].each)
    return min(fitting, key=lambda name: fitting[name].operations)


def _layers(subject: Subject, few: Displaced, *, gradients: int, pairs: float, seeds: int, inner: float) -> Cost:
    operations = each = 0.0
    for layer, features, place in zip(subject.layers, few.features, few.places, strict=True):
        size = layer.rule.size
        if isinstance(layer.rule, Dense) and features.shape[1] == 1:
            k, m = features.shape[2], place[0].numel()
            operations += pairs * k + inner * m
            each += k + seeds * m
        else:
            positions = features.shape[1] if isinstance(layer.rule, Dense) else 1
            operations += gradients * size * (positions + STORED) + inner * size
            each += seeds * size + features[0].numel()
    return Cost(operations, each)
