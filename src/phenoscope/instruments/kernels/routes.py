"""Ways to the blocks of an empirical kernel; they share nothing but the network, and agree to rounding.

Each gives, for a group of examples, its derivatives as factors by part of the network; products have no derivatives to
hold, and give blocks at once.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from phenoscope.core.points import flattened
from phenoscope.instruments.kernels.blocks import Shape, add_block, roomy
from phenoscope.instruments.kernels.multiplying import FasterDense
from phenoscope.instruments.kernels.subject import Named, Subject
from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.layers.displaced import Displaced, Layer
from phenoscope.objective.layers.rules import Factor

Factors = Mapping[str, Sequence[Factor]]
"""By the part of the network that they belong to."""
Part = Callable[[str], str]
"""From the name of a parameter to that of its part."""


def derivatives(
    subject: Subject, batch: Batch, seeds: Tensor, layers: Sequence[Layer], *, part: Part, shape: Shape, size: int
) -> Factors:
    """Rows of the Jacobian, in short where a layer's rule is used: its inputs, and the gradients in its outputs.

    Args:
        subject: the network.
        batch: a group of examples.
        seeds: combinations of outputs (s, k).
        layers: whose rules are used; of all other chosen parameters there are the rows themselves.
        part: of the network, that a parameter belongs to.
        shape: of the blocks that are to come.
        size: examples that go through the network at a time: what a pass needs stays in the processor's cache.
    """
    into = _Rows(len(seeds), length(batch), part, shape)
    rest = subject.rest if layers else subject.chosen
    for start in range(0, length(batch), size):
        where = slice(start, min(start + size, length(batch)))
        some = take(batch, where.start, where.stop)
        if layers:
            with FasterDense():
                piece = subject.displaced(some)
            _fill(into, piece, seeds, where)
        if rest:
            for name, rows in subject.rows(some, seeds, rest).items():
                into.rows(name, where, slice(None), flattened(rows.detach(), 2))
    return into.factors()


def blocks_of(left: Factors, right: Factors, shape: Shape) -> Named:
    """The block of each part."""
    found: Named = {}
    for name, factors in left.items():
        total = None
        for one, other in zip(factors, right[name], strict=True):
            total = add_block(total, one, other, shape)
        assert total is not None
        found[name] = total
    return found


def by_products(subject: Subject, left: Batch, right: Batch, seeds: Tensor, *, shape: Shape, part: Part) -> Named:
    """Columns J (J_mᵀ s): a product backwards for one example, then one forwards for all of the other group.

    With several parts, each is pushed forwards by itself.
    """
    names: dict[str, list[str]] = {}
    for name in subject.chosen:
        names.setdefault(part(name), []).append(name)
    columns: dict[str, list[Tensor]] = {name: [] for name in names}
    for i in range(length(right)):
        rows = subject.rows(take(right, i, i + 1), seeds, subject.chosen)
        for name, own in names.items():
            images = subject.pushed(left, {each: rows[each][:, 0] for each in own}) @ seeds.mT  # (d, n, c)
            columns[name].append(images)
    return {name: _of_columns(torch.stack(parts), shape) for name, parts in columns.items()}


def _of_columns(columns: Tensor, shape: Shape) -> Tensor:
    """(m, d, n, c) as a block."""
    if shape == "full":
        return columns.permute(3, 2, 1, 0)
    each = columns.diagonal(dim1=1, dim2=3)  # (m, n, c)
    return each.sum(2).mT if shape == "trace" else each.permute(2, 1, 0)


class _Rows:
    """Derivatives as they come in, a few examples at a time, and in the end as factors.

    Args:
        seeds, count: combinations of outputs, and examples.
        part: of the network, that a parameter belongs to.
        shape: of the blocks that are to come.
    """

    def __init__(self, seeds: int, count: int, part: Part, shape: Shape) -> None:
        self._seeds, self._count, self._part = seeds, count, part
        self._shape: Shape = shape
        self._inputs: dict[str, Tensor] = {}
        self._rows: dict[str, Tensor] = {}

    def inputs(self, name: str, where: slice, found: Tensor) -> None:
        """What all rows of a layer are multiplied by, (b, k)."""
        if name not in self._inputs:
            self._inputs[name] = found.new_empty(self._count, found.shape[1])
        self._inputs[name][where] = found

    def rows(self, name: str, where: slice, seed: int | slice, found: Tensor) -> None:
        """(b, m), or for several seeds (c, b, m)."""
        if name not in self._rows:
            self._rows[name] = roomy(self._seeds, self._count, found.shape[-1:], self._shape, found)
        self._rows[name][seed, where] = found

    def factors(self) -> Factors:
        found: dict[str, list[Factor]] = {}
        for name, rows in self._rows.items():
            found.setdefault(self._part(name), []).append(Factor(self._inputs.get(name), rows))
        return found


def _fill(into: _Rows, piece: Displaced, seeds: Tensor, where: slice) -> None:
    outputs, short = piece.outputs.reshape(piece.count, -1), set()
    for index, (layer, features) in enumerate(zip(piece.layers, piece.features, strict=True)):
        inputs = layer.rule.shared(features)
        if inputs is not None:
            short.add(index)
            into.inputs(_first(layer), where, inputs)
    for number, seed in enumerate(seeds):
        slopes = _pulled(outputs, seed, piece.places)
        for index, (layer, features, slope) in enumerate(zip(piece.layers, piece.features, slopes, strict=True)):
            if index in short:
                into.rows(_first(layer), where, number, slope.flatten(1))
                continue
            for own, gradient in layer.rule.gradients(features, slope).items():
                into.rows(layer.names[own], where, number, flattened(gradient.detach(), 1))


def _first(layer: Layer) -> str:
    return next(iter(layer.names.values()))


def _pulled(outputs: Tensor, seed: Tensor, places: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The gradient in the places of a combination of outputs (b, k)."""
    if not outputs.requires_grad or not places:
        return tuple(torch.zeros_like(place) for place in places)
    weights = seed.expand_as(outputs)
    return torch.autograd.grad(outputs, places, weights, retain_graph=True, materialize_grads=True)
