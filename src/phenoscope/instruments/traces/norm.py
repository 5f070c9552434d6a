"""How large is the matrix as a whole? Its Frobenius norm, from random probes with an error that can be trusted."""

import dataclasses
import math

import torch
from jaxtyping import Bool
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.consistency import Checked
from phenoscope.instruments.spectra.spectrum import Eigenpair, Eigenpairs
from phenoscope.instruments.traces.hutchinson import Vectors, hutchinson
from phenoscope.objective import Derived, Objective, Operator, OperatorName, Restricted


@dataclasses.dataclass(frozen=True)
class FrobeniusNorm(Reading):
    """‖A‖_F of a symmetric operator, the root of the sum of its squared eigenvalues.

    Attributes:
        value: in the units of the operator.
        standard_error: of the value; the rounding where nothing was left to chance.
        probes: random vectors used; 0 where it was summed exactly.
        products: operator products used.
        outcome: how the estimate ended.
    """

    value: float
    standard_error: float
    probes: int
    products: int
    outcome: Outcome

    @property
    def title(self) -> str:
        return "Frobenius norm"

    @property
    def evidence(self) -> str:
        drawn = f"{self.probes} probes" if self.probes else "summed exactly"
        return f"standard error {self.standard_error:.2g}; {self.outcome}, {drawn}, {self.products} products"


def frobenius_norm(
    objective: Objective | Operator,
    tol: float = 0.05,
    *,
    operator: OperatorName = "hessian",
    chosen: Bool[Tensor, " p"] | None = None,
    deflate: Eigenpairs | Eigenpair | Tensor | None = None,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> FrobeniusNorm:
    r"""Frobenius norm of a curvature matrix of a loss, or of any operator: $\|A\|_F = \sqrt{\sum_i \lambda_i^2}$.

    Units: loss per squared parameter. With random signs z, E‖Az‖² = tr A² = ‖A‖_F²: Hutchinson's estimator of A². A
    second product with each probe, A(Az), is spent on the error: the spread of a few numbers ‖Az‖² says too little
    where one eigenvalue dominates, which it does more in A² than in A (see `trace`). Vectors that are known to matter
    can be deflated, and then are no part of the error.

    Args:
        objective: the loss (taken at the model's own point), or any operator; what is none is told as by `eigenvalues`.
        tol: stop once the standard error is at most tol · value.
        operator: which curvature of an objective.
        chosen: (p,), the coordinates whose diagonal block is meant.
        deflate: known eigenvectors, as an earlier reading or as columns; each costs two products.
        max_products: give up after so many, at least four; the outcome then says "not converged", and value and error
            hold.
        generator: of the signs; seeded with 0 unless given.

    Returns:
        `FrobeniusNorm`: value, standard_error, probes, products, outcome.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> frobenius_norm(Matrix(torch.diag(torch.tensor([3.0, 4.0])))).value
        5.0
    """
    if max_products < 4:
        raise BadInput(f"`max_products` must be at least 4, two for each of two probes, got {max_products}.")
    matrix = objective if isinstance(objective, Operator) else objective.operator(operator)
    block = Checked(matrix if chosen is None else Restricted(matrix, chosen))
    squared = _Squared(block)
    vectors: Vectors = deflate
    found = hutchinson(squared, 2 * tol, vectors, max_products // 2, seeded(generator))
    products = 2 * found.products
    if found.outcome is Outcome.NOT_FINITE:
        return FrobeniusNorm(math.nan, math.nan, found.probes, products, found.outcome)
    value = math.sqrt(max(found.value, 0.0))
    # The root halves relative errors; of a square that is not known at all nothing is said but its size.
    error = found.standard_error / (2 * value) if value > 0 else math.sqrt(found.standard_error)
    outcome = found.outcome
    if outcome is Outcome.CONVERGED and error > tol * value:  # of A that is symmetric, ‖A²‖ is at most ‖A‖²
        outcome = Outcome.NOT_CONVERGED
    outcome, more = block.judged(outcome, tol, max_products - products)
    return FrobeniusNorm(value, error, found.probes, products + more, outcome)


class _Squared(Derived):
    """A²."""

    @property
    def rounding(self) -> float:
        return 2 * self._of.rounding

    def _apply(self, block: Tensor) -> Tensor:
        return self._of.multiply(self._of.multiply(block))
