"""How strongly does gradient descent oscillate at its edge? The condition of complementarity that decides it."""

import torch
from jaxtyping import Float
from torch import Tensor

ROUNDS = 300
"""Of the iteration, at most; one direction alone needs one."""
TOLERANCE = 1e-6
"""At which it ends: the change of a round, relative to the solution."""


def edge_covariance(
    growth: Float[Tensor, "n k k"],
    coupling: Float[Tensor, "n k k k k"],
    *,
    start: Float[Tensor, "n k k"] | None = None,
) -> Float[Tensor, "n k k"]:
    r"""The covariance X of the oscillation that keeps k curvatures at the edge from growing beyond it.

    Without oscillation the curvatures, a matrix, grow by the symmetric G; one of covariance X takes B[X]/2 from that,
    with B[i, j, l, m] = ⟨∇H_ij, ∇H_lm⟩. X is the one positive semidefinite matrix with D = G - B[X]/2 nowhere positive
    and ⟨X, D⟩ = 0: directions oscillate only where they would else grow. One direction: X = 2 max(G, 0) / B. It is the
    minimum of ⟨X, B[X]⟩/4 - ⟨G, X⟩ over such X, found by projected gradients with momentum.

    Source: Cohen et al. 2024, Understanding optimization in deep learning with central flows, arXiv:2410.24206.

    Args:
        growth: G, of each of n networks.
        coupling: B, positive semidefinite as a matrix of pairs.
        start: a guess, such as the solution for a network nearby.

    Example:
        >>> growth = torch.tensor([[[3.0, 0.0], [0.0, -1.0]]])
        >>> coupling = torch.zeros(1, 2, 2, 2, 2)
        >>> coupling[0, 0, 0, 0, 0], coupling[0, 1, 1, 1, 1] = 2.0, 1.0
        >>> edge_covariance(growth, coupling)
        tensor([[[3., 0.],
                 [0., 0.]]])
    """
    n, k = growth.shape[:2]
    pairs = coupling.reshape(n, k * k, k * k)
    step = 2 / torch.linalg.matrix_norm(pairs, 2).clamp_min(torch.finfo(growth.dtype).tiny)[:, None, None]
    now = ahead = torch.zeros_like(growth) if start is None else start
    speed = 1.0
    for _ in range(ROUNDS):
        drift = growth - (pairs @ ahead.reshape(n, k * k, 1)).reshape(n, k, k) / 2
        new = _positive(ahead + step * drift)
        faster = (1 + (1 + 4 * speed**2) ** 0.5) / 2
        change = new - now
        turned = bool(((ahead - new) * change).sum() > 0)  # momentum that leads uphill begins anew
        ahead, speed = (new, 1.0) if turned else (new + (speed - 1) / faster * change, faster)
        settled = bool((change.norm(dim=(1, 2)) <= TOLERANCE * new.norm(dim=(1, 2))).all())
        now = new
        if settled:
            break
    return now


def _positive(matrix: Float[Tensor, "n k k"]) -> Float[Tensor, "n k k"]:
    """The nearest positive semidefinite matrix."""
    values, vectors = torch.linalg.eigh((matrix + matrix.mT) / 2)
    return (vectors * values.clamp_min(0)[:, None]) @ vectors.mT
