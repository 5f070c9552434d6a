"""What do all curvatures add up to? Random probes, stopped by the error that they still have."""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectrum import Eigenpair, Eigenpairs
from phenoscope.objective import Objective, Operator, Which

FEWEST = 10
"""Probes before the first look at the error."""
BLOCK = 8
"""Probes multiplied together, where their memory allows."""
BLOCK_ENTRIES = 2**23


@dataclasses.dataclass(frozen=True)
class Trace(Reading):
    """The trace of a symmetric operator, with its evidence.

    Attributes:
        value: in the units of the operator.
        standard_error: of the value; value ± 1.96 · standard_error covers the trace in about 95 of 100 draws. Where
            nothing was left to chance it is the rounding alone.
        scale: ‖A‖_F, the Frobenius norm, estimated from the same products: what a trace near 0 is measured against.
        probes: random vectors used; 0 where the trace was summed exactly.
        products: operator products used.
        outcome: how the estimate ended.
    """

    value: float
    standard_error: float
    scale: float
    probes: int
    products: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        drawn = f"{self.probes} probes" if self.probes else "summed exactly"
        return f"standard error {self.standard_error:.2g}; {self.outcome}, {drawn}, {self.products} products"


def trace(
    objective: Objective | Operator,
    tol: float = 0.05,
    *,
    operator: Which = "hessian",
    deflate: Eigenpairs | Eigenpair | Tensor | None = None,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> Trace:
    r"""Trace of the Hessian or the Gauss-Newton matrix of a loss: the sum of all its eigenvalues.

    Hutchinson's estimator (1990, "A stochastic estimator of the trace of the influence matrix", Communications in
    Statistics 19) in the complement of known vectors. With orthonormal columns Q, P = I - QQᵀ and random signs z,

        tr A = tr QᵀAQ + E[zᵀBz],  B = PAP;

    the first term is computed exactly, and need not be of eigenvectors for the sum to be unbiased: they only make
    the second vary less. Units: loss per squared parameter.

    The error comes from Var(zᵀBz) = 2 Σᵢ Var(zᵢ(Bz)ᵢ) (both are 2 Σ_{i≠j} Bᵢⱼ²), summing the sample's variances of
    all p terms. The deviation of the n sums zᵀBz themselves, the usual estimate, knows the same number from n values
    only: where one eigenvalue dominates, probes that happen to agree end the estimate early, and its 95 % cover 82 %
    (`tests/instruments/test_trace.py`). Looking after every block and stopping when the error is small enough costs
    this one two points of coverage at most where it was tried, and moves the value by about tol standard errors.

    Args:
        objective: the loss (taken at the model's own point), or any operator.
        tol: stop once the standard error is at most tol · max(|value|, ‖A‖_F). No trace of a positive matrix is
            below its Frobenius norm; for others this keeps a trace near 0 from never converging (it takes at
            most about 2 / tol² probes).
        operator: which curvature of an objective.
        deflate: known eigenvectors, as an earlier reading or as columns (p,) or (p, k), orthonormal or not; they
            cost k products.
        max_products: give up after so many; the outcome then says "not converged", and value and error hold. Where
            the probes still needed outnumber the parameters, the diagonal is summed instead.
        generator: of the signs; seeded with 0 unless given.

    Returns:
        `Trace`: value, standard_error, scale, probes, products, outcome.

    Raises:
        BadInput: tol or max_products out of range, vectors of the wrong shape, an operator of several rows.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> trace(Matrix(torch.diag(torch.arange(100.0)))).value
        4950.0
    """
    matrix = objective if isinstance(objective, Operator) else objective.operator(operator)
    basis = _basis(deflate, matrix)
    _check(matrix, tol, max_products, basis.shape[1])
    used = basis.shape[1]
    none = _Probes(0, torch.zeros(matrix.size, dtype=torch.float64, device=matrix.device), 0.0, 0.0)
    estimate = _Estimate(_exact(matrix, basis.mT), none, tol)
    generator = generator or torch.Generator().manual_seed(0)
    while basis.shape[1] < matrix.size and used < max_products and not estimate.settled:
        needed, left = estimate.needed, max_products - used
        if matrix.size <= min(needed, left):
            estimate, used = _Estimate(_exact(matrix, None), none, tol), used + matrix.size
            break
        width = min(needed, left, _width(matrix))
        probes = _probed(estimate.probes, matrix, basis, width, generator)
        estimate, used = dataclasses.replace(estimate, probes=probes), used + width
    return estimate.reading(used, matrix.dtype)


@dataclasses.dataclass(frozen=True)
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
    """The exact share, as the sums of its forms and squares, and the probes of the rest."""

    known: tuple[float, float]
    probes: _Probes
    tol: float

    @property
    def value(self) -> float:
        return self.known[0] + self.probes.mean.sum().item()

    @property
    def scale(self) -> float:
        return math.sqrt(self.known[1] + self.probes.square)

    @property
    def allowed(self) -> float:
        return self.tol * max(abs(self.value), self.scale)

    @property
    def settled(self) -> bool:
        """Whether nothing is gained by going on: small enough an error, or none that could become so."""
        if not math.isfinite(self.scale):
            return True
        return self.probes.count >= FEWEST and self.probes.error <= self.allowed

    @property
    def needed(self) -> int:
        """The probes that are still needed, as far as those so far can tell."""
        n = self.probes.count
        if n < FEWEST:
            return FEWEST - n
        return max(1, math.ceil(n * min((self.probes.error / self.allowed) ** 2, 1e9)) - n)

    def reading(self, products: int, dtype: torch.dtype) -> Trace:
        n, scale = self.probes.count, self.scale
        if not math.isfinite(scale):
            return Trace(math.nan, math.nan, math.nan, n, products, Outcome.NOT_FINITE)
        # p rounded entries of a diagonal add up to an error of about eps times their norm, at most ‖A‖_F.
        rounding = torch.finfo(dtype).eps
        outcome = Outcome.PRECISION_FLOOR if self.tol < rounding else Outcome.CONVERGED
        if n and not self.settled:
            outcome = Outcome.NOT_CONVERGED
        error = max(self.probes.error if n else 0.0, rounding * scale)
        return Trace(self.value, error, scale, n, products, outcome)


def _exact(matrix: Operator, rows: Float[Tensor, "k p"] | None) -> tuple[float, float]:
    """The sums of vᵀAv and ‖Av‖² over orthonormal rows v, or over all unit vectors."""
    count, width = matrix.size if rows is None else len(rows), _width(matrix)
    form = square = 0.0
    for start in range(0, count, width):
        stop = min(start + width, count)
        block = _units(matrix, start, stop) if rows is None else rows[start:stop]
        images = matrix.multiply(block[None])[0].double()
        form += (block.double() * images).sum().item()
        square += images.square().sum().item()
    return form, square


def _probed(
    probes: _Probes, matrix: Operator, basis: Float[Tensor, "p k"], width: int, generator: torch.Generator
) -> _Probes:
    """With so many more probes, of random signs projected off the basis."""
    drawn = torch.randint(2, (width, matrix.size), generator=generator, device=generator.device, dtype=torch.int8)
    signs = drawn.to(matrix.device, matrix.dtype) * 2 - 1
    images = matrix.multiply((signs - (signs @ basis) @ basis.mT)[None])[0]
    terms = signs * (images - (images @ basis) @ basis.mT)
    return probes.plus(terms.double(), images.double().square().sum(dim=1))


def _units(matrix: Operator, start: int, stop: int) -> Float[Tensor, "k p"]:
    block = torch.zeros(stop - start, matrix.size, dtype=matrix.dtype, device=matrix.device)
    block[:, start:stop].fill_diagonal_(1.0)
    return block


def _width(matrix: Operator) -> int:
    return max(1, min(BLOCK, BLOCK_ENTRIES // matrix.size))


def _basis(deflate: Eigenpairs | Eigenpair | Tensor | None, matrix: Operator) -> Float[Tensor, "p k"]:
    """Orthonormal columns that span at least the vectors given."""
    if deflate is None:
        return torch.zeros(matrix.size, 0, dtype=matrix.dtype, device=matrix.device)
    if isinstance(deflate, Eigenpair):
        vectors = deflate.vector
    else:
        vectors = deflate.vectors if isinstance(deflate, Eigenpairs) else deflate
    p = matrix.size
    if vectors.ndim not in (1, 2) or vectors.shape[0] != p or not 0 < vectors.numel() <= p**2:
        raise BadInput(f"`deflate` must have shape ({p},) or ({p}, k), k <= {p}, got {tuple(vectors.shape)}.")
    if not bool(torch.isfinite(vectors).all()):
        raise BadInput("`deflate` holds nan or infinity. Leave it out, or pass finite vectors.")
    columns = vectors.detach().reshape(p, -1).to(matrix.device, matrix.dtype)
    return torch.linalg.qr(columns).Q


def _check(matrix: Operator, tol: float, max_products: int, k: int) -> None:
    if matrix.rows != 1:
        raise BadInput(f"this measures one network, got an operator of {matrix.rows} rows. Pass one row at a time.")
    if not tol > 0:
        raise BadInput(f"`tol` must be positive, got {tol}.")
    fewest = k if k == matrix.size else k + 2
    if max_products < fewest:
        raise BadInput(
            f"`max_products` must be at least {fewest}, got {max_products}: one for each vector of `deflate`, and two "
            "probes, without which there is no standard error."
        )
