"""Operators made of other operators: a block of the matrix, and the matrix in other coordinates."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective.operators import Operator


class Derived(Operator):
    """An operator whose products are made of those of another one.

    Args:
        of: the other one.
        size: where it is not of the same size.
    """

    def __init__(self, of: Operator, size: int | None = None) -> None:
        super().__init__(of.rows, of.size if size is None else size, of.dtype, of.device)
        self._of = of

    @property
    def trusted(self) -> bool:
        return super().trusted and self._of.trusted

    @property
    def rounding(self) -> float:
        return self._of.rounding


class Restricted(Derived):
    """The block of a matrix that belongs to some coordinates: the curvature if only those could move.

    Its vectors hold the chosen coordinates only, in their order.

    Args:
        of: the whole, of size p.
        chosen: (p,), true for the coordinates that stay; see `Objective.chosen`.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> block = Restricted(Matrix(torch.tensor([[1.0, 2.0], [2.0, 5.0]])), torch.tensor([False, True]))
        >>> block @ torch.tensor([1.0])
        tensor([5.])
    """

    def __init__(self, of: Operator, chosen: Bool[Tensor, " p"]) -> None:
        if chosen.shape != (of.size,) or not bool(chosen.any()):
            raise BadInput(
                f"a block of a matrix of size {of.size} needs a choice of that shape with something chosen, got shape "
                f"{tuple(chosen.shape)} with {int(chosen.sum())} chosen."
            )
        self._places = chosen.to(of.device).nonzero()[:, 0]
        super().__init__(of, len(self._places))

    def _apply(self, block: Tensor) -> Tensor:
        whole = torch.zeros(*block.shape[:2], self._of.size, dtype=self.dtype, device=self.device)
        whole[..., self._places] = block
        return self._of.multiply(whole)[..., self._places]


class Scaled(Derived):
    """D A D for a positive diagonal D: the matrix in coordinates stretched by 1/D.

    With D = P^(-1/2), P the preconditioner of an adaptive rule, its eigenvalues are those of P⁻¹A: the *effective*
    curvature, which is to be laid against the threshold of the rule without its preconditioner (Cohen et al. 2022,
    Adaptive gradient methods at the edge of stability).

    Args:
        of: the matrix A, of size p.
        scale: the diagonal of D, (p,) or (n, p), positive.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> Scaled(Matrix(torch.eye(2)), torch.tensor([1.0, 3.0])) @ torch.ones(2)
        tensor([1., 9.])
    """

    def __init__(self, of: Operator, scale: Float[Tensor, "*n p"]) -> None:
        if scale.shape not in ((of.size,), (of.rows, of.size)) or not bool((scale > 0).all()):
            raise BadInput(
                f"a scale of a matrix of size {of.size} must have shape ({of.size},) and be positive, got shape "
                f"{tuple(scale.shape)} with smallest entry {float(scale.min()) if scale.numel() else 0:.3g}."
            )
        super().__init__(of)
        self._scale = scale.to(of.device, of.dtype).reshape(-1, 1, of.size)

    def _apply(self, block: Tensor) -> Tensor:
        return self._scale * self._of.multiply(self._scale * block)
