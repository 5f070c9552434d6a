"""Orders of units that are learned from the loss halfway between two networks: straight through, or by relaxation."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core.points import layout
from phenoscope.instruments.symmetries.aligning import Pair
from phenoscope.instruments.symmetries.matching import Match, reordered
from phenoscope.instruments.symmetries.searching import assigned, matched
from phenoscope.instruments.symmetries.structure import PermutationStructure
from phenoscope.instruments.symmetries.tracing import tensors_of
from phenoscope.objective import Objective

ROUNDS = 20
"""Alternating projections of Sinkhorn; the plans are then doubly stochastic to a few digits."""
SHARP = 0.3
"""What logits are divided by: small enough that a plan settles, large enough that it has a gradient."""


def straight_through(both: Pair, first: Match, objective: Objective, steps: int, rate: float) -> list[Match]:
    """The order at which the loss halfway is smallest, sought by descent on a point that stands for the nearest order.

    A latent point starts at the reference. At each step the network is matched to it; the loss halfway between the
    reference and the network so ordered is differentiated by the latter, and the latent point takes the step (Adam).
    Source: Ainsworth, Hayase, Srinivasa 2022, arXiv:2209.04836.

    Args:
        both: the networks.
        first: where to begin.
        objective: the loss of the reference.
        steps: of the latent point.
        rate: of its steps, relative to the root mean square of each parameter.

    Returns:
        The matches met, the best first; their objective is minus the loss halfway.
    """
    places, kept = layout(both.reference), objective.point
    latent = {name: value.clone() for name, value in both.fixed.items()}
    means = {name: torch.zeros_like(latent[name]) for name in places.names}
    squares = {name: torch.zeros_like(latent[name]) for name in places.names}
    found = [_scored(both, first, objective)]
    here = first
    for step in range(1, steps + 1):
        moved = places.ravel(both.aligned(here)[0])
        slopes = places.unravel(objective.gradient((kept + moved) / 2))
        for name, slope in slopes.items():
            means[name] = 0.9 * means[name] + 0.1 * slope
            squares[name] = 0.99 * squares[name] + 0.01 * slope.square()
            ahead = (means[name] / (1 - 0.9**step)) / ((squares[name] / (1 - 0.99**step)).sqrt() + 1e-12)
            latent[name] = latent[name] - rate * both.fixed[name].square().mean().sqrt() * ahead
        generator = torch.Generator().manual_seed(step)
        here = matched(both.scales, latent, both.moved, start=here.orders, generator=generator, sweeps=3)
        found.append(_scored(both, here, objective))
    return sorted(found, key=lambda match: -match.objective)


def relaxed(both: Pair, first: Match, objective: Objective, steps: int, rate: float) -> list[Match]:
    """The order at which the loss halfway is smallest, sought by descent on doubly stochastic matrices.

    Each group has a matrix of logits, which Sinkhorn's alternating projections make a soft order of its units; the loss
    halfway is differentiated through it, and an assignment makes it an order in the end. Units inside of heads, and
    heads, stay as they were matched. Source: Pena et al. 2022, arXiv:2212.12042 (which differentiates the fixed point;
    here the projections themselves).

    Args:
        both: the networks.
        first: where to begin.
        objective: the loss of the reference.
        steps: of Adam on the logits.
        rate: of these.

    Returns:
        The order that was begun with and the one that was found, the better first; as in `straight_through`.
    """
    structure = both.structure
    plain = [n for n, g in enumerate(structure.groups) if g.movable and g.inside is None and not structure.inner(n)]
    begun, kept = both.aligned(first)[0], tensors_of(both.reference)
    logits = {n: torch.eye(structure.groups[n].size).requires_grad_() for n in plain}
    optimizer = torch.optim.Adam(list(logits.values()), lr=rate)
    loss = _halfway_loss(both.reference, objective)
    for _ in range(steps):
        optimizer.zero_grad()
        plans = {n: sinkhorn(each / SHARP) for n, each in logits.items()}
        soft = _softly(structure, begun, plans)
        halfway = {
            name: (kept[name] + soft[name]) / 2 if kept[name].is_floating_point() else kept[name] for name in kept
        }
        loss(halfway).backward()
        optimizer.step()
    moves = {structure.groups[n].name: assigned(sinkhorn(each / SHARP).detach()) for n, each in logits.items()}
    orders = {
        group.name: reordered(structure, n, first.orders[group.name], moves) for n, group in enumerate(structure.groups)
    }
    signs = [
        reordered(structure, flip.group, each, moves) for flip, each in zip(both.scales.flips, first.signs, strict=True)
    ]
    last = dataclasses.replace(first, orders=orders, signs=signs)
    return sorted((_scored(both, match, objective) for match in (first, last)), key=lambda match: -match.objective)


def sinkhorn(logits: Tensor, rounds: int = ROUNDS) -> Tensor:
    """A matrix of positive entries whose rows and columns each sum to 1, in proportion to exp(logits) but for factors.

    Args:
        logits: (n, n).
        rounds: of dividing rows, then columns, by their sums; columns are exact afterwards.
    """
    for _ in range(rounds):
        logits = logits - logits.logsumexp(dim=1, keepdim=True)
        logits = logits - logits.logsumexp(dim=0, keepdim=True)
    return logits.exp()


def _scored(both: Pair, match: Match, objective: Objective) -> Match:
    """The match with minus the loss halfway for its objective."""
    moved = layout(both.reference).ravel(both.aligned(match)[0])
    return dataclasses.replace(match, objective=-float(objective.loss((objective.point + moved) / 2)))


def _halfway_loss(model: nn.Module, objective: Objective) -> Callable[[Mapping[str, Tensor]], Tensor]:
    """The loss at given parameters and buffers, differentiable in them."""
    places = layout(model)

    def value(tensors: Mapping[str, Tensor]) -> Tensor:
        point = places.ravel(tensors)
        return _Loss.apply(point, objective)  # type: ignore[no-any-return]

    return value


class _Loss(torch.autograd.Function):
    """The loss at a point, whose gradient is the objective's own: weighted over batches, on any number of them."""

    @staticmethod
    def forward(ctx: Any, point: Tensor, objective: Objective) -> Tensor:
        """The loss, in the point's precision."""
        ctx.save_for_backward(objective.gradient(point.detach()))
        return objective.loss(point.detach()).to(point)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        """The gradient, times the slope that comes."""
        return slopes[0] * ctx.saved_tensors[0], None


def _softly(
    structure: PermutationStructure, tensors: Mapping[str, Tensor], plans: Mapping[int, Tensor]
) -> dict[str, Tensor]:
    """Parameters whose units are mixed as plans say, (to, from), differentiable in the plans."""
    made = dict(tensors)
    for block in structure.blocks:
        value = block.of(tensors)
        for axis, group in enumerate(block.groups):
            if group is not None and group in plans and value.is_floating_point():
                value = (
                    (plans[group].to(value) @ value.movedim(axis, -2)).movedim(-2, axis)
                    if value.ndim > 1
                    else (plans[group].to(value) @ value)
                )
        made[block.tensor] = block.written(made[block.tensor], value)
    return made
