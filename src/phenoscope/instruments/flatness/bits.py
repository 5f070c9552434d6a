"""How many bits does it take to say which minimum this is? Flat ones take fewer, if the prior says what flat means."""

import dataclasses
import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.landscapes.stretched import in_stretched
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.lanczos import lanczos
from phenoscope.instruments.spectra.quadrature import quadrature
from phenoscope.instruments.spectra.whole import all_eigenvalues
from phenoscope.objective import Objective, Operator

Prior = float | Tensor | Literal["layers"]
"""The standard deviation of each weight before anything was seen: one for all, (p,), or that of each parameter tensor
itself, the root mean square of its entries."""

EXACT = 2048
"""Parameters up to which the whole matrix is made: one product a parameter, and its eigenvalues."""
SHORTER = 0.75
"""Of the steps: what the rest of them changed is counted to the error."""


@dataclasses.dataclass(frozen=True)
class CodeLength(Reading):
    """The bits that describe a minimum, beside those for the data, with their evidence.

    Attributes:
        value: bits for the weights, `spread` + `size`.
        standard_error: of the value; where the spectrum is exact it is the rounding alone.
        spread: ½ Σ log₂(1 + aᵢ), for saying the weights as finely as the curvature asks; aᵢ are the eigenvalues of the
            curvature of the whole log-likelihood, in units of the prior's precision.
        size: ½ Σ (θ/s)² / ln 2, for weights that are large under the prior.
        data: the loss over all data in bits, up to what does not depend on the weights.
        probes: random vectors used; 0 where the spectrum is exact.
        products: Gauss-Newton products used.
        outcome: how the measurement ended; "undetermined" where the curvature is too negative for a Gaussian.
    """

    value: float
    standard_error: float
    spread: float
    size: float
    data: float
    probes: int
    products: int
    outcome: Outcome

    @property
    def log_evidence(self) -> float:
        """Laplace's approximation of log ∫ p(data | θ) p(θ) dθ, in nats: exact for a linear model at its optimum."""
        return -math.log(2) * (self.data + self.value)

    @property
    def evidence(self) -> str:
        made = f"{self.probes} probes" if self.probes else "exact spectrum"
        return (
            f"standard error {self.standard_error:.2g}; {self.spread:.5g} bits for precision and {self.size:.5g} for "
            f"size, {self.data:.5g} for the data; {self.outcome}, {made}, {self.products} products"
        )


def code_length(
    objective: Objective,
    prior: Prior = 1.0,
    *,
    weight: float | None = None,
    gauss_newton: Operator | None = None,
    exact: int = EXACT,
    probes: int = 10,
    steps: int = 80,
    tol: float = 0.05,
    generator: torch.Generator | None = None,
) -> CodeLength:
    r"""Bits to describe the weights at a minimum, with a Gaussian prior of standard deviation s:

        ½ Σᵢ log₂(1 + aᵢ) + ½ Σⱼ (θⱼ/sⱼ)² / ln 2,  aᵢ the eigenvalues of n S G S, S = diag(s),

    with G the Gauss-Newton matrix of the mean loss and n the number of terms it is the mean of. A flat minimum may be
    said coarsely, and so in few bits (Hochreiter and Schmidhuber 1997, Flat minima, Neural Computation 9:1). The
    posterior is a Gaussian of precision nG + S⁻²: sent with it (Hinton and van Camp 1993, Keeping neural networks
    simple by minimizing the description length of the weights), weights cost its divergence from the prior, and the
    data the rise of the loss under it; their sum is this number, and with the loss itself it is minus the logarithm of
    Laplace's evidence (`log_evidence`).

    With a prior that is fixed, rescaling the layers of a ReLU network changes the number and not the function (Dinh et
    al. 2017, arXiv:1703.04933). `prior="layers"` moves with the weights and leaves the number as it is; a fixed prior
    tensor does too, if it is rescaled along. Off a minimum of loss and prior together it is no evidence, but a
    curvature like others. Units: bits.

    Args:
        objective: the loss, at the model's own point: a mean negative log-likelihood.
        prior: s.
        weight: n; `None` takes what the loss divides by, which is the number of examples for cross-entropy. The mean
            square of n numbers with noise of variance σ² has the log-likelihood of n/(2σ²) times that loss.
        gauss_newton: the matrix G, where it is there already.
        exact: up to so many parameters the spectrum is exact; for more, stochastic Lanczos quadrature sums the
            logarithms (Ubaru, Chen, Saad 2017, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature).
        probes: random vectors of the quadrature, at least 2.
        steps: of each Lanczos iteration.
        tol: the standard error that is taken for converged, relative to the value.
        generator: of the probes; seeded with 0 unless given.

    Returns:
        `CodeLength`: value, standard_error, spread, size, data, probes, products, outcome.

    Raises:
        BadInput: an option out of range.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.zeros_(model.weight)
        >>> objective = Objective(model, torch.nn.MSELoss(), (3**0.5 * torch.eye(2), torch.zeros(2, 1)))
        >>> round(code_length(objective, weight=1.0).value, 4)  # two eigenvalues of 3
        2.0
    """
    if probes < 2 or steps < 1 or exact < 0 or not tol > 0 or (weight is not None and not weight > 0):
        raise BadInput(
            "a code length needs at least 2 probes and 1 step, `exact` of at least 0, and a positive tol and weight; "
            f"got {probes}, {steps}, {exact}, {tol} and {weight}."
        )
    at, scale = objective.point, _deviations(objective, prior)
    terms = objective.weight() if weight is None else weight
    matrix = given_or_made(gauss_newton, objective, "gauss_newton")
    stretched = in_stretched(matrix, scale, scale)
    size = float((at[scale > 0] / scale[scale > 0]).double().square().sum()) / 2
    data = terms * objective.loss().item() / math.log(2)
    if stretched is None:  # every weight is 0, and was known to be
        return CodeLength(0.0, 0.0, 0.0, 0.0, data, 0, 0, Outcome.CONVERGED)
    if stretched.size <= exact:
        spread, error, products, drawn = *_summed(stretched, terms), 0
    else:
        spread, error, products = _estimated(stretched, terms, probes, steps, generator)
        drawn = probes
    rounding = size * torch.finfo(at.dtype).eps * 4
    value, error = (spread + size) / math.log(2), (error + rounding) / math.log(2)
    return CodeLength(
        value=value,
        standard_error=error,
        spread=spread / math.log(2),
        size=size / math.log(2),
        data=data,
        probes=drawn,
        products=products,
        outcome=_outcome(value, error, tol),
    )


