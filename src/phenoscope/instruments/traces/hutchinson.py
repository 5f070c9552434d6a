"""Random signs for the trace of a matrix that is known through its products: Hutchinson's estimator, with its error."""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.precision import decomposable
from phenoscope.instruments.given import check_one_network
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.spectra.spectrum import Eigenpair, Eigenpairs, vectors_of
from phenoscope.instruments.spectra.whole import unit_rows, width
from phenoscope.objective import Operator

Vectors = Eigenpairs | Eigenpair | Tensor | None

FEWEST = 10
"""Probes before the first look at the error."""
BLOCK = 8
"""Probes multiplied together, where their memory allows."""


@dataclasses.dataclass(frozen=True)
class Sum:
    """A trace as it was found: the fields of `Trace`."""

    value: float
    standard_error: float
    scale: float
    probes: int
    products: int
    outcome: Outcome


@dataclasses.dataclass(frozen=True)
class Share:
    """A part of a trace that is known already, from elsewhere: its value, its variance, the squares of its entries."""

    value: float = 0.0
    variance: float = 0.0
    square: float = 0.0

    def plus(self, other: tuple[float, float]) -> "Share":
        """With the sums of forms and of squares of another one, which is exact."""
        return Share(self.value + other[0], self.variance, self.square + other[1])


NOTHING = Share()


def hutchinson(
    matrix: Operator, tol: float, deflate: Vectors, max_products: int, generator: torch.Generator,
    *, known: Share = NOTHING, exact: bool = False,
) -> Sum:  # fmt: skip
    """The trace of a matrix and of a share that is known, by random signs in the complement of some vectors.

    Args:
        matrix: answers products.
        tol: the standard error is to be at most tol · max(|value|, ‖A‖_F), of both together.
        deflate: vectors whose share is computed exactly.
        max_products: give up after so many.
        generator: of the signs.
        known: the other share.
        exact: sum the diagonal, whatever it costs.
    """
    basis = orthonormal(deflate, matrix)
    check(matrix, tol, None if exact else max_products, basis.shape[1])
    used = 0 if exact else basis.shape[1]
    none = _Probes(0, torch.zeros(matrix.size, dtype=torch.float64, device=matrix.device), 0.0, 0.0)
    estimate = _Estimate(known.plus(summed(matrix, None if exact else basis.mT)), none, tol)
    if exact:
        return estimate.reading(matrix.size, matrix.rounding)
    while basis.shape[1] < matrix.size and used < max_products and not estimate.settled:
        needed, left = estimate.needed, max_products - used
        if matrix.size <= min(needed, left):
            estimate, used = _Estimate(known.plus(summed(matrix, None)), none, tol), used + matrix.size
            break
        count = min(needed, left, width(matrix, BLOCK))
        probes = _probed(estimate.probes, matrix, basis, count, generator)
        estimate, used = dataclasses.replace(estimate, probes=probes), used + count
    return estimate.reading(used, matrix.rounding)


@dataclasses.dataclass(frozen=True, eq=False)
class _Probes:
    """What n probes gave, in float64.

    Attributes:
        count: n.
        mean: (p,), the mean of the terms zᵢ(Bz)ᵢ, which add up to zᵀBz.
        spread: the sum, over probes and terms, of the squared distances to that mean.
        square: the mean of ‖APz‖².
    """

    count: int
    mean: Float[Tensor, " p"]
    spread: float
    square: float

    def plus(self, terms: Float[Tensor, "k p"], squares: Float[Tensor, " k"]) -> "_Probes":
        """With k more probes: mean and spread updated without cancellation (Chan, Golub, LeVeque 1983)."""
        k, n = len(terms), self.count
        mean = terms.mean(dim=0)
        apart = mean - self.mean
        spread = (terms - mean).square().sum() + apart.square().sum() * (n * k / (n + k))
        square = (n * self.square + squares.sum().item()) / (n + k)
        return _Probes(n + k, self.mean + apart * (k / (n + k)), self.spread + spread.item(), square)

    @property
    def error(self) -> float:
        """The standard error of the mean of zᵀBz; infinite where there are not two probes to compare."""
        n = self.count
        return math.sqrt(2 * self.spread / (n - 1) / n) if n > 1 else math.inf


