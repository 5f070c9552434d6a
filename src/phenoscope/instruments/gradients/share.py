"""How much of the gradient lies where the curvature is largest?"""

import dataclasses
import math

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.gradients.mini_batches import USUAL
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.eigenspaces import NO_GAP, changed, slant
from phenoscope.instruments.spectra.spectrum import Eigenpairs, eigenvalues
from phenoscope.objective import Objective, Operator, OperatorName

ROUNDINGS, FACTOR = 1e3, 2.0
"""How far from what pairs say of themselves a residual may be: in units of the working precision, and as a factor."""


@dataclasses.dataclass(frozen=True)
class GradientShare(Reading):
    """The share of a gradient in the top-k eigenspace.

    Attributes:
        value: ‖Vᵀg‖²/‖g‖², from 0 to 1.
        residual: the share in the exact eigenspace lies at most this far from the value.
        random: k/p, what a random subspace of the same dimension has on average.
        k: the dimension.
        failure_probability: the chance that a larger eigenvalue was missed, as in `Eigenpairs`.
        products: operator products used; 1 where the eigenpairs were there already, by which they are examined.
        outcome: undetermined where the gap below the k-th eigenvalue does not hold the space in place.
    """

    value: float
    residual: float
    random: float
    k: int
    failure_probability: float
    products: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        held = f"off by at most {self.residual:.1e}" if self.outcome is not Outcome.UNDETERMINED else NO_GAP
        return f"{held}; {self.outcome}, {_space(self)}, {self.products} products"


@dataclasses.dataclass(frozen=True)
class BatchGradientShare(Reading):
    """The share of mini-batch gradients in the top-k eigenspace.

    Attributes:
        value: the mean over mini-batches of ‖Vᵀg‖²/‖g‖².
        standard_error: of the value, over the mini-batches drawn.
        residual: what the eigenspace, being known only so well, may change in the value at most.
        random: k/p, what a random subspace of the same dimension has on average.
        k: the dimension.
        batch_size: examples in a mini-batch.
        batches: mini-batches drawn.
        failure_probability: the chance that a larger eigenvalue was missed, as in `Eigenpairs`.
        products: operator products used.
        outcome: undetermined where the gap below the k-th eigenvalue does not hold the space in place.
    """

    value: float
    standard_error: float
    residual: float
    random: float
    k: int
    batch_size: int
    batches: int
    failure_probability: float
    products: int
    outcome: Outcome

    @property
    def error(self) -> float:
        """Of both kinds together: that of the draw, and what the space may change."""
        return self.standard_error + self.residual

    @property
    def evidence(self) -> str:
        held = f"the space off by at most {self.residual:.1e}" if self.outcome is not Outcome.UNDETERMINED else NO_GAP
        drawn = f"standard error {self.standard_error:.1e} over {self.batches} mini-batches of {self.batch_size}"
        return f"{drawn}; {held}; {self.outcome}, {_space(self)}, {self.products} products"


def gradient_share(
    objective: Objective,
    k: int | None = None,
    *,
    operator: OperatorName = "hessian",
    pairs: Operator | Eigenpairs | None = None,
    tol: float = 1e-3,
    generator: torch.Generator | None = None,
) -> GradientShare:
    """The share of the gradient in the space of the k largest curvatures, ‖Vᵀg‖²/‖g‖².

    Gradients of trained classifiers lie mostly in the space of the top k eigenvectors, k the number of classes
    (Gur-Ari, Roberts, Dyer 2018, Gradient descent happens in a tiny subspace, arXiv:1812.04754). That does not make it
    the space where learning happens: steps inside it alone hardly lower the loss (Song, Ahn, Yun 2024,
    arXiv:2405.16002). Dimensionless.

    The angle between the computed and the exact eigenspace is bounded by the residuals and by the gap to the next
    eigenvalue, which is measured too (see `eigenspace_overlap`); the error is what that angle can change at most.

    Args:
        objective: the loss, at the model's own point.
        k: the dimension; the number of classes (of outputs) unless given.
        operator: which curvature.
        pairs: that operator, or k + 1 of its largest eigenpairs, where they have been made already.
        tol: of the eigenpairs' residuals, relative to their values.
        generator: of their random start.

    Returns:
        `GradientShare`: value, residual, and what a random subspace has.

    Raises:
        BadInput: a k out of range, too few eigenpairs, or pairs that are none at this point.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 1.0)
        >>> x = torch.diag(torch.tensor([2.0, 1.0]))
        >>> objective = Objective(model, torch.nn.MSELoss(), (x, torch.zeros(2, 1)))
        >>> round(gradient_share(objective, 1).value, 4)  # H = diag(4, 1), g = (4, 1)
        0.9412
    """
    found, k, products = _pairs(objective, k, operator, pairs, tol=tol, generator=generator)
    value, residual = _share(objective.gradient(), found, k)
    return GradientShare(
        value=value,
        residual=residual,
        random=k / len(objective.point),
        k=k,
        failure_probability=found.failure_probability,
        products=products,
        outcome=_outcome(value, residual, found),
    )


