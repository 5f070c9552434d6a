"""In which direction does the sharpness change, and does training go there?"""

import dataclasses
import math

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.spectrum import Eigenpairs, eigenvalues
from phenoscope.objective import Objective, Operator

NEAR = 1e-3
"""Relative to the largest eigenvalue: a second one nearer than that makes it degenerate."""
ALLOWED = 0.05
"""The residual of a gradient that has converged, relative to its length."""


@dataclasses.dataclass(frozen=True, eq=False)
class SharpnessGradient(Reading):
    """The gradient of the sharpness, with its evidence.

    Attributes:
        value: its Euclidean norm.
        residual: the larger of two things: what the eigenvector's own error makes of the vector, to first order
            2 ‖∇³L[v, r, ·]‖ / gap with r = Hv - λv; and how far the norm is from differences of the curvature vᵀHv
            along the vector, which exposes third derivatives that are wrong, and the kinks of a ReLU network, which
            no derivative sees.
        vector: (p,), ∇λ_max(θ).
        cosine: between ∇λ and the gradient of the loss; negative where gradient flow sharpens. nan where either is 0.
        rate: -⟨∇λ, ∇L⟩, the change of the sharpness per unit of time under gradient flow.
        sharpness: λ_max.
        gap: from λ_max to the next eigenvalue.
        products: Hessian products used for the eigenvector.
        outcome: degenerate where the gap is so small that λ_max has no derivative of its own to speak of.
    """

    value: float
    residual: float
    vector: Float[Tensor, " p"]
    cosine: float
    rate: float
    sharpness: float
    gap: float
    products: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return (
            f"residual {self.residual:.1e}; {self.outcome}, gap {self.gap:.2g} below {self.sharpness:.4g}, "
            f"{self.products} products"
        )


@dataclasses.dataclass(frozen=True)
class SharpeningCosine(Reading):
    """The cosine between the gradient of the sharpness and that of the loss, with its evidence.

    Attributes:
        value: from -1 (a step of descent sharpens as fast as any) to 1 (it flattens as fast as any).
        residual: what the error of the gradient of the sharpness makes of it.
        rate: -⟨∇λ, ∇L⟩, the change of the sharpness per unit of time under gradient flow.
        outcome: that of the gradient of the sharpness.
    """

    value: float
    residual: float
    rate: float
    outcome: Outcome

    @property
    def evidence(self) -> str:
        return f"residual {self.residual:.1e}; {self.outcome}, gradient flow changes the sharpness by {self.rate:.3g}"


