"""A matrix of few parameters, whole: by a product with every unit vector."""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.objective import Operator

BLOCK = 64
"""Unit vectors multiplied together, where their memory allows."""
ENTRIES = 2**23
"""Numbers that a block of vectors may have."""


def all_eigenvalues(matrix: Operator) -> Float[Tensor, " p"]:
    """All eigenvalues, falling, in float64; nan where a product is not finite. They cost p products."""
    entries = torch.cat([images for _, images in unit_products(matrix)]).double()
    if not bool(torch.isfinite(entries).all()):
        return entries.new_full((matrix.size,), math.nan)
    return torch.linalg.eigvalsh((entries + entries.mT) / 2).flip(0)


def unit_products(matrix: Operator, most: int = BLOCK) -> Iterator[tuple[int, Float[Tensor, "k p"]]]:
    """The rows of the matrix, a block at a time, each with the number of its first row."""
    step = width(matrix, most)
    for start in range(0, matrix.size, step):
        rows = unit_rows(matrix, start, min(start + step, matrix.size))
        yield start, matrix.multiply(rows[None])[0]


def unit_rows(matrix: Operator, start: int, stop: int) -> Float[Tensor, "k p"]:
    """The unit vectors from one number to another, as rows."""
    block = torch.zeros(stop - start, matrix.size, dtype=matrix.dtype, device=matrix.device)
    block[:, start:stop].fill_diagonal_(1.0)
    return block


def width(matrix: Operator, most: int) -> int:
    """How many vectors are multiplied together, of `most` that are wanted."""
    return max(1, min(most, ENTRIES // matrix.size))
