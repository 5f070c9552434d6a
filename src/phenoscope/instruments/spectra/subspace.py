"""Rayleigh-Ritz in a growing subspace: the work inside the eigenvalue instruments.

Every function serves n operators at once. A block of vectors lies as (n, k, p), one vector a contiguous row.
"""

import dataclasses
import functools
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.instruments.spectra.passes import add, combined, inner, norms

Multiply = Callable[[Tensor], Tensor]

MOST = 0.7
"""Of a unit vector: where so much is left when a basis is taken out, nothing of it comes back by rounding, and a second
pass would find nothing (Daniel, Gragg, Kaufman, Stewart 1976)."""


class Room:
    """Where basis and images lie, with room behind them, so that growing copies nothing.

    A subspace sees only its own first vectors, which never change; only the newest one may write behind them.

    Attributes:
        vectors: (2, n, room, p): the basis, and the images.
        used: how many vectors are filled.
    """

    def __init__(self, like: Float[Tensor, "n k p"], room: int) -> None:
        self.vectors, self.used = like.new_empty(2, like.shape[0], room, like.shape[2]), 0


@dataclasses.dataclass(frozen=True, eq=False)
class Subspace:
    """An orthonormal basis, its images under the operator, and the operator's matrix in that basis.

    Attributes:
        basis: (n, m, p), orthonormal rows.
        images: (n, m, p), the operator times each basis vector.
        matrix: (n, m, m) in float64, symmetric.
        pure: (n,), whether every direction is one that was asked for, none a random one in its place.
        room: where basis and images lie, if there is room behind them.
        recurrent: whether this is the Krylov space of one vector, so that by Lanczos' recurrence the matrix is
            tridiagonal: an image reaches into the last two vectors and the one that follows, up to rounding.
    """

    basis: Float[Tensor, "n m p"]
    images: Float[Tensor, "n m p"]
    matrix: Float[Tensor, "n m m"]
    pure: Bool[Tensor, " n"]
    room: Room | None = None
    recurrent: bool = False

    @property
    def dimension(self) -> int:
        return self.basis.shape[1]

    @functools.cached_property
    def following(self) -> Float[Tensor, "n p"]:
        """The part of the last image that lies outside: where the Krylov space goes on."""
        reached = slice(-2, None) if self.recurrent else slice(None)
        inside = self.matrix[:, -1:, reached].to(self.basis.dtype)
        return add(self.images[:, -1:].clone(), inside, self.basis[:, reached], sign=-1)[:, 0]


@dataclasses.dataclass(frozen=True, eq=False)
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
    old, count, pure = space.dimension, space.dimension + new.shape[1], space.pure
    room = _room(space, count)
    for place, column in enumerate(new.unbind(1), start=old):
        room.vectors[0, :, place], taken = orthonormal(column, room.vectors[0, :, :place], spare)
        pure = pure & taken
    return _filled(space, multiply, room, pure, recurrent=count == 1)


def lengthen(space: Subspace, multiply: Multiply, spare: torch.Generator) -> Subspace:
    """The subspace with the last vector's image added: the next Krylov space, if it is one."""
    room, old = _room(space, space.dimension + 1), space.dimension
    length = norms(space.images[:, -1:]).to(space.images.dtype)
    room.vectors[0, :, old], taken = orthonormal(space.following, space.basis, spare, length=length)
    recurrent = space.recurrent and bool(taken.all())
    return _filled(space, multiply, room, space.pure & taken, recurrent=recurrent)


def _filled(space: Subspace, multiply: Multiply, room: Room, pure: Bool[Tensor, " n"], *, recurrent: bool) -> Subspace:
    """The subspace of all vectors in the room: the images of the new ones are made, and the matrix is bordered."""
    old, count = space.dimension, room.used
    basis, images = room.vectors[0, :, :count], room.vectors[1, :, :count]
    images[:, old:] = multiply(basis[:, old:])
    first = max(0, count - 2) if recurrent else 0  # what the images reach into
    block = inner(images[:, old:], basis[:, first:]).mT.double()  # (n, up to m + k, k)
    matrix = torch.zeros(len(pure), count, count, dtype=torch.float64, device=basis.device)
    matrix[:, :old, :old] = space.matrix
    matrix[:, first:, old:] = block
    matrix[:, old:, first:old] = block[:, : old - first].mT
    matrix[:, old:, old:] = (block[:, old - first :] + block[:, old - first :].mT) / 2
    return Subspace(basis, images, matrix, pure, room, recurrent)


def _room(space: Subspace, count: int) -> Room:
    """Room for so many vectors that begins with those of the space, and is nobody else's to write to behind them."""
    room = space.room
    if room is None or room.used != space.dimension or room.vectors.shape[2] < count:
        room = Room(space.basis, max(8, count + space.dimension))  # twice what there was: growing seldom copies
        room.vectors[0, :, : space.dimension], room.vectors[1, :, : space.dimension] = space.basis, space.images
    room.used = count
    return room


