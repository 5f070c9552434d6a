"""Why does gradient descent not diverge at its edge? The map of two numbers in which a swing lowers the sharpness."""

import torch
from jaxtyping import Float
from torch import Tensor

GONE = 1e6
"""A displacement beyond which the map is left where it was: it describes a swing, not what follows its end."""


def self_stabilisation(
    x: Float[Tensor, " n"],
    y: Float[Tensor, " n"],
    *,
    lr: Float[Tensor, " n"],
    drift: Float[Tensor, " n"],
    restoring: Float[Tensor, " n"],
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    r"""One step of x' = -(1 + ηy) x, y' = y + η (α - β x²/2): gradient descent around the edge, as two numbers.

    x is the displacement along the top eigenvector u of the Hessian, y the sharpness less 2/η. Above the edge the swing
    x grows; as it does, the third derivative of the loss turns its square into a pull along -∇λ, which lowers the
    sharpness. α = -⟨∇L, ∇λ⟩ is how fast the sharpness rises by itself, β = ‖∇λ‖², both at right angles to u. The map
    rests at y = 0, x² = 2α/β, around which small cycles take about 2π/(η √(2α)) steps. With β = 0 it is the
    quadratic's: x diverges. A row whose |x| is above a million stays where it is.

    Source: Damian, Nichani, Lee 2022, Self-stabilization: the implicit bias of gradient descent at the edge of
    stability, arXiv:2209.15594.

    Args:
        x: in parameters.
        y: in loss per squared parameter.
        lr: η.
        drift: α.
        restoring: β.

    Example:
        >>> one = torch.ones(1)
        >>> x, y = self_stabilisation(2 * one, 0 * one, lr=0.5 * one, drift=2 * one, restoring=one)
        >>> x.item(), y.item()
        (-2.0, 0.0)
    """
    here = x.abs() <= GONE
    moved, raised = -(1 + lr * y) * x, y + lr * (drift - restoring * x.square() / 2)
    return torch.where(here, moved, x), torch.where(here, raised, y)
