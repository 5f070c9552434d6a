"""Which units can be rescaled, or have their sign flipped, without a change of what a network computes?"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.instruments.symmetries.running import outputs_at, outputs_change
from phenoscope.instruments.symmetries.spots import Spot, axes_along, multiplied, spots_of
from phenoscope.instruments.symmetries.structure import PermutationStructure
from phenoscope.instruments.symmetries.tracing import tensors_of

STEP = 1e-5
"""Of the central differences, in log scale."""
NOTHING = 1e-5
"""Singular values below this, relative to the largest, count as zero: differences are off by about 1e-8."""
TOGETHER = 10
"""Spots of a group up to which all that follow each other are tried for flips of sign; beyond, all of them at once."""
BALANCED = 1e-13
"""The largest change of a logarithm of a scale in a last sweep of balancing."""
SWEEPS = 1000
"""Over all scalings when units are balanced; far fewer are needed."""

Scales = list[Tensor]
"""A factor for each unit of each scaling, in its group's shape."""


@dataclasses.dataclass(frozen=True)
class Scaling:
    """One way to rescale the units of a group: multiplied in some spots, divided in others.

    Attributes:
        group: its number.
        spots: where, as (block, axis).
        exponents: of the factor at each spot, 1 or -1.
    """

    group: int
    spots: tuple[Spot, ...]
    exponents: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Flip:
    """Spots at which the signs of a group's units can be changed together.

    Attributes:
        group: its number.
        spots: where, as (block, axis).
    """

    group: int
    spots: tuple[Spot, ...]


@dataclasses.dataclass(frozen=True)
class ScaleStructure:
    """The scalings and flips of an architecture whose permutations are known.

    Attributes:
        permutations: the groups and where they stand.
        scalings: of positively homogeneous functions between layers, of products of layers.
        flips: of odd functions.
        deviation: the largest change of an output under random scales and signs, relative to the largest.
    """

    permutations: PermutationStructure
    scalings: tuple[Scaling, ...]
    flips: tuple[Flip, ...]
    deviation: float

    def scaled(self, tensors: Mapping[str, Tensor], scales: Scales) -> dict[str, Tensor]:
        """Parameters and buffers by name with their units rescaled."""
        parts = [
            (spot, factor**exponent)
            for scaling, factor in zip(self.scalings, scales, strict=True)
            for spot, exponent in zip(scaling.spots, scaling.exponents, strict=True)
        ]
        return multiplied(self.permutations, tensors, parts)

    def flipped(self, tensors: Mapping[str, Tensor], signs: list[Tensor]) -> dict[str, Tensor]:
        """Parameters and buffers by name with the signs of their units changed, a sign for each unit of each flip."""
        parts = [(spot, sign) for flip, sign in zip(self.flips, signs, strict=True) for spot in flip.spots]
        return multiplied(self.permutations, tensors, parts)

    def balancing(self, tensors: Mapping[str, Tensor]) -> Scales:
        """The scales at which the sum of squares is smallest, where each unit has as much before it as behind it.

        Every network that is a rescaling of another one comes to the same point: the sum of squares is strictly convex
        in the logarithms of the scales. What is scaled without a counterpart comes to have length 1, and a unit that
        has nothing on one side keeps its scale.
        """
        logs = [torch.zeros(self.permutations.shape(s.group), dtype=torch.float64) for s in self.scalings]
        sums = [
            [(exponent < 0, self._summing(tensors, spot)) for spot, exponent in zip(s.spots, s.exponents, strict=True)]
            for s in self.scalings
        ]
        for _ in range(SWEEPS):
            largest = 0.0
            for number, scaling in enumerate(self.scalings):
                sides = [torch.zeros_like(logs[number]), torch.zeros_like(logs[number])]
                for side, total in sums[number]:
                    sides[side] += total(logs)
                move = _balance(*sides, one_sided=len(set(scaling.exponents)) == 1)
                logs[number] += move
                largest = max(largest, float(move.abs().max()))
            if largest < BALANCED:
                break
        return [log.exp() for log in logs]

    def _summing(self, tensors: Mapping[str, Tensor], spot: Spot) -> Callable[[Sequence[Tensor]], Tensor]:
        """From the logarithms of all scales to the sums of squares of each unit in a spot, in its group's shape."""
        groups, block = self.permutations, self.permutations.blocks[spot[0]]
        squares = block.of(tensors).detach().cpu().double().square()
        there = [
            (number, exponent, axes_along(groups, block, axis))
            for number, scaling in enumerate(self.scalings)
            for (place, axis), exponent in zip(scaling.spots, scaling.exponents, strict=True)
            if place == spot[0]
        ]
        every = list(range(squares.ndim))

        def total(logs: Sequence[Tensor]) -> Tensor:
            factors = [part for number, exponent, axes in there for part in ((2 * exponent * logs[number]).exp(), axes)]
            return torch.einsum(squares, every, *factors, axes_along(groups, block, spot[1]))

        return total


def _balance(before: Tensor, behind: Tensor, *, one_sided: bool) -> Tensor:
    """The logarithm of the factor that makes the sums of squares of both sides equal; or that of the one side 1."""
    if one_sided:
        total = before + behind
        return torch.where(total > 0, -total.clamp_min(1e-300).log() / 2, 0.0)
    both = (before > 0) & (behind > 0)
    return torch.where(both, (behind.clamp_min(1e-300) / before.clamp_min(1e-300)).log() / 4, 0.0)


