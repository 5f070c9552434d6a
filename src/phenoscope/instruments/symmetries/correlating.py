"""Which units of two networks do the same on the same data?"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from phenoscope.core.errors import BadInput
from phenoscope.instruments.symmetries.deriving import unchecked_structure
from phenoscope.instruments.symmetries.running import loaded
from phenoscope.instruments.symmetries.scaling import ScaleStructure
from phenoscope.instruments.symmetries.structure import Block, PermutationStructure
from phenoscope.instruments.symmetries.tracing import tensors_of, watched

CONSTANT = 1e-9
"""A variance below this, relative to the mean square, is rounding."""


class _Sums:
    """Sums over samples of two networks' units, from which their correlations come."""

    def __init__(self, units: int) -> None:
        self._count = 0
        self._first, self._second = (torch.zeros(2, units, dtype=torch.float64) for _ in range(2))
        self._across = torch.zeros(units, units, dtype=torch.float64)

    def add(self, one: Tensor, two: Tensor) -> None:
        """Samples of both, (units, samples)."""
        pair = torch.stack((one, two)).double()
        self._count += pair.shape[2]
        self._first = self._first + pair.sum(2)
        self._second = self._second + pair.square().sum(2)
        self._across = self._across + pair[0] @ pair[1].mT

    def correlations(self) -> Tensor:
        """Of every unit of the first with every one of the second; 0 for one that is constant."""
        means = self._first / self._count
        squares = self._second / self._count
        variances = squares - means.square()
        spreads = torch.where(variances > CONSTANT * squares, variances, 0.0).sqrt()
        covariance = self._across / self._count - means[0][:, None] * means[1]
        scale = spreads[0][:, None] * spreads[1]
        return torch.where(scale > 0, covariance / scale.clamp_min(1e-300), 0.0)


def correlations(
    scales: ScaleStructure, reference: nn.Module, model: nn.Module, batches: Iterable[Any]
) -> dict[int, Tensor]:
    """By group, the correlation of every unit of the reference with every one of the model, over all samples.

    Activations are what layers take in, after their nonlinearities, and the factors of products of activations. Where a
    group stands in several of them, its correlations are averaged. Units inside of heads are rows of heads by units.

    Where a flip turns the sign of an activation, its correlations count without theirs.

    Args:
        scales: whose flips are meant.
        reference: in evaluation mode.
        model: of the same architecture, in evaluation mode.
        batches: arguments of a call, batch by batch; a sample is an example, or a position of one.
    """
    sums: dict[tuple[int, int], _Sums] = {}
    signless: set[tuple[int, int]] | None = None
    known: dict[Any, PermutationStructure] = {}
    for arguments in batches:
        shapes = tuple(tuple(leaf.shape) for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor))
        if shapes not in known:
            known[shapes] = unchecked_structure(reference, arguments)
        structure = known[shapes]
        places = {place for place, _ in structure.features}
        if signless is None:
            signless = _signless(scales, structure, reference, arguments)
        found = [watched(each, arguments, places) for each in (reference, model)]
        for number, (place, block) in enumerate(structure.features):
            if any(place not in each for each in found):
                raise BadInput("the two models do different things with the same data: they are not of one kind.")
            for group in sorted({g for g in block.groups if g is not None}):
                rows = [_samples(structure, block, group, each[place]) for each in found]
                sums.setdefault((number, group), _Sums(len(rows[0]))).add(*rows)
    totals: dict[int, list[Tensor]] = {}
    for key, own in sums.items():
        made = own.correlations()
        totals.setdefault(key[1], []).append(made.abs() if signless and key in signless else made)
    return {group: torch.stack(found).mean(0) for group, found in totals.items()}


def _signless(
    scales: ScaleStructure, structure: PermutationStructure, model: nn.Module, arguments: Any
) -> set[tuple[int, int]]:
    """Which activations, by number and group, have a sign that some flip turns."""
    places = {place for place, _ in structure.features}
    before, found = watched(model, arguments, places), set[tuple[int, int]]()
    for number, flip in enumerate(scales.flips):
        signs = [torch.ones(structure.shape(each.group), dtype=torch.int8) for each in scales.flips]
        signs[number][..., ::2] = -1  # all at once may be no flip of each
        after = watched(loaded(model, scales.flipped(tensors_of(model), signs)), arguments, places)
        for feature, (place, block) in enumerate(structure.features):
            if flip.group in block.groups:
                rows = [_samples(structure, block, flip.group, each[place]) for each in (before, after)]
                own, other = (each - each.mean(1, keepdim=True) for each in rows)  # as correlations see them
                turned = signs[number].flatten().to(own.device) < 0
                if float((own + other)[turned].norm()) < float((own - other)[turned].norm()):
                    found.add((feature, flip.group))
    return found


def _samples(structure: PermutationStructure, block: Block, group: int, value: Tensor) -> Tensor:
    """What a group's units did, (units, samples).

    Over units of other groups, whose order and signs are not known, their root mean square.
    """
    part = block.of({block.tensor: value})
    outer = structure.groups[group].inside
    for axis, other in enumerate(block.groups):
        if other not in (None, group, outer):
            part = part.square().mean(axis, keepdim=True).sqrt()
    axis = block.groups.index(group)
    axes = [axis] if outer is None else [block.groups.index(outer), axis]
    front = part.movedim(axes, list(range(len(axes))))
    return front.reshape(front.shape[: len(axes)].numel(), -1)
