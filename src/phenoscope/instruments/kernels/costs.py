"""What each way to an empirical kernel costs, counted before it is taken, and how it is cut to fit into memory."""

import dataclasses
import math
from collections.abc import Mapping

from phenoscope.instruments.kernels.subject import Subject
from phenoscope.objective.layers.displaced import Displaced
from phenoscope.objective.layers.rules import Dense

STORED = 10
"""Multiplications that take as long as one number of a derivative that is written to memory and read again."""
PASS = 2**22
"""Numbers inside the network for which examples go through it at a time: what stays in a processor's cache."""

SHARE = 16
"""Of the room for derivatives so much less is for the values inside the network, of which a pass keeps several."""


@dataclasses.dataclass(frozen=True)
class Ask:
    """What a kernel is asked for.

    Attributes:
        counts: examples on either side.
        same: whether these are one set, so that half of the pairs are enough.
        seeds: combinations of outputs, k unless they are sketched.
        full: whether all pairs of outputs are asked for, not only equal ones.
        room: numbers that derivatives may take.
    """

    counts: tuple[int, int]
    same: bool
    seeds: int
    full: bool
    room: float

    @property
    def examples(self) -> int:
        """Whose derivatives are needed."""
        return self.counts[0] if self.same else sum(self.counts)

    @property
    def pairs(self) -> float:
        n, m = self.counts
        return n * m * (0.5 if self.same else 1.0)


@dataclasses.dataclass(frozen=True)
class Cost:
    """A count, before anything is computed.

    Attributes:
        operations: multiplications with additions, and numbers stored, in units of the former.
        each: numbers held for an example while its blocks are made.
        held: numbers held at a time, beside the kernel and what is inside the network during a pass.
        seeds: combinations of outputs that are taken at a time; the trace is a sum over them.
        group: examples whose derivatives are held at a time; all of them where that is possible, else two groups.
    """

    operations: float
    each: float
    held: float
    seeds: int
    group: int


def costs(subject: Subject, few: Displaced, ask: Ask) -> dict[str, Cost]:
    """The cost of each route.

    Args:
        subject: the network.
        few: some examples, which show the sizes of the layers.
        ask: for what.
    """
    pairs, seeds = ask.pairs, ask.seeds
    inner = pairs * seeds * (seeds if ask.full else 1)  # of two numbers
    backward = 2 * subject.forward
    rest = sum(subject.parameters[name].numel() for name in subject.rest)
    made, between, each = _of_layers(subject, few, ask, inner)
    if rest:
        made, between, each = made + backward + STORED * rest, between + inner * rest, each + seeds * rest
    pushed = pairs * seeds * backward + ask.counts[1] * seeds * (backward + STORED * subject.size)
    # Of products, one direction at a time is held for all parameters, and the values in between of a forward pass.
    within = 4.0 * sum(place[0].numel() for place in few.places)
    group = max(1, min(max(ask.counts), int(ask.room / max(1.0, 2 * within))))
    return {
        "jacobian": _cut(backward + STORED * subject.size, inner * subject.size, float(seeds * subject.size), ask),
        "layers": _cut(made, between, each, ask),
        "products": Cost(pushed, within, 2 * within * group, seeds, group),
    }


def cheapest(found: Mapping[str, Cost], room: float) -> str:
    """The cheapest route of which two examples fit; the one that takes least where none does."""
    fitting = {name: cost for name, cost in found.items() if 2 * cost.each <= room}
    if not fitting:
        return min(found, key=lambda name: found[name].each)
    return min(fitting, key=lambda name: fitting[name].operations)


def at_a_time(few: Displaced, room: float) -> int:
    """How many examples go through the network at once, so that a pass takes a small part of the room for numbers."""
    inside = sum(part[0].numel() for part in (*few.places, *few.features))
    return max(1, int(min(PASS, room / SHARE)) // max(1, inside))


def _of_layers(subject: Subject, few: Displaced, ask: Ask, inner: float) -> tuple[float, float, float]:
    """Operations for the derivatives of one example and seed, for all blocks, and the numbers held for an example."""
    made, between, each = subject.forward, 0.0, 0.0
    for layer, features, place in zip(subject.layers, few.features, few.places, strict=True):
        size = layer.rule.size
        if isinstance(layer.rule, Dense) and features.shape[1] == 1:
            k, m = features.shape[2], place[0].numel()
            between += ask.pairs * k + inner * m
            each += k + ask.seeds * m
        else:
            positions = features.shape[1] if isinstance(layer.rule, Dense) else 1
            made += size * (positions + STORED)
            between += inner * size
            each += ask.seeds * size
    return made, between, each


def _cut(made: float, between: float, each: float, ask: Ask) -> Cost:
    """A route by derivatives in pieces that fit: combinations of outputs first, whose parts of the trace add up.

    Only where the derivatives of one combination do not fit for all examples are these cut into groups, and all but
    the last made again for every other group.
    """
    room, examples, seeds = ask.room / 2, ask.examples, ask.seeds  # the other half is for copies
    per = max(1.0, each / seeds)
    fitting = seeds if per * seeds * examples <= room else 0 if ask.full else int(room / (per * examples))
    if fitting:
        operations = examples * seeds * made + between
        return Cost(operations, per * fitting, per * fitting * examples, fitting, max(ask.counts))
    own = seeds if ask.full else 1
    group = max(1, min(max(ask.counts), int(room / (2 * per * own))))
    groups = [math.ceil(count / group) for count in ask.counts]
    again = (groups[0] + 1) / 2 if ask.same else (groups[0] * groups[1] + groups[0]) / sum(groups)
    return Cost(examples * seeds * made * again + between, per * own, 2 * per * own * group, own, group)
