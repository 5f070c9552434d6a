"""Which curvatures are the largest, the smallest, and how sure is that?"""

import dataclasses
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import check_one_network
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.consistency import Checked
from phenoscope.instruments.spectra.extremes import Wanted, extremes
from phenoscope.objective import Objective, Operator, OperatorName

End = Literal["largest", "smallest", "both"]
ROUNDINGS = 1e3
"""So many times the working precision, relative to ‖A‖, no product is off by: its outputs would be as large."""


@dataclasses.dataclass(frozen=True, eq=False)
class Eigenpairs(Reading):
    """Extreme eigenpairs of a symmetric operator, with their evidence; as one number, the first of them.

    Attributes:
        values: (k,), signed, falling (for `which="smallest"` rising), in the units of the operator.
        vectors: (p, k), unit columns.
        residuals: (k,), ‖A v - λ v‖, and no less than what products are rounded by: some eigenvalue lies at most this
            far from each value.
        products: operator products used.
        outcome: how the iteration ended.
        failure_probability: the chance, over the random start, that an eigenvalue beyond the last of the values
            by more than `margin` · ‖A‖ was missed; 1 where that was not examined.
        margin: see there.
        which: the end of the spectrum that was looked at.
    """

    values: Float[Tensor, " k"]
    vectors: Float[Tensor, "p k"]
    residuals: Float[Tensor, " k"]
    products: int
    outcome: Outcome
    failure_probability: float
    margin: float
    which: End = "largest"

    @property
    def value(self) -> Float[Tensor, ""]:
        return self.values[0]

    @property
    def residual(self) -> Float[Tensor, ""]:
        """Of the first."""
        return self.residuals[0]

    @property
    def error_field(self) -> str:
        return "residual"

    @property
    def further(self) -> dict[str, tuple[float, float]]:
        names = eigenvalue_names(len(self.values), self.which)
        pairs = zip(self.values.tolist(), self.residuals.tolist(), strict=True)
        return dict(list(zip(names, pairs, strict=True))[1:])

    @property
    def evidence(self) -> str:
        rest = ", ".join(f"{name}: {value:.4g}" for name, (value, _) in self.further.items())
        told = f"residuals up to {float(self.residuals.max()):.1e}; {_how(self)}"
        return f"{rest}; {told}" if rest else told

    @property
    def first(self) -> "Eigenpair":
        """The first pair by itself."""
        return Eigenpair(
            value=self.values[0],
            vector=self.vectors[:, 0],
            residual=self.residuals[0],
            products=self.products,
            outcome=self.outcome,
            failure_probability=self.failure_probability,
            margin=self.margin,
            which=self.which,
        )

    def __str__(self) -> str:
        rows = ", ".join(f"{v:.6g} (residual {r:.1e})" for v, r in zip(self.values, self.residuals, strict=True))
        return f"{rows}; {_how(self)}"


@dataclasses.dataclass(frozen=True, eq=False)
class Eigenpair(Reading):
    """One eigenpair with its evidence.

    Attributes:
        value: (), signed, in the units of the operator.
        vector: (p,), of length 1.
        residual: (), ‖A v - λ v‖: some eigenvalue lies at most this far from the value.
        products: operator products used.
        outcome: how the iteration ended.
        failure_probability: the chance, over the random start, that an eigenvalue beyond the value by more than
            `margin` · ‖A‖ was missed; 1 where that was not examined.
        margin: see there.
        which: the end of the spectrum that was looked at.
    """

    value: Float[Tensor, ""]
    vector: Float[Tensor, " p"]
    residual: Float[Tensor, ""]
    products: int
    outcome: Outcome
    failure_probability: float
    margin: float
    which: End = "largest"

    @property
    def evidence(self) -> str:
        return f"residual {self.residual:.1e}; {_how(self)}"