def scale_structure(structure: PermutationStructure, model: nn.Module, arguments: Any) -> ScaleStructure:
    """Scalings and flips of the groups of a model, found by what they do to its outputs.

    The factor of a scaling is 1 or its inverse at each spot. For each group the outputs are differentiated by the
    logarithm of a random scale of its units at each of its spots; combinations without a change are scalings (Euler's
    theorem on homogeneous functions is one). All are then checked together at finite scales.

    Args:
        structure: of the model's permutations.
        model: a generic copy in float64.
        arguments: a few inputs, as it takes them.
    """
    tensors = tensors_of(model)
    trainable = {name for name, _ in model.named_parameters()}
    before = outputs_at(model, tensors, arguments)

    def change(parts: list[tuple[Spot, Tensor]]) -> float:
        return outputs_change(before, outputs_at(model, multiplied(structure, tensors, parts), arguments))

    def outputs(parts: list[tuple[Spot, Tensor]]) -> Tensor:
        found = outputs_at(model, multiplied(structure, tensors, parts), arguments)
        return torch.cat([value.double().flatten() for value in found if value.is_floating_point()])

    scalings, flips = [], []
    for number, group in enumerate(structure.groups):
        if structure.inner(number) or not group.movable:
            continue
        spots = spots_of(structure, number)
        own = [spot for spot in spots if structure.blocks[spot[0]].tensor in trainable]
        if not own:
            continue
        scalable = [s for s in _scalings(structure, number, own, outputs) if change(_random(structure, s)) < NOTHING]
        scalings += scalable
        flips += _flips(structure, number, [*(s.spots for s in scalable), *_runs(spots), tuple(own)], change)
    parts = [part for scaling in scalings for part in _random(structure, scaling)]
    parts += [(spot, sign) for flip in flips for sign in [_signs(structure, flip.group)] for spot in flip.spots]
    return ScaleStructure(structure, tuple(scalings), tuple(flips), change(parts))


def _scalings(
    structure: PermutationStructure, group: int, spots: list[Spot], outputs: Callable[[list], Tensor]
) -> Iterator[Scaling]:
    """Combinations of spots whose joint scale changes no output, to first order."""
    generator = torch.Generator().manual_seed(2)

    def slope(spot: Spot, rates: Tensor) -> Tensor:
        return (outputs([(spot, (STEP * rates).exp())]) - outputs([(spot, (-STEP * rates).exp())])) / (2 * STEP)

    draws = 1 + (2 * len(spots)) // len(outputs([]))  # more equations than unknowns
    parts = [torch.randn(structure.shape(group), generator=generator, dtype=torch.float64) for _ in range(draws)]
    slopes = torch.cat([torch.stack([slope(spot, rates) for spot in spots], dim=1) for rates in parts])
    lengths = slopes.norm(dim=0)
    if not bool(torch.isfinite(slopes).all()) or not float(lengths.max()) > 0 or float(lengths.min()) == 0:
        return
    _, values, rows = torch.linalg.svd(slopes, full_matrices=True)
    sizes = torch.cat([values, values.new_zeros(len(rows) - len(values))])
    for exponents in _reduced(rows[sizes <= NOTHING * sizes[0]]):
        kept = [(spot, int(e)) for spot, e in zip(spots, exponents, strict=True) if e]
        yield Scaling(group, tuple(spot for spot, _ in kept), tuple(e for _, e in kept))


def _reduced(rows: Tensor) -> list[list[int]]:
    """A basis of the row space in 0, 1 and -1, each row with a column of its own; rows with other numbers left out."""
    matrix, at = rows.clone(), 0
    for column in range(matrix.shape[1]):
        if at == len(matrix):
            break
        pivot = at + int(matrix[at:, column].abs().argmax())
        if float(matrix[pivot, column].abs()) < 1e-3:
            continue
        matrix[[at, pivot]] = matrix[[pivot, at]]
        matrix[at] /= matrix[at, column].clone()
        others = [row for row in range(len(matrix)) if row != at]
        matrix[others] -= matrix[others, column, None] * matrix[at]
        at += 1
    whole = matrix.round()
    fits = ((matrix - whole).abs().amax(1) < 1e-3) & (whole.abs().amax(1) <= 1)
    return [[int(entry) for entry in row] for row in whole[fits].tolist()]


def _runs(spots: list[Spot]) -> Iterator[tuple[Spot, ...]]:
    """Spots that follow each other, shortest first: what lies between two functions that are not odd."""
    sizes = range(1, len(spots) + 1) if len(spots) <= TOGETHER else (len(spots),)
    for size in sizes:
        for start in range(len(spots) - size + 1):
            yield tuple(spots[start : start + size])


def _flips(
    structure: PermutationStructure, group: int, tried: list[tuple[Spot, ...]], change: Callable[[list], float]
) -> list[Flip]:
    """Sets of spots whose joint sign changes no output; each differs from all combinations of those before."""
    signs = _signs(structure, group)
    found: list[frozenset[Spot]] = []
    spanned = {frozenset[Spot]()}
    for chosen in tried:
        one = frozenset(chosen)
        if one not in spanned and change([(spot, signs) for spot in chosen]) < NOTHING:
            found.append(one)
            spanned |= {one ^ other for other in spanned}
    return [Flip(group, tuple(sorted(one))) for one in found]


def _signs(structure: PermutationStructure, group: int) -> Tensor:
    shape = structure.shape(group)
    signs = torch.where(torch.rand(shape, generator=torch.Generator().manual_seed(3)) < 0.5, -1.0, 1.0).double()
    signs[..., :1], signs[..., 1:2] = -1.0, 1.0  # all at once may be a symmetry where one by one is none
    return signs


def _random(structure: PermutationStructure, scaling: Scaling) -> list[tuple[Spot, Tensor]]:
    draws = torch.rand(structure.shape(scaling.group), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    factors = (draws - 0.5).exp()
    return [(s, factors**e) for s, e in zip(scaling.spots, scaling.exponents, strict=True)]
