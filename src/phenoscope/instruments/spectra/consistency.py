"""Do the products that came belong to one symmetric matrix?

Estimators take that for granted, and none of their errors would tell: an operator that is not symmetric, not linear or
random gives probes that agree with each other as well as those of a matrix do. So a few sums of vectors that were
multiplied, with random signs, are kept beside the sums of their products. Of a symmetric matrix xᵢ·yⱼ = xⱼ·yᵢ holds for
these sums, which costs no product; and y is the product with x, which costs one.
"""

import torch
from torch import Tensor

from phenoscope.instruments.outcome import Outcome
from phenoscope.objective import Derived, Operator

SUMS = 4
"""Kept of vectors, and as many of products; each pair of them is a test of its own."""
LARGE = 2**22
"""Parameters from which on two sums are enough to hold."""
FEW, WIDE = 4, 16
"""Vectors that are remembered in any case, and so many at a time that all are: unit vectors are seen through that way.
For one vector at a time the sums take 1.5 % of its product's time (perceptron of 200,000 parameters, 2,000 images)."""
TOLERATED = 1e-3
"""The part of a product that may be wrong before it is said, unless the tolerance asked for is smaller."""
ROUNDINGS = 1e4
"""So many times the working precision a product may be off by rounding; what is left of large parts that cancel is."""
SPREAD = 1e3
"""And so many times that of an inner product with it."""
AHEAD = 256
"""Signs that are drawn at a time."""


class Checked(Derived):
    """The same operator, of whose products some are remembered, as sums.

    Args:
        of: of one row.
    """

    def __init__(self, of: Operator) -> None:
        super().__init__(of)
        self._generator = torch.Generator().manual_seed(0)
        self._signs = torch.zeros(SUMS if of.size < LARGE else 2, 0, dtype=self._precision, device=of.device)
        self._vectors = torch.zeros(len(self._signs), of.size, dtype=self._precision, device=of.device)
        self._images = torch.zeros_like(self._vectors)

    @property
    def _precision(self) -> torch.dtype:
        return torch.promote_types(self.dtype, torch.float32)

    def _apply(self, block: Tensor) -> Tensor:
        images, count = self._of.multiply(block), block.shape[1]
        if self.products - count < FEW or count >= WIDE:
            signs = self._drawn(count)
            self._vectors.addmm_(signs, block[0].to(self._precision))
            self._images.addmm_(signs, images[0].to(self._precision))
        return images

    def _drawn(self, count: int) -> Tensor:
        if self._signs.shape[1] < count:
            more = torch.randint(2, (len(self._signs), max(count, AHEAD)), generator=self._generator) * 2 - 1
            self._signs = more.to(self._signs)
        signs, self._signs = self._signs[:, :count], self._signs[:, count:]
        return signs

    def judged(self, outcome: Outcome, tol: float, spare: int) -> tuple[Outcome, int]:
        """The outcome, or what is wrong with the operator; and the products that it took to see.

        Args:
            outcome: of the estimate.
            tol: asked for.
            spare: products that are still allowed; without one only the symmetry is looked at, which is free.
        """
        if outcome is Outcome.NOT_FINITE:
            return outcome, 0
        allowed = max(ROUNDINGS * torch.finfo(self.dtype).eps, min(TOLERATED, tol))
        looks = spare > 0 and not self.trusted
        if looks and not self._is_linear(allowed):
            return Outcome.NOT_LINEAR, 1
        return outcome if self._is_symmetric(allowed) else Outcome.NOT_SYMMETRIC, int(looks)

    def _is_linear(self, allowed: float) -> bool:
        """Whether the product with twice the first sum is twice the sum of the products."""
        twice = 2 * self._vectors[:1]
        again = self._of.multiply(twice[None].to(self.dtype))[0].to(self._precision)
        return float((again - 2 * self._images[:1]).norm()) <= allowed * 2 * float(self._images[0].norm())

    def _is_symmetric(self, allowed: float) -> bool:
        forms = self._vectors.double() @ self._images.double().mT
        apart, beside = (forms - forms.mT).norm(), (forms - torch.diag(torch.diagonal(forms))).norm()
        # Rounding is spread over a product, so that of an inner product with it grows with its length only.
        rounding = SPREAD * torch.finfo(self.dtype).eps * self._vectors.abs().max() * self._images.norm()
        return bool(apart <= allowed * beside + rounding)