def orthonormal(
    column: Float[Tensor, "n p"], basis: Float[Tensor, "n m p"], spare: torch.Generator,
    *, length: Float[Tensor, "n 1"] | None = None,
) -> tuple[Float[Tensor, "n p"], Bool[Tensor, " n"]]:  # fmt: skip
    """A unit vector along the part of each row's `column` outside its basis, and whether there was such a part.

    Rows where rounding is all that is left get a random direction instead. Orthogonalised twice where need be, which is
    enough for working precision (Giraud, Langou, Rozložník 2005).

    Args:
        column: any vectors.
        basis: orthonormal vectors.
        spare: of the random directions.
        length: of the columns before they were orthogonalised a first time, if they were.
    """
    unit, taken = outside(column, basis, length=length)
    good = taken
    for _ in range(2):
        if bool(good.all()):
            break
        column = torch.where(good[:, None], unit, random_like(column, spare))
        unit, good = outside(column, basis)
    return unit, taken


def random_like(column: Float[Tensor, "*n p"], generator: torch.Generator) -> Tensor:
    """Independent normal entries of the same shape, drawn on the generator's device."""
    drawn = torch.randn(column.shape, generator=generator, device=generator.device, dtype=torch.float64)
    return drawn.to(column.device, column.dtype)


def ritz(space: Subspace, top: int, bottom: int) -> RitzPairs:
    """The `top` largest and `bottom` smallest Ritz pairs, all in falling order of their values."""
    values, mix, scale = _ritz_values(space, top, bottom)
    mix = mix.to(space.basis.dtype)
    if space.dimension == 1:  # a coefficient of 1: nothing to combine
        vectors, images = space.basis.clone(), space.images
    else:
        vectors, images = combined(mix, space.basis), combined(mix, space.images)
    residuals = torch.addcmul(images, values[..., None].to(vectors.dtype), vectors, value=-1)
    return RitzPairs(values, vectors, residuals, norms(residuals), scale)


def krylov_norms(
    space: Subspace, top: int, bottom: int
) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n k"], Float[Tensor, " n"]]:
    """The values of `ritz`, the norms and the scale, of a Krylov space: by its recurrence, for one pass over the basis.

    There A x - θ x = β s v, with v the next direction, β its length before it was made a unit, and s the last
    coefficient of x; up to rounding, which these norms do not see.
    """
    values, mix, scale = _ritz_values(space, top, bottom)
    return values, mix[..., -1].abs() * norms(space.following)[:, None], scale


def _ritz_values(
    space: Subspace, top: int, bottom: int
) -> tuple[Float[Tensor, "n k"], Float[Tensor, "n k m"], Float[Tensor, " n"]]:
    """Values, coefficients in the basis, and the largest absolute value of all."""
    values, coefficients = torch.linalg.eigh(space.matrix)
    m = values.shape[-1]
    chosen = [m - 1 - i for i in range(min(top, m))]
    chosen += [i for i in reversed(range(min(bottom, m))) if i not in chosen]
    return values[:, chosen], coefficients[:, :, chosen].mT, values.abs().amax(dim=-1)


def restart(space: Subspace, keep: int) -> Subspace:
    """The same Ritz pairs at both ends in a smaller basis, without a product (a thick restart)."""
    values, coefficients = torch.linalg.eigh(space.matrix)
    m = values.shape[-1]
    ends = sorted({*range(min(keep, m)), *range(max(0, m - keep), m)})
    mix = coefficients[:, :, ends].mT
    basis, images = (combined(mix.to(part.dtype), part) for part in (space.basis, space.images))
    return Subspace(basis, images, torch.diag_embed(values[:, ends]), space.pure)


def pick(vectors: Float[Tensor, "n k p"], index: Int[Tensor, " n"]) -> Float[Tensor, "n p"]:
    """One vector for each row of the block."""
    return vectors[torch.arange(len(vectors), device=vectors.device), index]


def outside(
    column: Float[Tensor, "n p"], basis: Float[Tensor, "n m p"], *, length: Float[Tensor, "n 1"] | None = None
) -> tuple[Float[Tensor, "n p"], Bool[Tensor, " n"]]:
    """The unit vectors along the parts outside the basis, and which rows had one that is more than rounding.

    With a `length`, that of the columns before, they have been orthogonalised once already.
    """
    limits = torch.finfo(column.dtype)
    whole = norms(column[:, None]).to(column.dtype) if length is None else length
    vector = (column / whole.clamp_min(limits.tiny))[:, None]
    left = (whole >= limits.tiny).to(column.dtype)
    for _ in range((2 if length is None else 1) if basis.shape[1] else 0):
        left = add(vector, inner(vector, basis), basis, sign=-1).norm(dim=-1)
        if bool((left > MOST).all()):
            break
    vector = vector[:, 0]
    return vector.div_(left.clamp_min(limits.tiny)) if basis.shape[1] else vector, left[:, 0] > 100 * limits.eps
