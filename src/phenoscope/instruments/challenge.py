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
from jaxtyping import Float
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
    found: Float[Tensor, " n"]
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
    most: int = 60,
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

    def deflated(block: Tensor) -> Tensor:
        image = multiply(block)
        return image - (image @ known.mT) @ known

    room = known.shape[-1] - known.shape[1]
    start = random_like(known[:, 0], generator)
    start = start - ((known @ start[..., None]).mT @ known)[:, 0]
    space = begin(deflated, start[:, None], generator)
    while True:
        best = ritz(space, 1, 0)
        chance = hidden_probability(space, level, room)
        found = best.values[:, 0] > floor
        settled = found | (chance <= risk)
        if bool(settled.all()) or space.dimension >= min(most, room):
            return Challenge(chance, found, best.vectors[:, 0], space.dimension)
        following = space.images[:, -1] - ((known @ space.images[:, -1, :, None]).mT @ known)[:, 0]
        space = extend(space, deflated, following[:, None], generator)


def hidden_probability(space: Subspace, level: Float[Tensor, " n"], dimensions: int) -> Float[Tensor, " n"]:
    """The chance that the Krylov space of a random start hides an eigenvalue above `level`.

    Args:
        space: grown from one random unit vector by the operator's images alone.
        level: (n,); where a Ritz value lies above it the chance is 1, as nothing is excluded.
        dimensions: d, in which the start was drawn.
    """
    m = space.dimension
    if m >= dimensions:
        return torch.zeros_like(level)
    inside = torch.diagonal(space.matrix, offset=1, dim1=1, dim2=2).abs().cpu().numpy()
    last = space.images[:, -1].double() - (space.matrix[:, -1:, :] @ space.basis.double())[:, 0]
    betas = np.concatenate([inside, last.norm(dim=-1).cpu().numpy()[:, None]], axis=1)
    thetas = torch.linalg.eigvalsh(space.matrix).cpu().numpy()
    gaps = level.cpu().numpy()[:, None] - thetas
    with np.errstate(divide="ignore", invalid="ignore"):
        log_c = np.log(betas).sum(axis=1) - np.log(gaps).sum(axis=1)
    c_squared = np.where((gaps > 0).all(axis=1), np.exp(2 * np.minimum(log_c, 0.0)), 1.0)
    chance = betainc(0.5, (dimensions - 1) / 2, c_squared) if dimensions > 1 else np.zeros(len(c_squared))
    return torch.as_tensor(chance, dtype=torch.float64, device=level.device)
