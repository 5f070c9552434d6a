"""Passes over blocks of long vectors: inner products and combinations, at the speed of memory.

A product of a few long rows with a few others gets one thread from BLAS, which cuts the result into parts and finds it
too small. So the rows are cut, a piece for each thread (`benchmarks/README.md`). A block is (n, k, p), each vector a
row that lies in one stretch.
"""

import torch
from jaxtyping import Float
from torch import Tensor

LEAST = 2**19
"""Numbers in a piece, at least: with fewer, cutting takes longer than it saves."""


def inner(left: Float[Tensor, "n k p"], right: Float[Tensor, "n m p"]) -> Float[Tensor, "n k m"]:
    """All inner products of the vectors of two blocks, `left @ right.mT`."""
    pieces, end = _pieces(right)
    if pieces == 1:
        return left @ right.mT
    inside = (_cut(left, pieces, end) @ _cut(right, pieces, end).mT).sum(dim=0, keepdim=True)
    return inside + left[..., end:] @ right[..., end:].mT


def combined(mix: Float[Tensor, "n k m"], vectors: Float[Tensor, "n m p"]) -> Float[Tensor, "n k p"]:
    """Linear combinations of the vectors of a block, `mix @ vectors`."""
    if mix.shape[1] != 1:  # several are parts enough
        return mix @ vectors
    return add(vectors.new_zeros(len(mix), 1, vectors.shape[2]), mix, vectors)


def add(
    to: Float[Tensor, "n k p"], mix: Float[Tensor, "n k m"], vectors: Float[Tensor, "n m p"], *, sign: int = 1
) -> Float[Tensor, "n k p"]:
    """The first block, to which combinations of the other's vectors, times the sign, are added in place."""
    pieces, end = _pieces(vectors) if to.shape[1] == 1 else (1, 0)
    if pieces == 1:
        return to.baddbmm_(mix, vectors, alpha=sign)
    each = mix.expand(pieces, -1, -1)
    _cut(to, pieces, end).baddbmm_(each, _cut(vectors, pieces, end), alpha=sign)
    to[..., end:].baddbmm_(mix, vectors[..., end:], alpha=sign)
    return to


def norms(vectors: Float[Tensor, "*n p"]) -> Float[Tensor, " *n"]:
    """Euclidean norms in float64, right where the squares of the vectors' numbers leave their own range."""
    limits = torch.finfo(vectors.dtype)
    found = vectors.norm(dim=-1).double()
    if bool(((found < 1e4 * limits.tiny**0.5) | ~torch.isfinite(found)).any()):
        found = torch.linalg.vector_norm(vectors, dim=-1, dtype=torch.float64)
    return found


def _pieces(block: Float[Tensor, "n k p"]) -> tuple[int, int]:
    """Into how many pieces vectors are cut, and where the last ends; fewer entries than there are pieces remain."""
    rows, _, size = block.shape
    if rows > 1 or block.device.type != "cpu":  # rows go to threads as they are
        return 1, size
    pieces = max(1, min(torch.get_num_threads(), block.numel() // LEAST))
    return pieces, size - size % pieces


def _cut(block: Float[Tensor, "1 k p"], pieces: int, end: int) -> Float[Tensor, "pieces k length"]:
    """The pieces as rows of their own, where the block lies."""
    return block[0, :, :end].unflatten(1, (pieces, -1)).transpose(0, 1)
