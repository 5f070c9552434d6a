"""Traces by finding the subspace that matters first: Hutch++ and XTrace, grown until their error is small enough."""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.precision import decomposable
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.traces.hutchinson import Sum, check, hutchinson, signs
from phenoscope.objective import Operator

FIRST = 10
"""Sketched vectors before the first look at the error; then twice as many, again and again."""


def hutch_pp(matrix: Operator, tol: float, max_products: int, generator: torch.Generator) -> Sum:
    """Hutch++: k products find a subspace, k sum the trace in it exactly, k probe what is left.

    The error is that of the last probes, which are independent of the subspace.
    """
    check(matrix, tol, max_products, 0)
    sketch = _Sketch.of(matrix)
    k, used = FIRST, 0
    while used + 3 * k <= min(matrix.size, max_products):
        grown = k - sketch.basis.shape[1]
        sketch = sketch.grown(matrix, grown, generator)
        rank = sketch.basis.shape[1]
        if not bool(torch.isfinite(sketch.basis).all()):
            return Sum(math.nan, math.nan, math.nan, 0, used + grown, Outcome.NOT_FINITE)
        found = hutchinson(matrix, tol, sketch.basis, rank + k, generator)
        used += grown + found.products
        if found.outcome is not Outcome.NOT_CONVERGED:
            return dataclasses.replace(found, products=used)
        k *= 2
    return _rest(matrix, tol, max_products, used, generator)


def xtrace(matrix: Operator, tol: float, max_products: int, generator: torch.Generator) -> Sum:
    """XTrace: the mean of k estimates, each by Hutch++ with one of k sign vectors left to probe what is left."""
    check(matrix, tol, max_products, 0)
    sketch, k, used = _Sketch.of(matrix), FIRST, 0
    eps = matrix.rounding
    while used + 2 * (k - len(sketch.signs)) <= min(matrix.size, max_products):
        used += 2 * (k - len(sketch.signs))
        sketch = sketch.grown(matrix, k - len(sketch.signs), generator, images=True)
        value, error, scale = sketch.left_one_out()
        if not math.isfinite(value):
            return Sum(math.nan, math.nan, math.nan, k, used, Outcome.NOT_FINITE)
        if error <= tol * max(abs(value), scale):
            outcome = Outcome.PRECISION_FLOOR if tol < eps else Outcome.CONVERGED
            return Sum(value, max(error, eps * scale), scale, k, used, outcome)
        k *= 2
    return _rest(matrix, tol, max_products, used, generator)


def _rest(matrix: Operator, tol: float, most: int, used: int, generator: torch.Generator) -> Sum:
    """What is left when a larger sketch is too dear: the exact sum, or ordinary probes."""
    left = max(2, most - used)
    found = hutchinson(matrix, tol, None, left, generator, exact=matrix.size <= left)
    return dataclasses.replace(found, products=used + found.products)


@dataclasses.dataclass(frozen=True, eq=False)
class _Sketch:
    """Sign vectors z as rows, their images Az, an orthonormal basis of these (columns), and the
    images of the basis, where they were asked for.
    """

    signs: Float[Tensor, "k p"]
    images: Float[Tensor, "k p"]
    basis: Float[Tensor, "p r"]
    of_basis: Float[Tensor, "p s"]

    @staticmethod
    def of(matrix: Operator) -> "_Sketch":
        rows = torch.zeros(0, matrix.size, dtype=matrix.dtype, device=matrix.device)
        return _Sketch(rows, rows, decomposable(rows.mT), rows.mT)

    def grown(self, matrix: Operator, k: int, generator: torch.Generator, *, images: bool = False) -> "_Sketch":
        """With k more vectors; the basis grows behind the columns that it has, so that their images stay."""
        drawn = signs(matrix, k, generator)
        moved = matrix.multiply(drawn[None])[0]
        new = decomposable(moved.mT)
        for _ in range(2):  # once more, as one projection leaves rounding behind
            new = new - self.basis @ (self.basis.mT @ new)
        new = torch.linalg.qr(new).Q
        new = torch.linalg.qr(new - self.basis @ (self.basis.mT @ new)).Q
        there = matrix.multiply(new.mT[None])[0].mT if images else new[:, :0]
        pairs = ((self.signs, drawn, 0), (self.images, moved, 0), (self.basis, new, 1), (self.of_basis, there, 1))
        return _Sketch(*(torch.cat([old, more], dim=axis) for old, more, axis in pairs))

    def left_one_out(self) -> tuple[float, float, float]:
        """The mean of the k estimates, its standard error, and ‖A‖_F (Epperly, Tropp, Webber 2024, section 2)."""
        z, y, q = self.signs.double().mT, self.images.double().mT, self.basis.double()  # (p, k)
        scale = math.sqrt(float(y.square().sum()) / y.shape[1])
        if not math.isfinite(scale):
            return math.nan, math.nan, math.nan
        core, r = q.mT @ self.of_basis.double(), q.mT @ y  # (k, k): QᵀAQ and QᵀAZ
        core = (core + core.mT) / 2
        singular = torch.linalg.svdvals(r)
        if bool(singular[-1] <= len(r) * torch.finfo(self.basis.dtype).eps * singular[0]):
            return float(core.trace()), 0.0, scale  # the images span the whole range: nothing is left to probe
        apart = torch.linalg.inv(r).mT
        s = torch.nn.functional.normalize(apart, dim=0)  # the direction that each vector alone adds
        w = q.mT @ z
        x = w - s * (s * w).sum(0)
        inside = core.trace() - (s * (core @ s)).sum(0)
        outside = (z * y).sum(0) - 2 * (x * r).sum(0) + (x * (core @ x)).sum(0)
        estimates = inside + outside
        # With P off the other vectors' images, ‖PAz‖² of the vector left out over ‖PAs‖²: how many directions like s
        # what is left has.
        left = apart.square().sum(0).reciprocal().mean()
        moved = self.of_basis.double() @ s
        along = moved.square().sum(0) - (core @ s).square().sum(0) + (s * (core @ s)).sum(0).square()
        directions = float(left / along.mean())
        # The estimates go together. Each of them leaves out what the others found, and if few directions are left all
        # of them probe the same. In simulations their spread alone, whose 95 % cover 82 % of decaying spectra and less
        # of ranks just above k, is too small by up to this factor.
        k = len(estimates)
        return float(estimates.mean()), float(estimates.std() * math.sqrt((2 + k / directions) / k)), scale