def batch_gradient_share(
    objective: Objective,
    k: int | None = None,
    *,
    batch_size: int | None = None,
    batches: int = 32,
    operator: OperatorName = "hessian",
    pairs: Operator | Eigenpairs | None = None,
    tol: float = 1e-3,
    generator: torch.Generator | None = None,
) -> BatchGradientShare:
    """The share of mini-batch gradients in the space of the k largest curvatures, averaged over mini-batches.

    As `gradient_share`, of the gradients that stochastic training sees; the curvature is that of all data. It is the
    mean of the ratios, not the ratio of the means.

    Args:
        objective: the loss, at the model's own point.
        k: the dimension; the number of classes (of outputs) unless given.
        batch_size: examples in a mini-batch, drawn without replacement; `None` takes 32, or all where there are fewer.
        batches: how many mini-batches, drawn independently of each other.
        operator: which curvature.
        pairs: that operator, or k + 1 of its largest eigenpairs, where they have been made already.
        tol: of the eigenpairs' residuals, relative to their values.
        generator: of the random start and of the mini-batches; seeded with 0 unless given.
    """
    if batches < 2:
        raise BadInput(f"`batches` must be at least 2, got {batches}: without two there is no error.")
    generator = seeded(generator)
    found, k, products = _pairs(objective, k, operator, pairs, tol=tol, generator=generator)
    size = min(USUAL, sum(objective.partition)) if batch_size is None else batch_size
    drawn = objective.sampled(size, batches, generator=generator)
    shares = torch.tensor([_share(part.gradient(), found, k) for part in drawn], dtype=torch.float64)
    value, residual = shares.mean(dim=0).tolist()
    error = shares[:, 0].std().item() / math.sqrt(batches)
    return BatchGradientShare(
        value=value,
        standard_error=error,
        residual=residual,
        random=k / len(objective.point),
        k=k,
        batch_size=size,
        batches=batches,
        failure_probability=found.failure_probability,
        products=products,
        outcome=_outcome(value, residual, found),
    )


def classes(objective: Objective) -> int:
    """The number of outputs an example has: of classes, for a classifier."""
    outputs = objective.outputs()
    return outputs.shape[1] if outputs.ndim > 1 else 1


def _pairs(
    objective: Objective, k: int | None, operator: OperatorName, given: Operator | Eigenpairs | None, *, tol: float,
    generator: torch.Generator | None,
) -> tuple[Eigenpairs, int, int]:  # fmt: skip
    """K + 1 eigenpairs, k, and the products they took now."""
    p = len(objective.point)
    k = min(classes(objective), max(1, p - 1)) if k is None else k
    if not 1 <= k <= max(1, p - 1):
        raise BadInput(f"`k` must be from 1 to {p - 1}, one less than the parameters, got {k}.")
    if isinstance(given, Eigenpairs):
        if len(given.values) <= k or given.which != "largest":
            raise BadInput(
                f"the share in {k} dimensions needs the {k + 1} largest eigenpairs, got {len(given.values)}."
            )
        _refuse_others(given, objective, operator)
        return given, k, 1
    matrix = given_or_made(given, objective, operator)
    found = eigenvalues(matrix, min(k + 1, p), tol=tol, generator=generator)
    return found, k, found.products


def _refuse_others(pairs: Eigenpairs, objective: Objective, operator: OperatorName) -> None:
    """Refuse pairs that are no eigenpairs here, by one product with the sum of their vectors, with random signs."""
    matrix = objective.operator(operator)
    vectors, values = pairs.vectors.to(matrix.device, matrix.dtype), pairs.values.to(matrix.device, matrix.dtype)
    if vectors.shape[0] != matrix.size:
        raise BadInput(f"the eigenpairs given have {vectors.shape[0]} entries, and the model {matrix.size} parameters.")
    if not bool(torch.isfinite(values).all()):
        return  # of which the outcome tells
    signs = 2 * torch.randint(2, values.shape, generator=torch.Generator().manual_seed(0)).to(values) - 1
    apart = (matrix @ (vectors @ signs) - vectors @ (signs * values)).double().norm().item()
    rounding = ROUNDINGS * torch.finfo(matrix.dtype).eps * float(values.abs().max())
    known = float(pairs.residuals.double().norm())
    if apart > FACTOR * math.sqrt(len(values)) * (known + rounding):
        raise BadInput(
            f"the pairs given are no eigenpairs of the {operator!r} here: their residual is {apart:.2g} where they say "
            f"{known:.2g}. They belong to another point, other data or another matrix; measure them anew, or leave "
            "them out."
        )


def _share(gradient: Tensor, found: Eigenpairs, k: int) -> tuple[float, float]:
    """The share, and what an eigenspace off by some angle may change in it."""
    gradient, basis = gradient.double(), torch.linalg.qr(found.vectors[:, :k].double()).Q
    whole = gradient.square().sum().item()
    if whole == 0 or not bool(torch.isfinite(found.values).all()):
        return math.nan, math.nan
    value = ((gradient @ basis).square().sum() / whole).clamp(max=1.0)
    return value.item(), changed(value, value.new_tensor(slant(found, k))).item()


def _outcome(value: float, residual: float, found: Eigenpairs) -> Outcome:
    if not math.isfinite(value):
        return found.outcome if not found.converged else Outcome.UNDETERMINED
    return Outcome.UNDETERMINED if residual >= max(value, 1 - value) else found.outcome


def _space(reading: GradientShare | BatchGradientShare) -> str:
    missed = f"chance of a missed eigenvalue {reading.failure_probability:.0e}"
    return f"{reading.k} dimensions (a random space has {reading.random:.1e}), {missed}"