@dataclasses.dataclass(frozen=True)
class _Estimate:
    """What is known, and the probes of the rest."""

    known: Share
    probes: _Probes
    tol: float

    @property
    def value(self) -> float:
        return self.known.value + self.probes.mean.sum().item()

    @property
    def scale(self) -> float:
        return math.sqrt(self.known.square + self.probes.square)

    @property
    def error(self) -> float:
        return math.sqrt((self.probes.error**2 if self.probes.count else 0.0) + self.known.variance)

    @property
    def allowed(self) -> float:
        return self.tol * max(abs(self.value), self.scale)

    @property
    def settled(self) -> bool:
        """Whether nothing is gained by going on: small enough an error, or none that could become so."""
        if not math.isfinite(self.scale):
            return True
        return self.probes.count >= FEWEST and self.error <= self.allowed

    @property
    def needed(self) -> int:
        """The probes that are still needed, as far as those so far can tell."""
        n = self.probes.count
        if n < FEWEST:
            return FEWEST - n
        left = self.allowed**2 - self.known.variance
        wanted = self.probes.error**2 / left if left > 0 else math.inf
        return max(1, math.ceil(n * min(wanted, 1e9)) - n)

    def reading(self, products: int, rounding: float) -> Sum:
        n, scale = self.probes.count, self.scale
        if not math.isfinite(scale):
            return Sum(math.nan, math.nan, math.nan, n, products, Outcome.NOT_FINITE)
        # p rounded entries of a diagonal add up to an error of about eps times their norm, at most ‖A‖_F.
        outcome = Outcome.PRECISION_FLOOR if self.tol < rounding else Outcome.CONVERGED
        if (n and not self.settled) or self.error > self.allowed:
            outcome = Outcome.NOT_CONVERGED
        error = max(self.error, rounding * scale)
        return Sum(self.value, error, scale, n, products, outcome)


def summed(matrix: Operator, rows: Float[Tensor, "k p"] | None) -> tuple[float, float]:
    """The sums of vᵀAv and ‖Av‖² over orthonormal rows v, or over all unit vectors."""
    count, step = matrix.size if rows is None else len(rows), width(matrix, BLOCK)
    form = square = 0.0
    for start in range(0, count, step):
        stop = min(start + step, count)
        block = unit_rows(matrix, start, stop) if rows is None else rows[start:stop]
        images = matrix.multiply(block[None])[0].double()
        form += (block.double() * images).sum().item()
        square += images.square().sum().item()
    return form, square


def _probed(
    probes: _Probes, matrix: Operator, basis: Float[Tensor, "p k"], count: int, generator: torch.Generator
) -> _Probes:
    """With so many more probes, of random signs projected off the basis."""
    z = signs(matrix, count, generator)
    images = matrix.multiply((z - (z @ basis) @ basis.mT)[None])[0]
    terms = z * (images - (images @ basis) @ basis.mT)
    return probes.plus(terms.double(), images.double().square().sum(dim=1))


def signs(matrix: Operator, k: int, generator: torch.Generator) -> Float[Tensor, "k p"]:
    """Random signs as rows."""
    drawn = torch.randint(2, (k, matrix.size), generator=generator, device=generator.device, dtype=torch.int8)
    return drawn.to(matrix.device, matrix.dtype) * 2 - 1


def orthonormal(deflate: Vectors, matrix: Operator) -> Float[Tensor, "p k"]:
    """Orthonormal columns that span at least the vectors given."""
    if deflate is None:
        return torch.zeros(matrix.size, 0, dtype=matrix.dtype, device=matrix.device)
    vectors = vectors_of(deflate)
    p = matrix.size
    if vectors.ndim not in (1, 2) or vectors.shape[0] != p or not 0 < vectors.numel() <= p**2:
        raise BadInput(f"`deflate` must have shape ({p},) or ({p}, k), k <= {p}, got {tuple(vectors.shape)}.")
    if not bool(torch.isfinite(vectors).all()):
        raise BadInput("`deflate` holds nan or infinity. Leave it out, or pass finite vectors.")
    columns = vectors.detach().reshape(p, -1).to(matrix.device, matrix.dtype)
    return torch.linalg.qr(decomposable(columns)).Q.to(matrix.dtype)


def check(matrix: Operator, tol: float, max_products: int | None, k: int) -> None:
    """Refuse what cannot be estimated with so many products, k of them for known vectors; `None` if all are summed."""
    check_one_network(matrix)
    if not tol > 0:
        raise BadInput(f"`tol` must be positive, got {tol}.")
    fewest = k if k == matrix.size else k + 2
    if max_products is not None and max_products < fewest:
        raise BadInput(
            f"`max_products` must be at least {fewest}, got {max_products}: one for each vector of `deflate`, and two "
            "probes, without which there is no standard error."
        )
