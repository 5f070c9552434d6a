"""How does the product of linear layers move when each of them goes down its own gradient?"""

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput


def end_to_end_velocity(
    weights: Float[Tensor, "k m"], gradient: Float[Tensor, "k m"], *, depth: int
) -> Float[Tensor, "k m"]:
    r"""dW/dt of a product W of L balanced linear layers under gradient flow on a loss of W alone.

    $-\sum_{j=1}^{L} (WW^⊤)^{(j-1)/L} \, ∇L(W) \, (W^⊤W)^{(L-j)/L}$: what W is large along moves faster. Balanced means
    that neighbouring layers have AᵀA = BBᵀ (`instruments.balance`), which flow keeps. With L = 1 it is -∇L. Units: of
    the gradient, for L > 1 times a power 2 - 2/L of the weights. Source: Arora, Cohen and Hazan 2018, arXiv:1802.06509.

    Args:
        weights: W, with singular values that are not 0 and differ, where it is to be differentiated.
        gradient: ∇L there.
        depth: L.

    Raises:
        BadInput: a depth below 1.

    Example:
        >>> end_to_end_velocity(torch.eye(2) * 4, torch.ones(2, 2), depth=2)[0].tolist()
        [-8.0, -8.0]
    """
    if depth < 1:
        raise BadInput(f"a product has at least 1 layer, got depth={depth}.")
    if depth == 1:
        return -gradient
    left, values, right = torch.linalg.svd(weights, full_matrices=False)
    power, total = values ** (2 / depth), torch.zeros_like(gradient)
    for j in range(1, depth + 1):
        moved = gradient if j == 1 else (left * power ** (j - 1)) @ (left.mT @ gradient)
        total = total + (moved if j == depth else (moved @ right.mT * power ** (depth - j)) @ right)
    return -total
