"""Could a larger eigenvalue have been missed? A fresh random start tries to find one, and bounds its chance.

A residual proves that an eigenvalue lies near a value, not that it is the largest. So known vectors are projected out
and Lanczos runs on the rest from a random unit vector q. After m steps with Ritz values θ_i and off-diagonals β_i, the
residual polynomial obeys ‖∏(C - θ_i) q‖ = ∏ β_i, with C the operator on the rest. An eigenvalue λ above all θ_i whose
unit eigenvector is u therefore needs |u·q| ≤ c = ∏ β_i / ∏ (λ - θ_i). For a random direction in d dimensions (u·q)²
follows the Beta(1/2, (d-1)/2) law, so the chance that q hides such an eigenvalue is at most P(Beta ≤ c²). It is a
p-value: "missed, and reported chance below r" has probability at most r.

What may be projected out? Orthonormal Ritz vectors y_j with values t_j and residuals r_j leave A = [T Rᵀ; R C]. By
Sylvester's law of inertia, A has as many eigenvalues above a level ℓ as T has there and C - ℓ - Σ r_j r_jᵀ / (t_j - ℓ)
above zero. Vectors above the level only help; the others count at most Σ ‖r_j‖² / (ℓ - t_j) together. So whatever
Lanczos has gathered may go as long as that sum is small, and the more goes the sooner the rest is settled.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.special import betainc
from torch import Tensor

from phenoscope.instruments.spectra.passes import combined, inner, norms
from phenoscope.instruments.spectra.subspace import Multiply, Subspace, extend, lengthen, random_like


@dataclasses.dataclass(frozen=True, eq=False)
class End:
    """Which eigenvalues are looked for: those of `sign` times the operator that are large.

    Attributes:
        sign: 1 for the largest, -1 for the smallest.
        floor: (n,); a Ritz value above it is a discovery (each row's last known eigenvalue and its tolerance).
        level: (n,); the chance is stated for eigenvalues above it.
    """

    sign: float
    floor: Float[Tensor, " n"]
    level: Float[Tensor, " n"]

    def beyond(self, values: Float[Tensor, "n k"]) -> Int[Tensor, " n"]:
        """How many of some values lie beyond the level."""
        return (self.sign * values > self.level[:, None]).sum(dim=1)


@dataclasses.dataclass(frozen=True, eq=False)
class Challenge:
    """What a fresh start found outside the known vectors.

    Attributes:
        failure_probability: (n,), the chance that an eigenvalue above a level stayed hidden.
        found: (n,), whether one above a floor turned up.
        space: the known vectors, and behind them what the search went through.
        products: products used, per row.
    """

    failure_probability: Float[Tensor, " n"]
    found: Bool[Tensor, " n"]
    space: Subspace
    products: int


def challenge(
    known: Subspace,
    multiply: Multiply,
    ends: Sequence[End],
    *,
    risk: float,
    generator: torch.Generator,
    most: int,
) -> Challenge:
    """Search the complement of a subspace for eigenvalues beyond the floors.

    Args:
        known: what is projected out.
        multiply: the operator.
        ends: where to look; one search serves both.
        risk: stop once every row's chance, added over the ends, is at most this.
        generator: of the random start.
        most: the largest number of products.
    """
    before, left = known.dimension, known.basis.shape[2] - known.dimension
    pure = torch.ones_like(known.pure)  # the search is a Krylov space of its own, whatever it stands behind
    start = random_like(known.basis[:, :1], generator)
    space = extend(dataclasses.replace(known, pure=pure), multiply, start, generator)
    chances = [torch.ones_like(end.level) for end in ends]
    while True:
        values = torch.linalg.eigvalsh(space.matrix[:, before:, before:])
        found = torch.stack([(end.sign * values).amax(dim=1) > end.floor for end in ends]).any(dim=0)
        for index, end in enumerate(ends):
            chances[index] = hidden_probability(space, end.level, left, chances[index], known=before, sign=end.sign)
        chance = torch.stack(chances).sum(dim=0).clamp_max(1.0)
        products = space.dimension - before
        if bool((found | (chance <= risk)).all()) or products >= min(most, left):
            return Challenge(chance, found, space, products)
        space = lengthen(space, multiply, generator)


def settled(
    space: Subspace, ends: Sequence[End], top: int, bottom: int, budget: Float[Tensor, " n"]
) -> tuple[Subspace, list[End]]:
    """The part of a space that may be projected out, and the ends with levels as much lower as that costs.

    Args:
        space: what has been gathered.
        ends: where to look.
        top: how many of the largest Ritz vectors stay in any case.
        bottom: how many of the smallest do.
        budget: (n,), the most that the levels may fall for the sake of further ones.
    """
    values, coefficients = torch.linalg.eigh(space.matrix)
    squares = _image_squares(space, values, coefficients) - values.square()  # ‖r_j‖², for r_j ⟂ the space
    gaps = [end.level[:, None] - end.sign * values for end in ends]
    costs = [torch.where(gap > 0, squares.clamp_min(0) / gap, 0.0) for gap in gaps]
    worst = torch.stack(costs).amax(dim=0)
    worst[:, :bottom], worst[:, values.shape[1] - top :] = -1.0, -1.0
    order = worst.argsort(dim=1, stable=True)
    fits = (worst.gather(1, order).clamp_min(0).cumsum(dim=1) <= budget[:, None]).sum(dim=1)
    chosen = order[:, : max(top + bottom, int(fits.min()))]
    lower = [end.level - cost.gather(1, chosen).sum(dim=1) for end, cost in zip(ends, costs, strict=True)]
    ends = [End(end.sign, torch.minimum(end.floor, level), level) for end, level in zip(ends, lower, strict=True)]
    if chosen.shape[1] == space.dimension:
        return space, ends
    mix = coefficients.gather(2, chosen[:, None].expand(-1, space.dimension, -1)).mT
    basis, images = (combined(mix.to(part.dtype), part) for part in (space.basis, space.images))
    return Subspace(basis, images, torch.diag_embed(values.gather(1, chosen)), space.pure), ends


def _image_squares(
    space: Subspace, values: Float[Tensor, "n m"], coefficients: Float[Tensor, "n m m"]
) -> Float[Tensor, "n m"]:
    """‖A y_j‖² of the Ritz vectors, from images of ordinary size: squares of others leave the range of numbers."""
    unit = values.abs().amax(dim=1).clamp_min(torch.finfo(space.images.dtype).tiny)[:, None]
    ordinary = bool(((unit > 1e-12) & (unit < 1e12)).all())
    images = space.images if ordinary else space.images / unit[..., None].to(space.images.dtype)
    squares = ((inner(images, images).double() @ coefficients) * coefficients).sum(dim=1)
    return squares if ordinary else squares * unit.square()


def hidden_probability(
    space: Subspace, level: Float[Tensor, " n"], dimensions: int, so_far: Float[Tensor, " n"],
    *, known: int = 0, sign: float = 1.0,
) -> Float[Tensor, " n"]:  # fmt: skip
    """The chance that the Krylov space of a random start hides an eigenvalue above `level`.

    Every stage of the space bounds the chance, so the lowest bound counts; a row that ran out of directions of its
    own (`space.pure`) keeps what it had.

    Args:
        space: grown from one random unit vector by the operator's images alone.
        level: (n,); where a Ritz value lies above it nothing is excluded.
        dimensions: d, in which the start was drawn.
        so_far: the chance from earlier stages, 1 at first.
        known: how many vectors at the beginning of the space are projected out, and no part of the Krylov space.
        sign: -1 for the smallest eigenvalues; the level is then that of the negated operator.
    """
    m, matrix = space.dimension - known, space.matrix[:, known:, known:]
    values = sign * torch.linalg.eigvalsh(matrix)
    if m >= dimensions:
        return (values > level[:, None]).any(dim=1).double()
    inside = torch.diagonal(matrix, offset=1, dim1=1, dim2=2).abs().cpu().numpy()
    betas = np.concatenate([inside, norms(space.following)[:, None].cpu().numpy()], axis=1)
    gaps = (level[:, None] - values).cpu().numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        log_c = np.log(betas).sum(axis=1) - np.log(gaps).sum(axis=1)
    # An invariant space (some β = 0) shows every eigenvalue that the start has a part of: almost surely all.
    whole = (betas == 0).any(axis=1) & (gaps >= 0).all(axis=1)
    c_squared = np.where((gaps > 0).all(axis=1), np.exp(2 * np.minimum(log_c, 0.0)), 1.0)
    c_squared = np.where(whole, 0.0, c_squared)
    chance = torch.as_tensor(betainc(0.5, (dimensions - 1) / 2, c_squared), dtype=torch.float64, device=level.device)
    return torch.where(space.pure, torch.minimum(chance, so_far), so_far)
