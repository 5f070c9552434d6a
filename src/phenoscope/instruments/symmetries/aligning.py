"""Everything that a pair of networks needs to be brought next to each other: what may move, and what moved."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.symmetries.deriving import checked_structure, prepared
from phenoscope.instruments.symmetries.matching import Match, reordered
from phenoscope.instruments.symmetries.scaling import ScaleStructure, scale_structure
from phenoscope.instruments.symmetries.structure import PermutationStructure
from phenoscope.instruments.symmetries.tracing import tensors_of

ONE = 1e-9
"""A scale that is nearer to 1 is 1, so that networks that differ by permutations alone are moved by nothing else."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """A network, and the reference that it is to be brought next to.

    Attributes:
        model, reference: as given.
        structure: the groups of both.
        scales: their scalings and flips; none where they are not to be used.
        moved, fixed: parameters and buffers of the model and of the reference, each balanced where scales are used.
        factors: by scaling, what the model and the reference were multiplied by for that.
        twin: a generic copy of the reference, in float64 where it can be run so.
        arguments: a few inputs, as the copy takes them.
    """

    model: nn.Module
    reference: nn.Module
    structure: PermutationStructure
    scales: ScaleStructure
    moved: dict[str, Tensor]
    fixed: dict[str, Tensor]
    factors: tuple[tuple[Tensor, Tensor], ...]
    twin: nn.Module
    arguments: Any

    @property
    def exact(self) -> bool:
        """Whether both can be run in float64."""
        return any(parameter.dtype == torch.float64 for parameter in self.twin.parameters())

    @property
    def of_one_norm(self) -> bool:
        """Whether every tensor has the norm of the reference's, as if it were the same in another order."""
        norms = [[v.norm(dtype=torch.float64) for v in _numbers(each).values()] for each in (self.moved, self.fixed)]
        return all(bool((a - b).abs() <= ONE * b) for a, b in zip(*norms, strict=True))

    def rescalable(self) -> "Pair":
        """The same where scales and signs may change too, as far as the network does not notice."""
        scales = scale_structure(self.structure, self.twin, self.arguments)
        tensors = [tensors_of(each) for each in (self.model, self.reference)]
        own, other = (scales.balancing(each) for each in tensors)
        moved, fixed = (scales.scaled(t, s) if s else dict(t) for t, s in zip(tensors, (own, other), strict=True))
        factors = tuple(zip(own, other, strict=True))
        return dataclasses.replace(self, scales=scales, moved=moved, fixed=fixed, factors=factors)

    def aligned(self, match: Match) -> tuple[dict[str, Tensor], list[Tensor]]:
        """The model's parameters and buffers in the order, signs and scales of the reference; and the scales."""
        made = self.structure.permuted(tensors_of(self.model), match.orders)
        made = self.scales.flipped(made, match.signs)
        total = []
        for scaling, (own, other) in zip(self.scales.scalings, self.factors, strict=True):
            factor = reordered(self.structure, scaling.group, own, match.orders) / other
            total.append(torch.where((factor - 1).abs() < ONE, 1.0, factor))
        return self.scales.scaled(made, total) if total else made, total


def pair(model: nn.Module, reference: nn.Module, inputs: Any = None) -> Pair:
    """Two networks of one architecture, and how their units may be ordered; scales and signs stay, see `rescalable`.

    Args:
        model: left as it is.
        reference: left as it is.
        inputs: a batch, as they take it; guessed unless given.

    Raises:
        BadInput: they are not of one architecture, or have no units that may move.
    """
    check_alike(model, reference)
    arguments, twin = prepared(reference, inputs)
    structure = checked_structure(arguments, twin)
    if not structure.groups:
        why = "; ".join(structure.kept) or "every axis of every parameter is an input's or an output's"
        raise BadInput(f"no units of the model can be exchanged: {why}. There is nothing to align.")
    moved, fixed = (dict(tensors_of(each)) for each in (model, reference))
    scales = ScaleStructure(structure, (), (), 0.0)
    return Pair(model, reference, structure, scales, moved, fixed, (), twin, arguments)


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
    squares = [(one[n].double() - value.double()).square().sum() for n, value in _numbers(other).items()]
    return float(torch.stack(squares).sum().sqrt())


def _numbers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those that are no counters."""
    return {name: value for name, value in tensors.items() if value.is_floating_point()}


def _told(shapes: Mapping[str, tuple[int, ...]], name: str) -> str:
    return f"shape {shapes[name]}" if name in shapes else "absent"
