"""Which eigenvalues has a matrix made of gradients, all of them? Exactly, through inner products between examples."""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.gram_rows import Factors, Rows, rows_of
from phenoscope.objective import Objective, Operator
from phenoscope.objective.layers.rules import Dense
from phenoscope.objective.layers.space import LayerSpace, layer_space

Made = Literal["gauss_newton", "fisher", "empirical_fisher", "gradient_covariance"]

GRADIENTS = ("empirical_fisher", "gradient_covariance")
"""Made of the gradients of single examples: one row each."""
SLACK = 100.0
"""Times the rounding, which the residuals may come to: they are of a product in the working precision."""
MEMORY = 2 * 2**30
"""Bytes for the factors and the matrix between examples, unless the caller says otherwise: 2 GiB."""


@dataclasses.dataclass(frozen=True, eq=False)
class GramSpectrum(Reading):
    """All non-zero eigenvalues of a matrix that is a sum of squares, with the evidence for them.

    Attributes:
        values: (r,), falling, in float64; the other p - r eigenvalues are 0 to within `rounding`.
        vectors: (p, k), unit columns of the k largest.
        residuals: (k,), ‖A v - λ v‖ with products of the matrix itself, which share nothing with the Gram matrix.
        rounding: what any of the values may be off by: the working precision times the largest, times the root of the
            number of rows (or what large outputs cost, if that is more), and times what second derivatives lose where a
            classifier is sure of all.
        size: p.
        rows: of the Gram matrix: examples times outputs, or examples.
        products: passes backwards through all data, and operator products for the residuals.
        outcome: whether the residuals are no more than rounding.
    """

    values: Float[Tensor, " r"]
    vectors: Float[Tensor, "p k"]
    residuals: Float[Tensor, " k"]
    rounding: float
    size: int
    rows: int
    products: int
    outcome: Outcome

    @property
    def value(self) -> float:
        """The largest."""
        return float(self.values[0]) if len(self.values) else 0.0

    @property
    def title(self) -> str:
        return "largest eigenvalue"

    @property
    def evidence(self) -> str:
        told = f"rounding {self.rounding:.1e}; {len(self.values)} of {self.size} eigenvalues are not 0"
        largest = f", largest residual {float(self.residuals.max()):.1e}" if len(self.residuals) else ""
        return f"{told}{largest}; {self.outcome}, {self.products} products"


def gauss_newton_spectrum(
    objective: Objective, *, operator: Made = "gauss_newton", vectors: int = 1, memory: int = MEMORY
) -> GramSpectrum:
    r"""All non-zero eigenvalues of the Gauss-Newton matrix, the Fisher matrices or the gradients' covariance, exactly.

    Units: loss per squared parameter. Such a matrix is $R^\top R$ with one row an example and output (Gauss-Newton and
    true Fisher: $\Lambda^{1/2} U^\top J_n$ with $U \Lambda U^\top$ the loss's curvature in the outputs of example n),
    or one row an example (its gradient; the covariance subtracts the mean). $R R^\top$ has the same non-zero
    eigenvalues (Dangel, Tatzel, Hennig 2022, ViViT, arXiv:2106.02624) and as many rows as there are examples times
    outputs: the whole spectrum, where a Lanczos iteration sees the ends. Rows are never stored where a layer's inputs
    and the gradients in its outputs are enough; they are for layers that share weights over positions.

    Args:
        objective: the loss, at the model's own point.
        operator: which matrix.
        vectors: how many of the largest eigenvalues get an eigenvector, and a residual by products of the matrix.
        memory: bytes that factors and Gram matrix may take.

    Returns:
        `GramSpectrum`: values, vectors, residuals, rounding, size, rows, products, outcome.

    Raises:
        BadInput: a loss that is not convex in the outputs, or more rows than the memory allows.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.eye(2), torch.zeros(2, 1)))
        >>> [round(value, 4) for value in gauss_newton_spectrum(objective).values.tolist()]
        [1.0, 1.0]
    """
    return spectrum_of(objective, operator, lambda: objective.operator(operator), vectors, memory)


