"""How many directions do the weights of a network use? Effective and stable ranks, of matrices and of their product."""

import dataclasses
import itertools
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.instruments.reading import Reading

KINDS = ("effective", "stable")
PRODUCT = "product"
"""The name that a product of matrices goes by."""
ROUNDINGS = 100
"""Units of rounding that a rank may be off by: singular values are known to a few, weights to one."""


@dataclasses.dataclass(frozen=True)
class MatrixRank:
    """The ranks of one matrix.

    Attributes:
        effective: exp of the entropy of the singular values over their sum.
        stable: the sum of the squared singular values over the largest of them.
        most: the smaller side of the matrix, which none of them exceeds.
    """

    effective: float
    stable: float
    most: int


@dataclasses.dataclass(frozen=True, eq=False)
class WeightRank(Reading):
    """How many directions weights use.

    Attributes:
        value: the mean rank of the matrices; nan where there is none.
        kind: which rank, "effective" or "stable".
        matrices: both ranks of each, by the name of the parameter.
        rounding: what the value may be off by, in the precision of the weights.
    """

    value: float
    kind: str
    matrices: Mapping[str, MatrixRank]
    rounding: float

    @property
    def title(self) -> str:
        return f"{self.kind} rank of the weights"

    @property
    def evidence(self) -> str:
        each = [f"{name} {getattr(m, self.kind):.3g} of {m.most}" for name, m in self.matrices.items()]
        return ", ".join(each) or "no parameters that are matrices, or of a product none that follow each other"


def matrix_rank(matrix: Tensor) -> MatrixRank:
    """The effective and the stable rank of a matrix: from 1, where it has one direction, to its smaller side.

    The effective rank is exp(-Σ pᵢ log pᵢ) with pᵢ = σᵢ / Σ σ (Roy and Vetterli 2007, The effective rank, EUSIPCO), the
    stable rank Σ σᵢ² / σ₁². The first sees directions that are small beside the largest, the second hardly does: it
    is never larger. Neither changes with the size of the matrix. Both are 0 for a matrix that is 0, and nan where it
    is not finite.

    Args:
        matrix: (k, m).

    Example:
        >>> found = matrix_rank(torch.diag(torch.tensor([2.0, 2.0, 0.0])))
        >>> round(found.effective, 6), round(found.stable, 6), found.most
        (2.0, 2.0, 3)
    """
    if matrix.ndim != 2:
        raise BadInput(f"a rank is of a matrix, got the shape {tuple(matrix.shape)}.")
    most = min(matrix.shape)
    if not bool(torch.isfinite(matrix).all()):
        return MatrixRank(math.nan, math.nan, most)
    values = torch.linalg.svdvals(matrix.detach().double())
    if most == 0 or float(values[0]) == 0:
        return MatrixRank(0.0, 0.0, most)
    shares = values[values > 0] / values.sum()
    effective = float(torch.exp(-(shares * shares.log()).sum()))
    return MatrixRank(effective, float((values / values[0]).square().sum()), most)


def weight_rank(model: nn.Module, *, kind: str = "effective", product: bool = False) -> WeightRank:
    """How many directions the weights of a network use, on average over its matrices, or in their product.

    Matrices are the parameters of two dimensions or more, frozen ones among them; of a filter of a convolution all
    entries stand in a row. The product is that of all matrices in the order in which they are registered, where each
    has as many inputs as the one before has outputs: of a linear network the matrix that it computes. Of other networks
    it says what would be left without the functions between the layers. Unit: dimensions. Exact, by singular values in
    float64; the model is left as it is, and no data are needed. See `matrix_rank` for the two kinds.

    Args:
        model: any.
        kind: "effective" or "stable".
        product: whether the product of the matrices is meant.

    Returns:
        `WeightRank`: value (nan where there is no matrix, or none that follow each other), matrices, rounding.

    Raises:
        BadInput: another kind.

    Example:
        >>> model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> _ = nn.init.eye_(model[0].weight), nn.init.ones_(model[2].weight)
        >>> round(weight_rank(model).value, 6), round(weight_rank(model, product=True).value, 6)
        (2.0, 1.0)
    """
    one_of("kind", kind, KINDS)
    weights = matrices(model)
    if product:
        chained = chain(list(weights.values()))
        weights = {} if chained is None else {PRODUCT: chained}
    found = {name: matrix_rank(weight) for name, weight in weights.items()}
    values = [getattr(each, kind) for each in found.values()]
    value = sum(values) / len(values) if values else math.nan
    eps = max((torch.finfo(each.dtype).eps for each in model.parameters() if each.is_floating_point()), default=0.0)
    return WeightRank(value, kind, found, ROUNDINGS * eps * value)


def matrices(model: nn.Module) -> dict[str, Tensor]:
    """The parameters of two dimensions or more as matrices, one row an output."""
    return {name: each.detach().flatten(1) for name, each in model.named_parameters() if each.ndim >= 2}


def chain(weights: list[Tensor]) -> Tensor | None:
    """The product of matrices, the first one applied first, in float64; `None` where they do not follow each other."""
    if not weights or any(after.shape[1] != before.shape[0] for before, after in itertools.pairwise(weights)):
        return None
    made = weights[0].double()
    for weight in weights[1:]:
        made = weight.double() @ made
    return made
