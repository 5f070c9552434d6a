"""Products of powers of scalars: where gradient flow ends, and how sharp it is there, in closed form.

f(w) = Π wᵢ^pᵢ with the loss ½ (f - 1)². The flow keeps every difference of vᵢ = wᵢ²/pᵢ, since d(wᵢ²)/dt =
-2 pᵢ f (f - 1) has the same multiple of pᵢ for all. So it ends where vᵢ = s + dᵢ, with dᵢ = vᵢ - min v and the one
s > 0 with Π (pᵢ vᵢ)^(pᵢ/2) = 1. There the Hessian is ∇f ∇fᵀ, whose eigenvalue is Σ pᵢ²/wᵢ² = Σ pᵢ/vᵢ.
"""

import torch
from jaxtyping import Float
from torch import Tensor

HALVINGS = 64
"""Of the interval of log s: more than float64 can tell apart."""


def flow_limit(weights: Float[Tensor, "... k"], powers: Float[Tensor, " k"]) -> Float[Tensor, "... k"]:
    """The v = w²/p of the minimum that gradient flow reaches from the weights, by bisection instead of integration.

    Holds where the flow reaches a minimum; it does from almost all starts with f > 0.

    Args:
        weights: none of them 0, in float64.
        powers: positive.
    """
    values = weights.double().square() / powers
    apart = values - values.min(dim=-1, keepdim=True).values
    high = (-(powers * powers.log()).sum() / powers.sum()).expand(*values.shape[:-1], 1)  # s where all are equal
    low = high - 100
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        product = (powers / 2 * (powers * (middle.exp() + apart)).log()).sum(dim=-1, keepdim=True)
        low, high = torch.where(product > 0, low, middle), torch.where(product > 0, middle, high)
    return high.exp() + apart


def flow_sharpness(weights: Float[Tensor, "... k"], powers: Float[Tensor, " k"]) -> Float[Tensor, "..."]:
    """The largest Hessian eigenvalue at the minimum that gradient flow reaches from the weights.

    Source: the invariants of scalar linear networks, Kreisler et al. 2023, arXiv:2305.13064.

    Example:
        >>> found = flow_sharpness(torch.tensor([2.0, 0.5]).double(), torch.tensor([1.0, 1.0]).double())
        >>> round(found.item(), 12)
        4.25
    """
    return (powers / flow_limit(weights, powers)).sum(dim=-1)
