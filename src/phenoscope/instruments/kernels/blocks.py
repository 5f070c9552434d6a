"""Blocks of a kernel from the derivatives of two groups of examples, whatever they are made of.

Derivatives are kept as factors, (c, n, m) rows with or without inputs (`layers.rules.Factor`), one for each part of the
network; c counts outputs, or random combinations of them. The block of two parts is the sum of their blocks.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from phenoscope.instruments.kernels.multiplying import inner
from phenoscope.objective.layers.rules import Factor

Shape = Literal["full", "trace", "each"]
"""All pairs of outputs (c, n, d, m); the sum over equal ones (n, m); or each equal pair by itself (c, n, m)."""


def add_block(total: Tensor | None, left: Factor, right: Factor, shape: Shape) -> Tensor:
    """The block of two factors, added to what is there."""
    alike = None if left.inputs is None or right.inputs is None else inner(left.inputs, right.inputs)
    if shape == "full":
        return _add_full(total, left.rows, right.rows, alike)
    if shape == "each":
        return _added(total, left.rows @ right.rows.mT, alike)
    return _added(total, inner(_beside(left.rows), _beside(right.rows)), alike)


def roomy(seeds: int, count: int, sizes: Sequence[int], shape: Shape, like: Tensor) -> Tensor:
    """Room for rows (c, n, m), in memory as the blocks want it: for the trace all rows of an example side by side."""
    if shape == "trace":
        return like.new_empty(count, seeds, *sizes).transpose(0, 1)
    return like.new_empty(seeds, count, *sizes)


def _beside(rows: Tensor) -> Tensor:
    """(c, n, m) as (n, c·m)."""
    return rows.transpose(0, 1).flatten(1) if len(rows) > 1 else rows[0]


def _added(total: Tensor | None, found: Tensor, alike: Tensor | None) -> Tensor:
    if alike is None:
        return found if total is None else total.add_(found)
    return found.mul_(alike) if total is None else total.addcmul_(found, alike.expand_as(found))


def _add_full(total: Tensor | None, left: Tensor, right: Tensor, alike: Tensor | None) -> Tensor:
    (c, n, _), (d, m, _) = left.shape, right.shape
    if alike is not None and bool((left == left[:, :1]).all()) and bool((right == right[:, :1]).all()):
        # The same for all examples, as in a last layer: a product of matrices of outputs and of examples.
        total = left.new_zeros(c, n, d, m) if total is None else total
        between = left[:, 0] @ right[:, 0].mT
        for i, j in between.nonzero().tolist():
            total[i, :, j].add_(alike, alpha=float(between[i, j]))
        return total
    found = inner(left.flatten(0, 1), right.flatten(0, 1)).reshape(c, n, d, m)
    return _added(total, found, None if alike is None else alike[:, None])


def mirrored(block: Tensor, shape: Shape) -> Tensor:
    """The block of the same two groups the other way round."""
    return block.permute(2, 3, 0, 1) if shape == "full" else block.mT


def empty(c: int, n: int, m: int, shape: Shape, like: Tensor) -> Tensor:
    """Room for the blocks of all groups."""
    sizes = {"full": (c, n, c, m), "trace": (n, m), "each": (c, n, m)}[shape]
    return torch.empty(sizes, dtype=like.dtype, device=like.device)


def place(whole: Tensor, block: Tensor, rows: slice, columns: slice, shape: Shape) -> None:
    """Put a block where it belongs."""
    if shape == "full":
        whole[:, rows, :, columns] = block
    else:
        whole[..., rows, columns] = block


def place_symmetric(whole: Tensor, block: Tensor, rows: slice, columns: slice, shape: Shape) -> None:
    """Put a block of a symmetric kernel where it belongs, and its mirror image; symmetric to the last bit.

    Columns begin where rows do, or behind the rows.
    """
    own = rows.stop - rows.start if rows.start == columns.start else 0
    if own:
        square = block[..., :own]
        place(whole, (square + mirrored(square, shape)) / 2, rows, rows, shape)
    rest, block = slice(columns.start + own, columns.stop), block[..., own:]
    place(whole, block, rows, rest, shape)
    place(whole, mirrored(block, shape), rest, rows, shape)
