"""Along which flow does descent with steps of finite size drift over a set of minima? Two limits of small rates."""

from jaxtyping import Float
from torch import Tensor


def normalised_descent_flow(sharpness: Float[Tensor, "*d"], slope: Float[Tensor, "*d"]) -> Float[Tensor, "*d"]:
    r"""-¼ ∇log λ₁: the drift of θ' = θ - η ∇L/‖∇L‖ along a set of minima, per η² a step.

    The step is too long for every minimum, so it swings about it along the top eigenvector of the Hessian, and half of
    its length is lost to each side. In the limit of small η the drift is along the set of minima only.

    Source: Arora, Li, Panigrahi 2022, Understanding gradient descent on edge of stability in deep learning,
    arXiv:2205.09745.

    Args:
        sharpness: λ₁, the largest eigenvalue of the Hessian of L at the minimum, in loss per squared parameter; as many
            as there are slopes.
        slope: ∇λ₁ along the set of minima, by whatever coordinate runs along it.

    Example:
        >>> import torch
        >>> normalised_descent_flow(torch.tensor([2.0]), torch.tensor([8.0]))
        tensor([-1.])
    """
    return -slope / (4 * sharpness)


def square_root_descent_flow(slope: Float[Tensor, "*d"]) -> Float[Tensor, "*d"]:
    r"""-⅛ ∇λ₁: the drift of θ' = θ - η ∇√L along a set of minima of loss 0, per η² a step.

    The Hessian of √L has no bound near the minima, so every rate is at the edge there. In the limit of small η the
    drift is along the set of minima only.

    Source: Arora, Li, Panigrahi 2022, arXiv:2205.09745.

    Args:
        slope: ∇λ₁ along the set of minima, λ₁ the largest eigenvalue of the Hessian of L, not of √L.

    Example:
        >>> import torch
        >>> square_root_descent_flow(torch.tensor([8.0]))
        tensor([-1.])
    """
    return -slope / 8