def sharpness(
    objective: Objective | Operator,
    tol: float = 1e-3,
    *,
    start: Tensor | Eigenpair | Eigenpairs | None = None,
    risk: float | None = 1e-2,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> Eigenpair:
    """Largest eigenvalue of the loss Hessian, λ_max(∇²L(θ)), at the model's parameters.

    Units: loss per squared parameter. Gradient descent with step size η is stable on the local quadratic model
    iff sharpness < 2/η (Cohen et al. 2021, arXiv:2103.00065). It is the largest *signed* eigenvalue, which can be
    smaller than the spectral norm.

    Args:
        objective: the loss (taken at the model's own point), or any operator.
        tol: stop once the residual is at most tol · |value| (of a tenth of ‖H‖ where the value is smaller).
        start: as for `eigenvalues`, like the next three.
        risk: chance of a missed larger eigenvalue to go on for.
        max_products: the most products to use.
        generator: of the random start.

    Returns:
        `Eigenpair`: value (), vector (p,), residual () = ‖Hv - λv‖, products used, converged.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> sharpness(Matrix(torch.diag(torch.tensor([1.0, 3.0, -5.0])))).value.item()
        3.0
    """
    found = eigenvalues(objective, 1, tol=tol, start=start, risk=risk, max_products=max_products, generator=generator)
    return found.first


def eigenvalues(  # noqa: PLR0917 (the order of arguments is published and stays)
    objective: Objective | Operator,
    k: int = 1,
    which: End = "largest",
    operator: OperatorName = "hessian",
    tol: float = 1e-3,
    start: Tensor | Eigenpair | Eigenpairs | None = None,
    *,
    risk: float | None = 1e-2,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> Eigenpairs:
    """Extreme eigenpairs of the Hessian or the Gauss-Newton matrix of a loss.

    Lanczos with full orthogonalisation, whose residuals are tested at every step; from a warm start, Rayleigh-Ritz
    expanded by residuals. A residual proves that *an* eigenvalue is near; that none larger was missed rests on a
    random start, and the reading carries the chance of it (see `instruments.challenge`).

    Args:
        objective: the loss (taken at the model's own point), or any operator; one that is not symmetric or not linear
            is told (`instruments.spectra.consistency`), for one product more if it is one's own.
        k: how many at each end that is asked for.
        which: `"largest"` or `"smallest"` (signed), or `"both"`: 2k values.
        operator: which curvature of an objective.
        tol: stop once every residual is at most tol · max(|value|, ‖A‖/10).
        start: earlier vectors, (p,) or (p, j), or an earlier reading.
        risk: go on until the chance of having missed an eigenvalue is at most this, or stop where that takes too
            long: the outcome is then "unsure", and the reading has the chance reached; `None` does not examine it.
        max_products: give up after so many products; the outcome then says "not converged".
        generator: of the random start; seeded with 0 unless given.

    Raises:
        BadInput: k or tol out of range, a start of the wrong shape.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> reading = eigenvalues(Matrix(torch.diag(torch.tensor([1.0, 3.0, -5.0, 2.0]))), k=1, which="both")
        >>> [round(value, 5) for value in reading.values.tolist()]
        [3.0, -5.0]
    """
    matrix = Checked(objective if isinstance(objective, Operator) else objective.operator(operator))
    _check(matrix, k, which, tol)
    sign = -1.0 if which == "smallest" else 1.0
    wanted = Wanted(k, k if which == "both" else 0, tol, risk, products=max_products)
    like = torch.zeros(1, matrix.size, dtype=matrix.dtype, device=matrix.device)
    found = extremes(
        (lambda block: sign * matrix.multiply(block)),
        like,
        wanted,
        seeded(generator),
        start=None if start is None else _columns(start, matrix.size),
    )
    outcome, more = matrix.judged(found.outcomes[0], tol, max_products - found.products)
    norm = float(torch.linalg.eigvalsh(found.space.matrix[0]).abs().max())
    residuals = _with_rounding(found.residuals[0], matrix, norm)
    allowed = tol * found.values[0].abs().clamp_min(norm / 10)
    if outcome is Outcome.CONVERGED and bool((residuals > allowed).any()):
        outcome = Outcome.PRECISION_FLOOR
    return Eigenpairs(
        values=(sign * found.values[0]).to(matrix.dtype),
        vectors=found.vectors[0].mT,
        residuals=residuals.to(matrix.dtype),
        products=found.products + more,
        outcome=outcome,
        failure_probability=found.failure_probability[0].item(),
        margin=wanted.margin,
        which=which,
    )


def _with_rounding(residuals: Float[Tensor, " k"], matrix: Operator, norm: float) -> Float[Tensor, " k"]:
    """Residuals no smaller than the rounding of products, where they are so small that it could matter."""
    if bool((residuals > ROUNDINGS * torch.finfo(matrix.dtype).eps * norm).all()):
        return residuals
    return residuals.clamp_min(matrix.rounding * norm)


def eigenvalue_names(count: int, which: End) -> list[str]:
    """What so many eigenvalues are called beside each other, in their order: the first has no name of its own.

    Example:
        >>> eigenvalue_names(4, "both")
        ['', '2', 'smallest 2', 'smallest']
    """
    if which != "both":
        return ["", *(str(place) for place in range(2, count + 1))]
    half = eigenvalue_names(count // 2, "largest")
    return [*half, *(f"smallest {name}".rstrip() for name in reversed(half))]


def _check(matrix: Operator, k: int, which: str, tol: float) -> None:
    check_one_network(matrix)
    if which not in ("largest", "smallest", "both"):
        raise BadInput(f"`which` must be 'largest', 'smallest' or 'both', got {which!r}.")
    most = matrix.size // 2 if which == "both" else matrix.size
    if not 1 <= k <= max(1, most):
        raise BadInput(f"`k` must be from 1 to {max(1, most)} for {matrix.size} parameters, got {k}.")
    if not tol > 0:
        raise BadInput(f"`tol` must be positive, got {tol}.")


def vectors_of(given: Tensor | Eigenpair | Eigenpairs) -> Tensor:
    """The vectors of eigenpairs, (p,) or (p, k), or those given as they are."""
    if isinstance(given, Eigenpair):
        return given.vector
    return given.vectors if isinstance(given, Eigenpairs) else given


def _columns(start: Tensor | Eigenpair | Eigenpairs, size: int) -> Float[Tensor, "1 k p"]:
    vectors = vectors_of(start)
    if vectors.shape[:1] != (size,) or vectors.ndim > 2 or not 0 < vectors.numel() <= size**2:
        raise BadInput(f"`start` must have shape ({size},) or ({size}, k), k <= {size}, got {tuple(vectors.shape)}.")
    if not bool(torch.isfinite(vectors).all()):
        raise BadInput("`start` holds nan or infinity. Start without it, or from a finite vector.")
    return vectors.reshape(size, -1).mT[None]


def _how(reading: Eigenpair | Eigenpairs) -> str:
    beyond = {"largest": "larger", "smallest": "smaller", "both": "larger or smaller"}[reading.which]
    chance = f"chance of a missed {beyond} one {reading.failure_probability:.0e}"
    return f"{reading.outcome}, {reading.products} products; {chance}"
