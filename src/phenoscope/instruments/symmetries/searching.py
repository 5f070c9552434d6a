"""Searches for the order of the units of one network that is nearest to another's."""

import dataclasses
import itertools
from collections.abc import Mapping

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from phenoscope.instruments.symmetries.matching import Match, Matching
from phenoscope.instruments.symmetries.scaling import ScaleStructure
from phenoscope.instruments.symmetries.structure import PermutationStructure


def matched(
    structure: ScaleStructure,
    reference: Mapping[str, Tensor],
    moved: Mapping[str, Tensor],
    *,
    start: Mapping[str, Tensor] | None,
    generator: torch.Generator,
    sweeps: int,
) -> Match:
    """Weight matching: coordinate descent over groups, each solved exactly while the others stay.

    Source: Ainsworth, Hayase, Srinivasa 2022, Git Re-Basin, arXiv:2209.04836.

    Args:
        structure: groups and flips.
        reference: parameters and buffers by name, which stay.
        moved: parameters and buffers by name, which are moved.
        start: orders to begin with; unless given, each group is first matched by what is settled already, from the
            inputs and outputs inwards.
        generator: of the order in which groups are visited.
        sweeps: at most.
    """
    search = Matching(structure, reference, moved)
    if start is None:
        settled: set[int] = set()
        while search.settle(settled) is not None:
            pass
    else:
        search.apply({n: (start[g.name], torch.zeros_like(start[g.name])) for n, g in enumerate(search.groups.groups)})
    waiting = set(search.tops)
    for sweep in range(1, sweeps + 1):
        order = torch.randperm(len(search.tops), generator=generator).tolist()
        for top in (search.tops[place] for place in order):
            if top in waiting:
                waiting.discard(top)
                if search.improve(top):
                    waiting |= _neighbours(search.groups, top)
        if not waiting:
            return search.found(sweep, converged=True)
    return search.found(sweeps, converged=False)


def matched_on(
    structure: ScaleStructure,
    correlations: Mapping[int, Tensor],
    reference: Mapping[str, Tensor],
    moved: Mapping[str, Tensor],
) -> Match:
    """Each group by itself in the order whose correlations have the largest sum; signs are then those of the weights.

    Args:
        structure: groups and flips.
        correlations: by group, of units of the reference with units of the network, (n, n); of units inside of an outer
            group, (m n, m n).
        reference: parameters and buffers by name, which stay.
        moved: parameters and buffers by name, which are moved.
    """
    search = Matching(structure, reference, moved)
    total, count = 0.0, 0
    for top in search.tops:
        value, order, inner = _by_correlation(search, top, correlations)
        search.apply({number: (each, torch.zeros_like(each)) for number, each in ({top: order} | inner).items()})
        total += value
        count += len(order) if not inner else sum(each.numel() for each in inner.values())
    settled: set[int] = set()
    while search.settle(settled, signs=True) is not None:
        pass
    for _ in search.tops:
        turned = [search.turn(top) for top in search.tops]
        if not any(turned):
            break
    return dataclasses.replace(search.found(1, converged=True), objective=total / max(count, 1))


def assigned(scores: Tensor) -> Tensor:
    """The order that makes the sum of scores largest, (n,), of scores (n, n) of each place with each unit."""
    return torch.from_numpy(linear_sum_assignment(scores.cpu().double().numpy(), maximize=True)[1])


def _by_correlation(
    search: "Matching", top: int, correlations: Mapping[int, Tensor]
) -> tuple[float, Tensor, dict[int, Tensor]]:
    """The sum of correlations, and the orders of a group and of those inside of it."""
    groups, group = search.groups, search.groups.groups[top]
    values = {number: each.cpu().double().numpy() for number, each in correlations.items()}
    totals = np.zeros((group.size, group.size))
    found: dict[int, Tensor] = {}
    for number in groups.inner(top):
        if number in values:
            m, n = groups.shape(number)
            blocks = values[number].reshape(m, n, m, n)
            orders = torch.zeros(m, m, n, dtype=torch.long)
            for one, other in itertools.product(range(m), repeat=2):
                rows, order = linear_sum_assignment(blocks[one, :, other], maximize=True)
                totals[one, other] += blocks[one, rows, other, order].sum()
                orders[one, other] = torch.from_numpy(order)
            found[number] = orders
    if not found and top in values:
        totals = values[top]
    stay = torch.arange(group.size)
    order = torch.from_numpy(linear_sum_assignment(totals, maximize=True)[1]) if group.movable else stay
    return float(totals[stay, order].sum()), order, {number: each[stay, order] for number, each in found.items()}


def _neighbours(structure: PermutationStructure, top: int) -> set[int]:
    """The groups that stand in a block with a group or with one inside of it, and itself if it does so twice."""
    own = {top, *structure.inner(top)}
    found: set[int] = set()
    for block in structure.blocks:
        there = [g for g in block.groups if g is not None]
        if own & set(there):
            found |= {g for g in there if g not in own or there.count(g) > 1}
            if len([g for g in there if structure.groups[g].inside == top]) > 1:
                found.add(top)
    return {g if structure.groups[g].inside is None else int(structure.groups[g].inside or 0) for g in found}