def _deviations(objective: Objective, prior: Prior) -> Float[Tensor, " p"]:
    """The prior's standard deviation of each weight."""
    at, places = objective.point, layout(objective.model)
    if isinstance(prior, str):
        if prior != "layers":
            raise BadInput(f"`prior` must be a number, a tensor (p,) or 'layers', got {prior!r}.")
        each = {name: part.square().mean().sqrt().expand_as(part) for name, part in places.unravel(at).items()}
        return places.ravel(each)
    given = prior if isinstance(prior, Tensor) else torch.tensor(prior, dtype=torch.float64)
    scale = given.detach().to(at).expand(len(at)) if given.shape in ((), (len(at),)) else None
    if scale is None or not bool(((scale > 0) & torch.isfinite(scale)).all()):
        raise BadInput(f"the `prior` of each weight must be positive and finite: a number, or a tensor ({len(at)},).")
    return scale


def _summed(matrix: Operator, terms: float) -> tuple[float, float, int]:
    """½ Σ log(1 + a) over all eigenvalues, the rounding of it, and the products."""
    p, a = matrix.size, terms * all_eigenvalues(matrix)
    if not bool(torch.isfinite(a).all()):
        return math.nan, math.inf, p
    off = matrix.rounding * float(a.abs().max()) * 4
    if float(a.min()) <= -1:
        return math.nan, math.inf, p
    return float(a.log1p().sum()) / 2, off * float((1 / (1 + a)).sum()) / 2, p


def _estimated(
    matrix: Operator, terms: float, probes: int, steps: int, generator: torch.Generator | None
) -> tuple[float, float, int]:
    """The same by quadrature; its error is that over the probes, and what the last quarter of the steps changed."""
    generator = seeded(generator)
    alpha, beta = lanczos(matrix, probes, min(steps, matrix.size), generator)
    if not bool(torch.isfinite(alpha).all() and torch.isfinite(beta).all()):
        return math.nan, math.inf, alpha.numel()
    found = []
    for length in (alpha.shape[1], max(1, int(SHORTER * alpha.shape[1]))):
        nodes, weights = quadrature(alpha, beta, length)
        if float(terms * nodes[weights > 0].min()) <= -1:
            return math.nan, math.inf, alpha.numel()
        logs = torch.where(weights > 0, terms * nodes, 0.0).log1p()
        found.append(matrix.size / 2 * (weights * logs).sum(dim=1))
    whole, shorter = found
    settling = abs(float(whole.mean() - shorter.mean())) if alpha.shape[1] < matrix.size else 0.0
    error = float(whole.std()) / math.sqrt(probes)
    return float(whole.mean()), math.hypot(error, settling), alpha.numel()


def _outcome(value: float, error: float, tol: float) -> Outcome:
    if not math.isfinite(value):
        return Outcome.UNDETERMINED
    return Outcome.CONVERGED if error <= tol * value else Outcome.NOT_CONVERGED