def spectrum_of(
    objective: Objective, operator: Made, make: Callable[[], Operator], vectors: int = 1, memory: int = MEMORY
) -> GramSpectrum:
    """The same, with the matrix whose products give the residuals from elsewhere."""
    if operator not in ("gauss_newton", "fisher", *GRADIENTS):
        raise BadInput(f"a Gram matrix needs a matrix that is a sum of squares, got {operator!r}; see `eigenvalues`.")
    space = layer_space(objective, operator)
    _refuse(space, operator, memory)
    factors = rows_of(space, own=operator in GRADIENTS)
    centre = None
    if operator == "gradient_covariance":
        centre = torch.nn.functional.normalize(factors.weights.sqrt(), dim=0)
    gram = factors.gram() if centre is None else _centred(factors.gram(), centre)
    if not bool(torch.isfinite(gram).all()):
        nothing = gram.new_zeros(0)
        empty = gram.new_zeros(len(space.point), 0)
        return GramSpectrum(nothing, empty, nothing, math.nan, len(empty), len(gram), 0, Outcome.NOT_FINITE)
    values, inside = (found.flip(-1) for found in torch.linalg.eigh(gram))
    precision = max(space.rounding, torch.finfo(space.point.dtype).eps * math.sqrt(len(gram)))
    rounding = float(precision * factors.lost * values[0].clamp_min(0.0))
    values = values[values > rounding]
    found = _vectors(factors, values[:vectors], inside, centre)
    residuals = _residuals(make, values, found)
    held = not len(residuals) or bool(residuals.max() <= SLACK * rounding)
    outcome = Outcome.CONVERGED if held else Outcome.NOT_CONVERGED
    passes = (1 if operator in GRADIENTS else space.entries) + found.shape[1]
    return GramSpectrum(values, found, residuals, rounding, len(space.point), len(gram), passes, outcome)


def _refuse(space: LayerSpace, which: Made, memory: int) -> None:
    objective = space.objective
    rows = sum(objective.partition) * (1 if which in GRADIENTS else space.entries)
    _refuse_large(space, rows, memory)
    if not space.layers and not space.reason.startswith("no rule"):
        raise BadInput(f"a Gram matrix needs examples that add up: {space.reason}. Use `eigenvalues`.")


def _refuse_large(space: LayerSpace, rows: int, memory: int) -> None:
    dense = all(isinstance(layer.rule, Dense) for layer in space.layers) and not bool(space.rest.any()) and space.units
    held = 3 * 8 * rows**2 + (0 if dense else space.point.element_size() * rows * len(space.point))
    if held > memory:
        raise BadInput(
            f"{rows:,} rows and {len(space.point):,} parameters would take {held / 2**30:.1f} GiB, more than "
            f"`memory` ({memory / 2**30:.1f} GiB). Measure on fewer examples, allow more, or use `eigenvalues`."
        )


def _centred(gram: Tensor, unit: Tensor) -> Tensor:
    """(I - uuᵀ) G (I - uuᵀ)."""
    left = gram - unit[:, None] * (unit @ gram)
    return left - (left @ unit)[:, None] * unit


def _vectors(factors: Factors | Rows, values: Tensor, inside: Tensor, centre: Tensor | None) -> Tensor:
    """Rᵀu / √λ."""
    mixed = inside[:, : len(values)]
    if centre is not None:
        mixed = mixed - centre[:, None] * (centre @ mixed)
    columns = [factors.pull(u) / value.sqrt() for u, value in zip(mixed.mT, values, strict=True)]
    return torch.stack(columns, dim=1) if columns else factors.pull(inside[:, 0])[:, None][:, :0]


def _residuals(make: Callable[[], Operator], values: Tensor, vectors: Tensor) -> Tensor:
    if not vectors.shape[1]:
        return values[:0]
    matrix = make()
    images = matrix @ vectors.to(matrix.dtype)
    return (images.double() - vectors * values[: vectors.shape[1]]).norm(dim=0)
