"""Rayleigh-Ritz in a growing subspace: the work inside the eigenvalue instruments.

Every function serves n operators at once. A block of vectors lies as (n, k, p), one vector a contiguous row.
"""

import dataclasses
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Multiply = Callable[[Tensor], Tensor]


@dataclasses.dataclass(frozen=True)
class Subspace:
    """An orthonormal basis, its images under the operator, and the operator's matrix in that basis.

    Attributes:
        basis: (n, m, p), orthonormal rows.
        images: (n, m, p), the operator times each basis vector.
        matrix: (n, m, m) in float64, symmetric.
        pure: (n,), whether every direction is one that was asked for, none a random one in its place.
    """

    basis: Float[Tensor, "n m p"]
    images: Float[Tensor, "n m p"]
    matrix: Float[Tensor, "n m m"]
    pure: Bool[Tensor, " n"]

    @property
    def dimension(self) -> int:
        return self.basis.shape[1]


@dataclasses.dataclass(frozen=True)
class RitzPairs:
    """Approximate eigenpairs from a subspace.

    Attributes:
        values: (n, k) in float64.
        vectors: (n, k, p), unit rows.
        residuals: (n, k, p), A x - θ x.
        norms: (n, k) in float64, ‖A x - θ x‖.
        scale: (n,), the largest |θ| seen in the subspace: a lower bound on the operator's norm.
    """

    values: Float[Tensor, "n k"]
    vectors: Float[Tensor, "n k p"]
    residuals: Float[Tensor, "n k p"]
    norms: Float[Tensor, "n k"]
    scale: Float[Tensor, " n"]


def begin(multiply: Multiply, start: Float[Tensor, "n k p"], spare: torch.Generator) -> Subspace:
    """The subspace spanned by the start vectors; `spare` replaces those that depend on the others."""
    n, _, p = start.shape
    nothing = start.new_zeros(n, 0, p)
    matrix = torch.zeros(n, 0, 0, dtype=torch.float64, device=start.device)
    pure = torch.ones(n, dtype=torch.bool, device=start.device)
    return extend(Subspace(nothing, nothing, matrix, pure), multiply, start, spare)


def extend(space: Subspace, multiply: Multiply, new: Float[Tensor, "n k p"], spare: torch.Generator) -> Subspace:
    """The subspace with the directions `new` added, for one product each."""
    fresh, pure = space.basis, space.pure
    for column in new.unbind(1):
        unit, taken = orthonormal(column, fresh, spare)
        fresh, pure = torch.cat([fresh, unit[:, None]], dim=1), pure & taken
    added = fresh[:, space.dimension :]
    images = torch.cat([space.images, multiply(added)], dim=1)
    block = (fresh @ images[:, space.dimension :].mT).double()  # (n, m + k, k)
    old = space.dimension
    matrix = torch.zeros(len(new), fresh.shape[1], fresh.shape[1], dtype=torch.float64, device=new.device)
    matrix[:, :old, :old] = space.matrix
    matrix[:, :, old:] = block
    matrix[:, old:, :old] = block[:, :old].mT
    matrix[:, old:, old:] = (block[:, old:] + block[:, old:].mT) / 2
    return Subspace(fresh, images, matrix, pure)


def orthonormal(
    column: Float[Tensor, "n p"], basis: Float[Tensor, "n m p"], spare: torch.Generator
) -> tuple[Float[Tensor, "n p"], Bool[Tensor, " n"]]:
    """A unit vector along the part of each row's `column` outside its basis, and whether there was such a part.

    Rows where rounding is all that is left get a random direction instead. Orthogonalised twice, which is enough
    for working precision (Giraud, Langou, Rozložník 2005).
    """
    unit, taken = outside(column, basis)
    good = taken
    for _ in range(2):
        if bool(good.all()):
            break
        column = torch.where(good[:, None], column, random_like(column, spare))
        unit, good = outside(column, basis)
    return unit, taken


def random_like(column: Float[Tensor, "*n p"], generator: torch.Generator) -> Tensor:
    """Independent normal entries of the same shape, drawn on the generator's device."""
    drawn = torch.randn(column.shape, generator=generator, device=generator.device, dtype=torch.float64)
    return drawn.to(column.device, column.dtype)


def ritz(space: Subspace, top: int, bottom: int) -> RitzPairs:
    """The `top` largest and `bottom` smallest Ritz pairs, all in falling order of their values."""
    values, coefficients = torch.linalg.eigh(space.matrix)
    m = values.shape[-1]
    chosen = [m - 1 - i for i in range(min(top, m))]
    chosen += [i for i in reversed(range(min(bottom, m))) if i not in chosen]
    theta = values[:, chosen]
    mix = coefficients[:, :, chosen].mT.to(space.basis.dtype)  # (n, k, m)
    vectors = mix @ space.basis
    residuals = mix @ space.images - theta[..., None].to(vectors.dtype) * vectors
    norms = residuals.norm(dim=-1).double()
    return RitzPairs(theta, vectors, residuals, norms, values.abs().amax(dim=-1))


def restart(space: Subspace, keep: int) -> Subspace:
    """The same Ritz pairs at both ends in a smaller basis, without a product (a thick restart)."""
    values, coefficients = torch.linalg.eigh(space.matrix)
    m = values.shape[-1]
    ends = sorted({*range(min(keep, m)), *range(max(0, m - keep), m)})
    mix = coefficients[:, :, ends].mT
    basis = mix.to(space.basis.dtype) @ space.basis
    images = mix.to(space.basis.dtype) @ space.images
    return Subspace(basis, images, torch.diag_embed(values[:, ends]), space.pure)


def pick(vectors: Float[Tensor, "n k p"], index: Int[Tensor, " n"]) -> Float[Tensor, "n p"]:
    """One vector for each row of the block."""
    return vectors[torch.arange(len(vectors), device=vectors.device), index]


def outside(
    column: Float[Tensor, "n p"], basis: Float[Tensor, "n m p"]
) -> tuple[Float[Tensor, "n p"], Bool[Tensor, " n"]]:
    """The unit vectors along the parts outside the basis, and which rows had one that is more than rounding."""
    limits = torch.finfo(column.dtype)
    vector = column / column.norm(dim=-1, keepdim=True).clamp_min(limits.tiny)
    for _ in range(2 * (basis.shape[1] > 0)):
        vector = vector - ((basis @ vector[..., None]).mT @ basis)[:, 0]
    left = vector.norm(dim=-1, keepdim=True)
    return vector / left.clamp_min(limits.tiny), left[:, 0] > 100 * limits.eps