def sharpness_gradient(
    objective: Objective,
    tol: float = 1e-4,
    *,
    hessian: Operator | None = None,
    start: Tensor | Eigenpairs | None = None,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> SharpnessGradient:
    r"""Gradient of the sharpness, ∇_θ λ_max(∇²L(θ)) = ∇³L(θ)[v, v, ·], v the top eigenvector held fixed.

    Holding v fixed is no approximation: to first order its change does not move the eigenvalue (Hellmann and Feynman),
    if the eigenvalue is a simple one. It is what self-stabilisation at the edge works through (Damian, Nichani and Lee
    2022, arXiv:2209.15594). Units: loss per cubed parameter.

    Right through normalisation layers, whose third derivatives PyTorch gets wrong (2.13: layer, batch and instance
    normalisation, and weight normalisation from the second on): they are written out in elementary operations here.

    Args:
        objective: the loss, at the model's own point.
        tol: of the eigenvector: its residual is at most tol · λ.
        hessian: the loss's Hessian at that point, where it is there already.
        start: the top two eigenvectors from before.
        max_products: of the search for the eigenvector.
        generator: of its start; seeded with 0 unless given.

    Returns:
        `SharpnessGradient`: value, residual, vector, cosine, rate, sharpness, gap, products, outcome.

    Example:
        >>> class Square(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        ...     def forward(self, x):
        ...         return x * (self.weight ** 3).sum()
        >>> objective = Objective(Square(), lambda outputs, targets: outputs.mean(), (torch.ones(4, 1), torch.zeros(4)))
        >>> [round(entry, 3) for entry in sharpness_gradient(objective).vector.tolist()]
        [0.0, 6.0]
    """
    matrix = given_or_made(hessian, objective)
    generator = seeded(generator)
    count = min(2, matrix.size)
    found = eigenvalues(matrix, count, tol=tol, start=start, max_products=max_products, generator=generator)
    value, vector = found.values[0].item(), found.vectors[:, 0]
    if not math.isfinite(value):
        nan, nothing = math.nan, torch.full_like(vector, math.nan)
        return SharpnessGradient(nan, nan, nothing, nan, nan, nan, nan, found.products, Outcome.NOT_FINITE)
    gap = value - found.values[1].item() if count == 2 else math.inf
    around = objective.at()
    slope = around.third(vector[None], vector[None])[1][0]
    rest = (matrix @ vector) - value * vector
    turned = 2 * around.third(vector[None], rest[None])[1][0].double().norm().item() / max(gap, 1e-300)
    apart, noise = _disagreement(objective, vector, slope, abs(value))
    residual = max(turned, apart, torch.finfo(matrix.dtype).eps * slope.double().norm().item())
    gradient, along = objective.gradient().double(), slope.double()
    inner, lengths = torch.dot(gradient, along).item(), (gradient.norm() * along.norm()).item()
    cosine = inner / lengths if lengths > 0 else math.nan
    outcome = _outcome(found, gap, residual <= ALLOWED * along.norm().item() + noise)
    norm, products = along.norm().item(), found.products + 1
    return SharpnessGradient(norm, residual, slope, cosine, -inner, value, gap, products, outcome)


def sharpening_cosine(
    objective: Objective,
    tol: float = 1e-4,
    *,
    hessian: Operator | None = None,
    generator: torch.Generator | None = None,
) -> SharpeningCosine:
    r"""Cosine between the gradient of the sharpness and the gradient of the loss, ⟨∇λ, ∇L⟩ / ‖∇λ‖‖∇L‖.

    Negative where gradient flow sharpens (progressive sharpening, Cohen et al. 2021, arXiv:2103.00065), positive where
    it flattens. Dimensionless. For more see `sharpness_gradient`.

    Args:
        objective: the loss, at the model's own point.
        tol: of the eigenvector.
        hessian: the loss's Hessian at that point, where it is there already.
        generator: of the search for the eigenvector; seeded with 0 unless given.

    Returns:
        `SharpeningCosine`: value, residual, rate, outcome.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False))
        >>> for layer in model:
        ...     _ = torch.nn.init.constant_(layer.weight, 2.0)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.ones(2, 1), torch.zeros(2, 1)))
        >>> round(sharpening_cosine(objective).value, 4)
        1.0
    """
    found = sharpness_gradient(objective, tol, hessian=hessian, generator=generator)
    if math.isnan(found.cosine):
        outcome = found.outcome if found.outcome is Outcome.NOT_FINITE else Outcome.UNDEFINED
        return SharpeningCosine(math.nan, math.nan, found.rate, outcome)
    return SharpeningCosine(found.cosine, min(2.0, found.residual / found.value), found.rate, found.outcome)


def _disagreement(objective: Objective, vector: Tensor, slope: Tensor, size: float) -> tuple[float, float]:
    """How far the slope is from differences of the curvature vᵀHv along it, and what rounding explains of that.

    The points are so near that the curvature changes by a cube root of the rounding between them: there the errors of
    the difference's two kinds are about the same.
    """
    at, eps = objective.point, torch.finfo(slope.dtype).eps
    length = slope.double().norm().item()
    if length == 0 or not math.isfinite(length):
        return 0.0, 0.0
    away = eps ** (1 / 3) * min(size / length, max(1.0, at.double().norm().item()))
    unit = (slope.double() / length).to(slope)
    ahead, back = (
        objective.at(at + sign * away * unit).third(vector[None], vector[None])[0].item() for sign in (1, -1)
    )
    return abs((ahead - back) / (2 * away) - length), 100 * eps * size / away


def _outcome(found: Eigenpairs, gap: float, agreed: bool) -> Outcome:
    if gap <= max(NEAR * found.values.abs().max().item(), 10 * found.residuals.max().item()):
        return Outcome.DEGENERATE
    if found.outcome is not Outcome.CONVERGED:
        return found.outcome
    return Outcome.CONVERGED if agreed else Outcome.NOT_CONVERGED
