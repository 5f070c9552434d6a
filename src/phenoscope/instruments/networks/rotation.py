"""Does a field of velocities go downhill on anything? The antisymmetric part of its Jacobian says no."""

import dataclasses
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.reading import Reading


@dataclasses.dataclass(frozen=True, eq=False)
class Rotation(Reading):
    """How much a field turns at a point.

    Attributes:
        value: ‖A‖ / ‖J‖ of the Jacobian J and its antisymmetric part A = (J - Jᵀ)/2, Frobenius norms: 0 for a gradient
            field, 1 for a pure rotation; 0 where J is.
        jacobian: J, (d, d).
        rounding: what the value may be off by.
    """

    value: float
    jacobian: Float[Tensor, "d d"]
    rounding: float

    @property
    def evidence(self) -> str:
        return f"Jacobian of {len(self.jacobian)} coordinates, exact; rounding about {self.rounding:.0e}"


def rotation(field: Callable[[Tensor], Tensor], point: Float[Tensor, " d"]) -> Rotation:
    """Whether a field of velocities is the gradient of any function near a point: then its Jacobian is symmetric.

    Training that moves along -P(w) ∇L(w) could be descent on another loss, L plus a regulariser. If the antisymmetric
    part of its Jacobian is not 0 it is descent on no function at all (Arora, Cohen and Hazan 2018, arXiv:1802.06509,
    on products of linear layers). That it is 0 at a point says nothing of others. Without units; d reverse passes.

    Args:
        field: from coordinates (d,) to velocities (d,), differentiable by torch.
        point: where, in float64 for an exact answer.

    Raises:
        BadInput: a field of another shape, or one whose Jacobian is not finite there.

    Example:
        >>> turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        >>> rotation(lambda w: turn @ w, torch.ones(2)).value, rotation(lambda w: -3 * w, torch.ones(2)).value
        (1.0, 0.0)
    """
    jacobian = torch.func.jacrev(field)(point.detach())
    if not isinstance(jacobian, Tensor) or jacobian.shape != (len(point), len(point)):
        raise BadInput(f"a field gives as many velocities as there are coordinates, {len(point)}.")
    if not bool(torch.isfinite(jacobian).all()):
        raise BadInput("the field has no finite Jacobian at this point. Take another point.")
    size = float(jacobian.norm())
    value = float((jacobian - jacobian.mT).norm()) / (2 * size) if size else 0.0
    return Rotation(value, jacobian, 10 * len(point) * torch.finfo(jacobian.dtype).eps)
