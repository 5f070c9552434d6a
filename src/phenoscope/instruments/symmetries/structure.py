"""Which axes of a network's parameters move together when its units are put in another order?"""

import dataclasses
import functools
from collections.abc import Mapping

import torch
from torch import Tensor

Permutations = Mapping[str, Tensor]
"""By group, which of its units stands at each place: (n,), or a row for each member of its outer group, (m, n)."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Units that are put in another order together, wherever they stand.

    Attributes:
        name: of the first parameter whose axis it is.
        size: units; of one head, where they lie inside of heads.
        inside: the number of the group that they lie inside of, each of its members with an order of its own.
        movable: whether it may be put in another order; where not, those inside of it may.
    """

    name: str
    size: int
    inside: int | None = None
    movable: bool = True


@dataclasses.dataclass(frozen=True)
class Block:
    """A part of a parameter or buffer each of whose axes is a product of groups.

    Attributes:
        tensor: its name.
        starts, lengths: where it lies along each axis.
        groups: the group of each axis of the block read as `sizes`; `None` where entries stay in place.
        sizes: of all factors of all axes.
    """

    tensor: str
    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    groups: tuple[int | None, ...]
    sizes: tuple[int, ...]

    def of(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The block of these tensors, a view where it can be one, in its factors."""
        value = tensors[self.tensor]
        for axis, (start, size) in enumerate(zip(self.starts, self.lengths, strict=True)):
            value = value.narrow(axis, start, size)
        return value.reshape(self.sizes)

    def written(self, whole: Tensor, value: Tensor) -> Tensor:
        """A tensor with another block in it, differentiable in both."""
        value = value.reshape(self.lengths)
        if self.lengths == tuple(whole.shape):
            return value
        inside = whole.new_zeros(whole.shape, dtype=torch.bool)
        places = tuple(slice(start, start + size) for start, size in zip(self.starts, self.lengths, strict=True))
        inside[places] = True
        around = [
            (start, size - start - n) for start, n, size in zip(self.starts, self.lengths, whole.shape, strict=True)
        ]
        padded = torch.nn.functional.pad(value, [side for pair in reversed(around) for side in pair])
        return torch.where(inside, padded, whole)

    def write(self, tensors: Mapping[str, Tensor], value: Tensor) -> None:
        """Put it into these tensors, in place."""
        target = tensors[self.tensor]
        for axis, (start, size) in enumerate(zip(self.starts, self.lengths, strict=True)):
            target = target.narrow(axis, start, size)
        target.copy_(value.reshape(self.lengths))


@dataclasses.dataclass(frozen=True)
class PermutationStructure:
    """The groups of units of an architecture, and where they stand in its parameters and buffers.

    Attributes:
        groups: their names are unique.
        blocks: parts of parameters and buffers in which some group stands.
        kept: why units stay in place that might move: operations of which nothing is known.
        deviation: the largest change of an output, relative to the largest, when all groups were put in a random order,
            in float64 and at a generic point: the evidence that the structure is right.
        features: what layers and products of activations take in, by the numbers of the operation and of the operand;
            for inputs of these lengths.
    """

    groups: tuple[Group, ...]
    blocks: tuple[Block, ...]
    kept: tuple[str, ...] = ()
    deviation: float = 0.0
    features: tuple[tuple[tuple[int, int], Block], ...] = ()

    @functools.cached_property
    def standing(self) -> tuple[tuple[int, ...], ...]:
        """By group, the numbers of the blocks in which it stands."""
        return tuple(tuple(i for i, b in enumerate(self.blocks) if g in b.groups) for g in range(len(self.groups)))

    def inner(self, group: int) -> tuple[int, ...]:
        """The numbers of the groups that lie inside of one."""
        return tuple(number for number, each in enumerate(self.groups) if each.inside == group)

    def shape(self, group: int) -> tuple[int, ...]:
        """Of the permutation of a group."""
        own = self.groups[group]
        return (own.size,) if own.inside is None else (self.groups[own.inside].size, own.size)

    def identity(self) -> dict[str, Tensor]:
        """Every unit in its place."""
        shapes = {group.name: self.shape(number) for number, group in enumerate(self.groups)}
        return {name: torch.arange(shape[-1]).expand(shape).clone() for name, shape in shapes.items()}

    def random(self, generator: torch.Generator) -> dict[str, Tensor]:
        """A random order of every group that may move."""
        found = {}
        for name, order in self.identity().items():
            rows = [torch.randperm(order.shape[-1], generator=generator) for _ in range(order[..., 0].numel())]
            found[name] = torch.stack(rows).reshape(order.shape)
        return found | {group.name: torch.arange(group.size) for group in self.groups if not group.movable}

    def permuted(self, tensors: Mapping[str, Tensor], permutations: Permutations) -> dict[str, Tensor]:
        """Parameters and buffers by name with their units in another order; those without a group as they are.

        Args:
            tensors: parameters and buffers by name.
            permutations: groups that are left out stay as they are.
        """
        orders = [permutations.get(group.name) for group in self.groups]
        touched = {b.tensor for b in self.blocks if any(g is not None and orders[g] is not None for g in b.groups)}
        made = {name: value.clone() if name in touched else value for name, value in tensors.items()}
        for block in self.blocks:
            if block.tensor in touched:
                block.write(made, self._moved(block, block.of(tensors), orders))
        return made

    def _moved(self, block: Block, value: Tensor, orders: list[Tensor | None]) -> Tensor:
        inner = []
        for axis, group in enumerate(block.groups):
            order = None if group is None else orders[group]
            if order is None or group is None:
                continue
            order = order.to(value.device)
            outer = self.groups[group].inside
            if outer is None:
                value = value.index_select(axis, order)
            else:
                inner.append((axis, block.groups.index(outer), order))
        for axis, outer_axis, order in inner:  # once whole heads are where they belong
            shape = [1] * value.ndim
            shape[outer_axis], shape[axis] = order.shape
            rows = (order if outer_axis < axis else order.T).reshape(shape)
            value = torch.take_along_dim(value, rows, dim=axis)
        return value
