"""Could a larger eigenvalue have been missed? A fresh random start tries to find one, and bounds its chance.

A residual proves that an eigenvalue lies near a value, not that it is the largest. So the found vectors are
projected out and Lanczos runs on the rest from a random unit vector q. After m steps with Ritz values θ_i and
off-diagonals β_i, the residual polynomial obeys ‖∏(A - θ_i) q‖ = ∏ β_i. An eigenvalue λ above all θ_i whose unit
eigenvector is u therefore needs |u·q| ≤ c = ∏ β_i / ∏ (λ - θ_i). For a random direction in d dimensions
(u·q)² follows the Beta(1/2, (d-1)/2) law, so the chance that q hides such an eigenvalue is at most
P(Beta ≤ c²). It is a p-value: "missed, and reported chance below r" has probability at most r.
"""

import dataclasses

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.special import betainc
from torch import Tensor

from phenoscope.instruments.subspace import Multiply, Subspace, begin, extend, random_like, ritz


@dataclasses.dataclass(frozen=True)
class Challenge:
    """What a fresh start found outside the known vectors.

    Attributes:
        failure_probability: (n,), the chance that an eigenvalue above the level stayed hidden.
        found: (n,), whether a larger eigenvalue turned up.
        vectors: (n, p), the best direction of each row.
        products: products used, per row.
    """

    failure_probability: Float[Tensor, " n"]
    found: Bool[Tensor, " n"]
    vectors: Float[Tensor, "n p"]
    products: int


def challenge(
    multiply: Multiply,
    known: Float[Tensor, "n k p"],
    floor: Float[Tensor, " n"],
    level: Float[Tensor, " n"],
    *,
    risk: float,
    generator: torch.Generator,
    most: int,
) -> Challenge:
    """Search the complement of the known vectors for an eigenvalue above `floor`.

    Args:
        multiply: the operator.
        known: orthonormal vectors that are projected out.
        floor: a Ritz value above it is a discovery (each row's smallest known eigenvalue and its tolerance).
        level: the chance is stated for eigenvalues above it.
        risk: stop once every row's chance is at most this.
        generator: of the random start.
        most: the largest number of products.
    """

    def outside(block: Tensor) -> Tensor:
        return block - (block @ known.mT) @ known

    def deflated(block: Tensor) -> Tensor:
        return outside(multiply(outside(block)))

    room = known.shape[-1] - known.shape[1]
    space = begin(deflated, outside(random_like(known[:, :1], generator)), generator)
    chance = torch.ones_like(level)
    while True:
        best = ritz(space, 1, 0)
        chance = hidden_probability(space, level, room, chance)
        found = best.values[:, 0] > floor
        settled = found | (chance <= risk)
        if bool(settled.all()) or space.dimension >= min(most, room):
            return Challenge(chance, found, best.vectors[:, 0], space.dimension)
        space = extend(space, deflated, outside(space.images[:, -1:]), generator)


def hidden_probability(
    space: Subspace, level: Float[Tensor, " n"], dimensions: int, so_far: Float[Tensor, " n"]
) -> Float[Tensor, " n"]:
    """The chance that the Krylov space of a random start hides an eigenvalue above `level`.

    Every stage of the space bounds the chance, so the lowest bound counts; a row that ran out of directions of its
    own (`space.pure`) keeps what it had.

    Args:
        space: grown from one random unit vector by the operator's images alone.
        level: (n,); where a Ritz value lies above it nothing is excluded.
        dimensions: d, in which the start was drawn.
        so_far: the chance from earlier stages, 1 at first.
    """
    m = space.dimension
    if m >= dimensions:
        return torch.zeros_like(level)
    inside = torch.diagonal(space.matrix, offset=1, dim1=1, dim2=2).abs().cpu().numpy()
    last = space.images[:, -1:] - space.matrix[:, -1:].to(space.basis.dtype) @ space.basis
    betas = np.concatenate([inside, last.norm(dim=-1).double().cpu().numpy()], axis=1)
    gaps = level.cpu().numpy()[:, None] - torch.linalg.eigvalsh(space.matrix).cpu().numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        log_c = np.log(betas).sum(axis=1) - np.log(gaps).sum(axis=1)
    # An invariant space (some β = 0) shows every eigenvalue that the start has a part of: almost surely all.
    whole = (betas == 0).any(axis=1) & (gaps >= 0).all(axis=1)
    c_squared = np.where((gaps > 0).all(axis=1), np.exp(2 * np.minimum(log_c, 0.0)), 1.0)
    c_squared = np.where(whole, 0.0, c_squared)
    chance = torch.as_tensor(betainc(0.5, (dimensions - 1) / 2, c_squared), dtype=torch.float64, device=level.device)
    return torch.where(space.pure, torch.minimum(chance, so_far), so_far)
