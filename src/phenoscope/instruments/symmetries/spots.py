"""Where the units of a group stand in a model's parameters, and numbers of theirs multiplied into these."""

from collections.abc import Mapping

from torch import Tensor

from phenoscope.instruments.symmetries.structure import Block, PermutationStructure

Spot = tuple[int, int]
"""A block, and an axis of it in factors: where a group stands."""


def spots_of(structure: PermutationStructure, group: int) -> list[Spot]:
    """Where a group stands."""
    return [
        (number, axis)
        for number in structure.standing[group]
        for axis, there in enumerate(structure.blocks[number].groups)
        if there == group
    ]


def _laid_along(structure: PermutationStructure, spot: Spot, values: Tensor) -> Tensor:
    """Numbers of a group's units in a shape that multiplies the block."""
    block, axis = structure.blocks[spot[0]], spot[1]
    shape = [1] * len(block.sizes)
    outer = outer_axis(structure, block, axis)
    if outer is None:
        shape[axis] = len(values)
        return values.reshape(shape)
    shape[outer], shape[axis] = values.shape
    return (values if outer < axis else values.T).reshape(shape)


def axes_along(structure: PermutationStructure, block: Block, axis: int) -> list[int]:
    """The axes of a block along which numbers of a group's units lie, in the order of the group's shape."""
    outer = outer_axis(structure, block, axis)
    return [axis] if outer is None else [outer, axis]


def outer_axis(structure: PermutationStructure, block: Block, axis: int) -> int | None:
    """The axis of a block of what the group at an axis lies inside of."""
    group = block.groups[axis]
    outer = None if group is None else structure.groups[group].inside
    return None if outer is None else block.groups.index(outer)


def _multiply(structure: PermutationStructure, tensors: dict[str, Tensor], parts: list[tuple[Spot, Tensor]]) -> None:
    for spot, factors in parts:
        block = structure.blocks[spot[0]]
        value = block.of(tensors)
        block.write(tensors, value * _laid_along(structure, spot, factors.to(value.device)).to(value.dtype))


def multiplied(
    structure: PermutationStructure, tensors: Mapping[str, Tensor], parts: list[tuple[Spot, Tensor]]
) -> dict[str, Tensor]:
    """Parameters and buffers by name, multiplied in spots by numbers of the units that stand there."""
    touched = {structure.blocks[spot[0]].tensor for spot, _ in parts}
    made = {name: value.clone() if name in touched else value for name, value in tensors.items()}
    _multiply(structure, made, parts)
    return made
