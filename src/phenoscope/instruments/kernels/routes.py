"""Ways to the blocks of an empirical kernel; they share nothing but the network, and agree to rounding.

Each gives, for a group of examples, its derivatives as factors by part of the network; products have no derivatives to
hold, and give blocks at once.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from phenoscope.instruments.kernels.blocks import Shape, add_block
from phenoscope.instruments.kernels.subject import Named, Subject
from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.layer_rules import Factor

Factors = Mapping[str, Sequence[Factor]]
"""By the part of the network that they belong to."""
Part = Callable[[str], str]
"""From the name of a parameter to that of its part."""


def by_jacobian(subject: Subject, batch: Batch, seeds: Tensor, part: Part) -> Factors:
    """The rows of the Jacobian of all chosen parameters."""
    return _rows(subject, batch, seeds, subject.chosen, part)


def by_layers(subject: Subject, batch: Batch, seeds: Tensor, part: Part) -> Factors:
    """Inputs of layers and gradients in their outputs; the rows themselves of what no layer covers."""
    piece = subject.displaced(batch)
    outputs = piece.outputs.reshape(piece.count, -1)
    found: dict[str, list[Factor]] = {}
    columns = [_pulled((outputs * seed).sum(), piece.places) for seed in seeds]
    for index, (layer, features) in enumerate(zip(piece.layers, piece.features, strict=True)):
        # examples first in memory: the trace needs all rows of an example beside each other
        deltas = torch.stack([column[index] for column in columns], 1).transpose(0, 1)
        factor = layer.rule.factor(features, deltas)
        name = part(next(iter(layer.names.values())))
        found.setdefault(name, []).append(Factor(factor.inputs, factor.rows.detach()))
    for name, factors in _rows(subject, batch, seeds, subject.rest, part).items():
        found.setdefault(name, []).extend(factors)
    return found


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


def _rows(subject: Subject, batch: Batch, seeds: Tensor, names: Sequence[str], part: Part) -> Factors:
    found: dict[str, list[Factor]] = {}
    if names:
        for name, rows in subject.rows(batch, seeds, names).items():
            found.setdefault(part(name), []).append(Factor(None, rows.flatten(2).detach()))
    return found


def _pulled(value: Tensor, places: Sequence[Tensor]) -> tuple[Tensor, ...]:
    if not value.requires_grad or not places:
        return tuple(torch.zeros_like(place) for place in places)
    return torch.autograd.grad(value, places, retain_graph=True, materialize_grads=True)
