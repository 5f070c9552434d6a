"""Everything that a pair of networks needs to be brought next to each other: what may move, and what moved."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.symmetries.deriving import permutation_structure, prepared
from phenoscope.instruments.symmetries.matching import Match, reordered
from phenoscope.instruments.symmetries.scaling import ScaleStructure, scale_structure
from phenoscope.instruments.symmetries.structure import PermutationStructure
from phenoscope.instruments.symmetries.tracing import tensors_of

ONE = 1e-9
"""A scale that is nearer to 1 is 1, so that networks that differ by permutations alone are moved by nothing else."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """A network, and the reference that it is to be brought next to.

    Attributes:
        model, reference: as given.
        structure: the groups of both.
        scales: their scalings and flips; none where they are not to be used.
        moved, fixed: parameters and buffers of the model and of the reference, each balanced where scales are used.
        factors: by scaling, what the model and the reference were multiplied by for that.
        exact: whether they can be run in float64.
    """

    model: nn.Module
    reference: nn.Module
    structure: PermutationStructure
    scales: ScaleStructure
    moved: dict[str, Tensor]
    fixed: dict[str, Tensor]
    factors: tuple[tuple[Tensor, Tensor], ...]
    exact: bool

    def aligned(self, match: Match) -> tuple[dict[str, Tensor], list[Tensor]]:
        """The model's parameters and buffers in the order, signs and scales of the reference; and the scales."""
        made = self.structure.permuted(tensors_of(self.model), match.orders)
        made = self.scales.flipped(made, match.signs)
        total = []
        for scaling, (own, other) in zip(self.scales.scalings, self.factors, strict=True):
            factor = reordered(self.structure, scaling.group, own, match.orders) / other
            total.append(torch.where((factor - 1).abs() < ONE, 1.0, factor))
        return self.scales.scaled(made, total) if total else made, total


def pair(model: nn.Module, reference: nn.Module, inputs: Any = None, *, rescale: bool = True) -> Pair:
    """Two networks of one architecture, and what may be done to their units.

    Args:
        model: left as it is.
        reference: left as it is.
        inputs: a batch, as they take it; guessed unless given.
        rescale: whether scales and signs may change too, where the network does not notice.

    Raises:
        BadInput: they are not of one architecture, or have no units that may move.
    """
    check_alike(model, reference)
    structure = permutation_structure(reference, inputs)
    if not structure.groups:
        why = "; ".join(structure.kept) or "every axis of every parameter is an input's or an output's"
        raise BadInput(f"no units of the model can be exchanged: {why}. There is nothing to align.")
    scales = ScaleStructure(structure, (), (), 0.0)
    arguments, twin = prepared(reference, inputs)
    if rescale:
        scales = scale_structure(structure, twin, arguments)
    tensors = [tensors_of(each) for each in (model, reference)]
    own, other = (scales.balancing(each) for each in tensors)
    moved, fixed = (scales.scaled(t, s) if s else dict(t) for t, s in zip(tensors, (own, other), strict=True))
    exact = any(parameter.dtype == torch.float64 for parameter in twin.parameters())
    return Pair(model, reference, structure, scales, moved, fixed, tuple(zip(own, other, strict=True)), exact)


def check_alike(model: nn.Module, reference: nn.Module) -> None:
    """Refuses two networks of different architectures."""
    one, other = ({n: tuple(v.shape) for n, v in tensors_of(each).items()} for each in (model, reference))
    if one != other:
        name = next(n for n in (*one, *other) if one.get(n) != other.get(n))
        raise BadInput(
            f"the model and the reference differ in {name!r}: {_told(one, name)} and {_told(other, name)}. Align "
            "networks of one architecture; `fuse` brings together layers of different widths."
        )


def distance(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """The Euclidean distance of two sets of parameters, in float64."""
    squares = [(one[n].double() - other[n].double()).square().sum() for n in other if other[n].is_floating_point()]
    return float(torch.stack(squares).sum().sqrt())


def _told(shapes: Mapping[str, tuple[int, ...]], name: str) -> str:
    return f"shape {shapes[name]}" if name in shapes else "absent"
