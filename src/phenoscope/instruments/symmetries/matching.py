"""Which order of its units, which signs and which scales bring one network next to another?"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from phenoscope.instruments.symmetries.scaling import ScaleStructure
from phenoscope.instruments.symmetries.spots import Spot, multiplied, outer_axis, spots_of
from phenoscope.instruments.symmetries.structure import PermutationStructure

GAIN = 1e-9
"""Of the objective, relative to its largest possible value: what counts as an improvement."""
CHOICES = 6
"""Flips of one group that share spots and whose signs are tried in all combinations; further ones are left."""

Move = tuple[Tensor, Tensor]
"""An order of a group's units, (n,) or (m, n), and, in its shape, which flips are turned, as bits of a number."""


@dataclasses.dataclass(frozen=True, eq=False)
class Match:
    """One network in the order of another one.

    Attributes:
        orders: by group.
        signs: of each flip, a sign for each unit in its new place.
        tensors: parameters and buffers as moved.
        objective: the sum of products of what stands at the same place in both.
        sweeps: over all groups, until none moved any more.
        converged: whether none did.
    """

    orders: dict[str, Tensor]
    signs: list[Tensor]
    tensors: dict[str, Tensor]
    objective: float
    sweeps: int
    converged: bool


class Matching:
    """The state of a search: one network's tensors as moved so far, beside another's.

    Args:
        structure: groups, and flips of signs.
        reference: parameters by name that stay.
        moved: parameters by name, of the same shapes, that are moved.
    """

    def __init__(self, structure: ScaleStructure, reference: Mapping[str, Tensor], moved: Mapping[str, Tensor]) -> None:
        self.flips = structure.flips
        self.groups: PermutationStructure = structure.permutations
        names = {block.tensor for block in self.groups.blocks if moved[block.tensor].is_floating_point()}
        self._counted = [number for number, block in enumerate(self.groups.blocks) if block.tensor in names]
        self._reference = [block.of(reference) for block in self.groups.blocks]
        self.tensors = dict(moved)
        self.orders = self.groups.identity()
        shapes = [self.groups.shape(flip.group) for flip in self.flips]
        self.signs = [torch.ones(shape, dtype=torch.int8) for shape in shapes]
        self._spots = [
            [spot for spot in spots_of(self.groups, number) if spot[0] in self._counted]
            for number in range(len(self.groups.groups))
        ]
        self._own = [[f for f in self.flips if f.group == number] for number in range(len(self.groups.groups))]
        self.tops = [n for n, group in enumerate(self.groups.groups) if group.inside is None]

    def objective(self, blocks: Sequence[int] | None = None) -> float:
        """The sum of products of what stands at the same place, over all blocks or some."""
        chosen = self._counted if blocks is None else blocks
        return float(sum(self._product(number) for number in chosen))

    def _product(self, number: int) -> float:
        return float((self._reference[number] * self.groups.blocks[number].of(self.tensors)).sum(dtype=torch.float64))

    @property
    def bound(self) -> float:
        """What the objective cannot exceed."""
        pairs = [(self._reference[n], self.groups.blocks[n].of(self.tensors)) for n in self._counted]
        return float(sum(a.norm().double() * b.norm().double() for a, b in pairs)) or 1.0

    def scores(self, group: int, spots: Sequence[Spot]) -> list[tuple[Tensor, frozenset[int]]]:
        """Products of every unit of the reference with every one of the network, summed over spots.

        Apart for spots that change sign with other flips, whose numbers come beside.
        """
        found: dict[frozenset[int], Tensor] = {}
        for spot in spots:
            block = self.groups.blocks[spot[0]]
            a, b = self._rows(self._reference[spot[0]], spot), self._rows(block.of(self.tensors), spot)
            kind = frozenset(number for number, flip in enumerate(self._own[group]) if spot in flip.spots)
            product = a @ b.mT
            found[kind] = found[kind] + product if kind in found else product
        return [(matrix, kind) for kind, matrix in found.items()]

    def _rows(self, value: Tensor, spot: Spot) -> Tensor:
        outer = outer_axis(self.groups, self.groups.blocks[spot[0]], spot[1])
        axes = [spot[1]] if outer is None else [outer, spot[1]]
        front = value.movedim(axes, list(range(len(axes))))
        return front.reshape(front.shape[: len(axes)].numel(), -1)

    def settle(self, settled: set[int], *, signs: bool = False) -> int | None:
        """Move the group of which most is known, where only groups in `settled` stand beside it; and say which.

        With `signs`, only those change.

        Its first axis is an input's, or an output's, or a settled group's: so a copy of the reference is found again
        whatever the order of all its groups.
        """
        shares: dict[int, float] = {}
        for top in self.tops:
            if top not in settled:
                spots = [spot for number in (top, *self.groups.inner(top)) for spot in self._known(number, settled)]
                shares[top] = sum(float(self._reference[b].square().sum()) for b in {spot[0] for spot in spots})
        if not shares:
            return None
        top = max(shares, key=lambda number: shares[number])
        known = {number: self._known(number, settled) for number in (top, *self.groups.inner(top))}
        if any(known.values()) and signs:
            self.turn(top, known)
        elif any(known.values()):
            self.improve(top, known, forced=True)
        settled.update((top, *self.groups.inner(top)))
        return top

    def _known(self, group: int, settled: set[int]) -> list[Spot]:
        """Spots of a group beside which only settled groups stand, and its own outer group."""
        beside = settled | {group, self.groups.groups[group].inside}
        return [
            spot
            for spot in self._spots[group]
            if all(other is None or other in beside for other in self.groups.blocks[spot[0]].groups)
        ]

    def improve(self, top: int, spots: Mapping[int, list[Spot]] | None = None, *, forced: bool = False) -> bool:
        """The best order and signs of a group and of those inside of it while all others stay; whether it moved."""
        chosen = spots or {number: self._spots[number] for number in (top, *self.groups.inner(top))}
        blocks = sorted({spot[0] for number in (top, *self.groups.inner(top)) for spot in self._spots[number]})
        moved = False
        for whole in (True, False) if self.groups.inner(top) else (True,):
            move = self._best(top, chosen, whole=whole)
            kept = self.tensors, self.orders, self.signs, self.objective(blocks)
            self.apply(move)
            if not forced and not self.objective(blocks) > kept[3] + GAIN * self.bound:
                self.tensors, self.orders, self.signs = kept[:3]
            else:
                moved = True
        return moved

    def turn(self, top: int, known: Mapping[int, list[Spot]] | None = None) -> bool:
        """The best signs of a group and of those inside of it where they stand; whether any changed.

        Judged by some spots, where given, whatever becomes of the others.
        """
        moves, spots = {}, dict(enumerate(self._spots)) if known is None else known
        for number in (top, *self.groups.inner(top)):
            shape = self.groups.shape(number)
            stay = torch.arange(shape[-1]).expand(shape).clone()
            if not self._own[number] or not spots[number]:
                moves[number] = stay, torch.zeros_like(stay)
                continue
            size = stay.numel()
            _, signs = self._choices(self.scores(number, spots[number]), (size, size))
            moves[number] = stay, torch.from_numpy(signs.diagonal().copy()).reshape(shape)
        before, kept = self.objective(), (self.tensors, self.signs)
        self.apply(moves)
        if known is not None or self.objective() > before + GAIN * self.bound:
            return True
        self.tensors, self.signs = kept
        return False

    def _best(self, top: int, spots: Mapping[int, list[Spot]], *, whole: bool) -> dict[int, Move]:
        """Whole heads with the units inside of them; or, with heads where they are, the units inside of each."""
        inner, group = self.groups.inner(top), self.groups.groups[top]
        lonely = {n: [s for s in spots[n] if not whole or self._lonely(s)] for n in inner}
        found = {n: self._best_inside(n, lonely[n], whole=whole) for n in inner if lonely[n]}
        own = [s for s in spots[top] if not set(inner) & set(self.groups.blocks[s[0]].groups)]
        values, signs = self._choices(self.scores(top, own), (group.size, group.size)) if own else (None, None)
        totals = np.zeros((group.size, group.size)) if values is None else values.astype(np.float64)
        for value, _, _ in found.values():
            totals = totals + value
        stay = torch.arange(group.size)
        order = torch.from_numpy(linear_sum_assignment(totals, maximize=True)[1]) if whole and group.movable else stay
        chosen = torch.zeros_like(order) if signs is None else torch.from_numpy(signs)[stay, order]
        moves = {top: (order, chosen)}
        for number, (_, orders, inner_signs) in found.items():
            moves[number] = orders[stay, order], inner_signs[stay, order]
        return moves

    def _lonely(self, spot: Spot) -> bool:
        """Whether no other group inside of the same one stands there."""
        groups = self.groups.blocks[spot[0]].groups
        inside = [self.groups.groups[g].inside for g in groups if g is not None]
        return sum(each is not None for each in inside) == 1

    def _best_inside(self, group: int, spots: list[Spot], *, whole: bool) -> tuple[np.ndarray, Tensor, Tensor]:
        """For every pair of outer units, or each with itself: the value, the order and the signs of those inside."""
        m, n = self.groups.shape(group)
        values, signs = self._choices(self.scores(group, spots), (m * n, m * n))
        blocks, kinds = values.reshape(m, n, m, n), signs.reshape(m, n, m, n)
        totals = np.full((m, m), -np.inf)
        orders, chosen = torch.zeros(m, m, n, dtype=torch.long), torch.zeros(m, m, n, dtype=torch.long)
        for one, other in itertools.product(range(m), repeat=2):
            if whole or one == other:
                rows, order = linear_sum_assignment(blocks[one, :, other], maximize=True)
                totals[one, other] = blocks[one, rows, other, order].sum()
                orders[one, other] = torch.from_numpy(order)
                chosen[one, other] = torch.from_numpy(kinds[one, rows, other, order])
        return np.where(np.isfinite(totals), totals, 0.0), orders, chosen

    def _choices(
        self, scores: list[tuple[Tensor, frozenset[int]]], shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best value of each pair over all combinations of signs, and which flips are turned, as bits of a number.

        Flips that share no spot are turned each for itself.
        """
        best, chosen = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        for flips in _together(kind for _, kind in scores):
            own = [(matrix.double().cpu().numpy(), kind) for matrix, kind in scores if kind <= flips]
            part = np.full(shape, -np.inf)
            bits = np.zeros(shape, dtype=np.int64)
            for signs in itertools.product((1, -1), repeat=min(len(flips), CHOICES)):
                sign = dict(zip(sorted(flips), signs, strict=False))
                value = sum((math.prod(sign.get(f, 1) for f in kind) * matrix for matrix, kind in own), np.zeros(shape))
                better = value > part
                part = np.where(better, value, part)
                bits[better] = sum(1 << f for f, each in sign.items() if each < 0)
            best, chosen = best + part, chosen | bits
        plain = [matrix.double().cpu().numpy() for matrix, kind in scores if not kind]
        return sum(plain, best), chosen

    def apply(self, moves: Mapping[int, Move]) -> None:
        """Puts units in new places, with new signs."""
        orders = {self.groups.groups[number].name: order for number, (order, _) in moves.items()}
        self.tensors = self.groups.permuted(self.tensors, orders)
        self.orders = {name: self._composed(name, order, orders) for name, order in self.orders.items()}
        signs = []
        for number, flip in enumerate(self.flips):
            before = reordered(self.groups, flip.group, self.signs[number], orders)
            kind = moves[flip.group][1] if flip.group in moves else torch.zeros((), dtype=torch.long)
            place = self._own[flip.group].index(flip) if flip in self._own[flip.group] else None
            turned = torch.ones_like(before) if place is None else 1 - 2 * ((kind >> place) & 1).to(torch.int8)
            if bool((turned < 0).any()):
                self.tensors = _turned(self.groups, self.tensors, flip.spots, turned.expand(before.shape))
            signs.append(before * turned)
        self.signs = signs

    def _composed(self, name: str, order: Tensor, moves: Mapping[str, Tensor]) -> Tensor:
        number = next(n for n, group in enumerate(self.groups.groups) if group.name == name)
        return reordered(self.groups, number, order, moves)

    def found(self, sweeps: int, *, converged: bool) -> Match:
        return Match(self.orders, self.signs, self.tensors, self.objective(), sweeps, converged)


def _together(kinds: Iterable[frozenset[int]]) -> list[frozenset[int]]:
    """Flips in sets that share no spot with each other."""
    found: list[frozenset[int]] = []
    for kind in kinds:
        if kind:
            joined = [each for each in found if each & kind]
            found = [each for each in found if not each & kind] + [kind.union(*joined)]
    return found


def reordered(structure: PermutationStructure, number: int, values: Tensor, moves: Mapping[str, Tensor]) -> Tensor:
    """Values of a group's units, of its shape, in their new places."""
    group = structure.groups[number]
    if group.inside is not None:
        outer = moves.get(structure.groups[group.inside].name)
        values = values if outer is None else values[outer]
    order = moves.get(group.name)
    return values if order is None else values.gather(-1, order.expand(values.shape))


def _turned(
    structure: PermutationStructure, tensors: Mapping[str, Tensor], spots: Sequence[Spot], signs: Tensor
) -> dict[str, Tensor]:
    return multiplied(structure, tensors, [(spot, signs) for spot in spots])
