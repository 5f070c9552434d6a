"""How many curvatures stand out from the bulk of them?"""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.instruments.gradients.share import classes as classes_of
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.spectrum import eigenvalues
from phenoscope.instruments.spectra.whole import all_eigenvalues
from phenoscope.objective import Objective, Operator, OperatorName

DENSE = 3000
"""Parameters up to which all eigenvalues are taken, from the matrix itself."""

FLAT = 1e-3
"""Curvatures below this part of the largest count as flat: neither as outliers nor as bulk."""


@dataclasses.dataclass(frozen=True, eq=False)
class Outliers(Reading):
    """The number of eigenvalues above the widest gap.

    Attributes:
        value: how many.
        gap: the ratio of the last of them to the next eigenvalue.
        second_gap: the next widest such ratio: where it is nearly as wide, the number means little.
        bulk: eigenvalues of a thousandth of the largest at least, in size, that are no outliers; nan where not all
            eigenvalues were taken.
        eigenvalues: (m,), the largest ones, falling; all of them where the matrix is small.
        searched: among how many of the largest the gap was looked for.
        products: operator products used.
        outcome: undetermined where the errors of the eigenvalues leave open which gap is the widest.
    """

    value: int
    gap: float
    second_gap: float
    bulk: float
    eigenvalues: Float[Tensor, " m"]
    searched: int
    products: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return (
            f"a gap of {self.gap:.3g} below them, the next widest {self.second_gap:.3g}, among the {self.searched} "
            f"largest; {self.outcome}, {self.products} products"
        )


def outliers(
    objective: Objective | Operator,
    most: int | None = None,
    *,
    operator: OperatorName = "hessian",
    tol: float = 1e-3,
    generator: torch.Generator | None = None,
) -> Outliers:
    """The number of eigenvalues above the widest gap, on the scale of ratios, among the largest ones.

    Those below a thousandth of the largest count as one level.

    Hessians of classifiers have a bulk near zero and a few eigenvalues outside it, as many as classes (Sagun et al.
    2017, arXiv:1706.04454; Papyan 2019, arXiv:1901.08244), or as pairs of classes: so the search goes beyond the square
    of the classes. The number has a meaning only where one gap is clearly wider than any other. Dimensionless.

    Up to 3000 parameters all eigenvalues are taken, from products in the precision of the parameters; else the largest
    by Lanczos.

    Args:
        objective: the loss, at the model's own point; or any operator.
        most: outliers to look for at most; one and a half times the square of the outputs, and 10, unless given.
        operator: which curvature of an objective.
        tol: of the eigenvalues' residuals, relative to them, where not all are taken.
        generator: of the random start there.

    Raises:
        BadInput: an operator of several rows, or one without `most`; a `most` below 1.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> reading = outliers(Matrix(torch.diag(torch.tensor([9.0, 8.0, 1.0, 0.9, 0.8]))), 3)
        >>> reading.value, round(reading.gap, 2)
        (2, 8.0)
    """
    matrix = objective if isinstance(objective, Operator) else objective.operator(operator)
    if most is None and isinstance(objective, Objective):
        most = most_outliers(objective)
    if matrix.rows != 1 or most is None or most < 1:
        raise BadInput(
            f"outliers are counted in one operator, up to a number of at least 1; got one of {matrix.rows} rows and "
            f"most={most}. Pass one row at a time, and `most` with an operator."
        )
    count = min(most + 1, matrix.size)
    if matrix.size <= DENSE:
        values = all_eigenvalues(matrix)
        errors = torch.full_like(values, matrix.rounding * float(values.abs().max()))
        return _counted(values, errors, count, matrix.size, Outcome.CONVERGED, whole=True)
    found = eigenvalues(matrix, count, tol=tol, generator=generator)
    return _counted(found.values.double(), found.residuals.double(), count, found.products, found.outcome, whole=False)


def most_outliers(objective: Objective) -> int:
    """As many as are looked for unless said otherwise: beyond the square of the classes, where pairs of them show."""
    return math.ceil(1.5 * classes_of(objective) ** 2) + 10


def _counted(values: Tensor, errors: Tensor, count: int, products: int, outcome: Outcome, *, whole: bool) -> Outliers:
    finite = bool(torch.isfinite(values).all())
    if not finite or values[0] <= 0 or count < 3:  # two gaps, to tell one from the other
        state = Outcome.UNDETERMINED if finite else Outcome.NOT_FINITE
        return Outliers(0, math.nan, math.nan, math.nan, values, count, products, state)
    # What is flat counts as one level: the ratio of a rounding error to the next one is no gap.
    kept, off = values[:count].double().clamp_min(FLAT * values[0].item()), errors[:count].double()
    gaps = kept[:-1] / kept[1:]
    order = gaps.argsort(descending=True)
    last = int(order[0])
    low = (kept[last] - off[last]) / (kept[last + 1] + off[last + 1])
    high = ((kept[:-1] + off[:-1]) / (kept[1:] - off[1:]).clamp_min(1e-300)).index_fill(0, order[:1], 0.0).max()
    sure = outcome if low > high else Outcome.UNDETERMINED
    bulk = float((values.abs() >= FLAT * values[0]).sum() - last - 1) if whole else math.nan
    return Outliers(
        value=last + 1,
        gap=gaps[last].item(),
        second_gap=gaps[order[1]].item(),
        bulk=bulk,
        eigenvalues=values,
        searched=count,
        products=products,
        outcome=sure,
    )
