"""How are all curvatures spread? The spectral density by stochastic Lanczos quadrature, with its error band."""

import dataclasses
import functools
import math

import torch
from jaxtyping import Float
from scipy.stats import norm
from scipy.stats import t as students_t
from torch import Tensor

from phenoscope.core.displays import Shown
from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import check_one_network
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.spectra.consistency import Checked
from phenoscope.instruments.spectra.lanczos import finite, lanczos
from phenoscope.instruments.spectra.quadrature import mass_below, quadrature, widening
from phenoscope.instruments.spectra.whole import all_eigenvalues
from phenoscope.objective import Objective, Operator, OperatorName

SURE = 0.95
"""How surely the error is within the tolerance where the probes end early."""

SIGMAS = 1.96
"""Standard errors that cover 95 %."""

GRID = 512
"""Points at which a density is given."""

SHORTER = 0.75
"""The density of the first three quarters of the steps is laid beside the whole, to see what more would change."""


@dataclasses.dataclass(frozen=True)
class Share:
    """The share of eigenvalues in an interval.

    Attributes:
        value: the middle between the two bounds.
        standard_error: of the value: half the distance of the bounds, and the spread over probes by Student's law, as
            much as makes 1.96 of it cover 95 %.
        least, most: the mean over probes of the bounds that their steps put on it, whatever the spectrum.
    """

    value: float
    standard_error: float
    least: float
    most: float


@dataclasses.dataclass(frozen=True, eq=False)
class Density(Shown):
    """The density of an operator's eigenvalues, smoothed with a Gaussian; it integrates to 1.

    Attributes:
        grid: (g,), curvatures, evenly spaced beyond both ends of the spectrum seen.
        values: (g,), the density there, per unit of curvature.
        errors: (g,), its standard error over the random probes, the wider the fewer they are, so that 1.96 of it cover
            95 %.
        width: the standard deviation of the Gaussian.
        nodes, weights: (probes, steps), where each probe's quadrature puts how much of the whole; unsmoothed. Where
            all eigenvalues were taken instead, they are the nodes, (1, p).
        jacobi: (2, probes, steps), the diagonals of the probes' Jacobi matrices and what is below them; of no use
            where all eigenvalues are there.
        error: the mean distance between this density and that of infinitely many probes, from the probes' spread.
        step_error: the distance ∫ |difference| dλ to the density of three quarters of the steps: what the Lanczos
            iteration had still to settle.
        size: p, how many eigenvalues there are.
        products: operator products used.
        outcome: whether `step_error` and, as surely as with many probes, `error` met the tolerance.
    """

    grid: Float[Tensor, " g"]
    values: Float[Tensor, " g"]
    errors: Float[Tensor, " g"]
    width: float
    nodes: Float[Tensor, "probes steps"]
    weights: Float[Tensor, "probes steps"]
    jacobi: Float[Tensor, "2 probes steps"]
    error: float
    step_error: float
    size: int
    products: int
    outcome: Outcome

    @property
    def converged(self) -> bool:
        return self.outcome is Outcome.CONVERGED

    @property
    def exact(self) -> bool:
        """Whether the nodes are all eigenvalues, and nothing was left to chance."""
        return self.nodes.shape == (1, self.size)

    def share(self, low: float = -math.inf, high: float = math.inf) -> Share:
        """The share of eigenvalues in [low, high], unsmoothed, with the bounds that the steps of each probe leave."""
        if self.nodes.shape[1] == self.size:  # these are all eigenvalues
            inside = ((self.nodes >= low) & (self.nodes <= high)).double()
            least = most = (inside * self.weights).sum(dim=1)
            if len(least) == 1:
                return Share(float(least), 0.0, float(least), float(least))
        else:
            alpha, beta = self.jacobi.unbind()
            before, up_to = mass_below(alpha, beta, low), mass_below(alpha, beta, high)
            least, most = (up_to[0] - before[1]).clamp_min(0.0), up_to[1] - before[0]
        spread = float(torch.stack([least, most]).std(dim=1).max()) / math.sqrt(len(least))
        bounds = float(least.mean()), float(most.mean())
        error = (bounds[1] - bounds[0]) / 2 / SIGMAS + widening(len(least)) * spread
        return Share(sum(bounds) / 2, error, *bounds)

    def __str__(self) -> str:
        ends = f"{float(self.nodes.min()):.4g} to {float(self.nodes.max()):.4g}"
        if self.exact:
            return f"{self.size} eigenvalues from {ends}, {self.outcome}, exact, {self.products} products"
        return (
            f"{self.size} eigenvalues from {ends}; density known to {self.error:.1e} in total variation, "
            f"{self.step_error:.1e} from more steps; {self.outcome}, {len(self.nodes)} probes, {self.products} products"
        )


def density(
    objective: Objective | Operator,
    *,
    operator: OperatorName = "hessian",
    probes: int = 10,
    fewest: int = 2,
    steps: int = 80,
    width: float | None = None,
    tol: float = 0.1,
    generator: torch.Generator | None = None,
) -> Density:
    r"""The spectral density of a curvature matrix, by stochastic Lanczos quadrature.

    A random unit vector's Lanczos iteration gives the Gauss quadrature of the spectral measure that the vector sees;
    averaged over vectors that is the density of all eigenvalues (Ghorbani, Krishnan, Xiao 2019, arXiv:1901.10159;
    Ubaru, Chen, Saad 2017, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature). Every vector is made
    orthogonal to the last two and then to all earlier ones, so no eigenvalue appears as its own ghost. Where that takes
    no more products than the fewest probes would, all eigenvalues are taken from the whole matrix instead.

    Units: eigenvalues per unit of curvature, as a share of all p.

    Args:
        objective: the loss (taken at the model's own point), or any operator; what is none is told as by `eigenvalues`.
        operator: which curvature of an objective.
        probes: random vectors at most; fewer where the error band is within `tol` before.
        fewest: of them at least. The spread of few is itself uncertain: the fewer they are, the further the error
            must lie below `tol` for them to be enough, by Student's law: 3.8 times with two, 1.8 times with three.
        steps: of each Lanczos iteration at most; fewer where `step_error` is within half of `tol` before.
        width: of the Gaussian, in units of curvature; a hundredth of the spectrum's range unless given.
        tol: stop once `error` is surely at most this (of 1, the whole mass). 0 uses every probe and every step, and
            never the whole matrix.
        generator: of the signs; seeded with 0 unless given.

    Returns:
        `Density`: grid, values, errors, nodes and weights, and how far it is to be trusted.

    Raises:
        BadInput: numbers out of range, or an operator of several rows.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> matrix = Matrix(torch.diag(torch.cat([torch.zeros(90), torch.ones(10)])))
        >>> found = density(matrix, steps=10, probes=20, tol=0)
        >>> round(found.share(0.5).value, 2)
        0.1
    """
    matrix = Checked(objective if isinstance(objective, Operator) else objective.operator(operator))
    _check(matrix, (fewest, probes), steps, width, tol)
    if tol > 0 and matrix.size <= fewest * steps:
        return _exact(matrix, width, tol)
    generator = seeded(generator)
    steps = min(steps, matrix.size)
    reading = functools.partial(_smoothed, width=width, matrix=matrix, tol=tol)

    def settled(alpha: Tensor, beta: Tensor) -> bool:
        return finite(alpha, beta) and reading(alpha, beta).step_error <= tol / 2

    def enough(alphas: Tensor, betas: Tensor) -> bool:
        return len(alphas) >= fewest and _within(reading(alphas, betas).error, tol, len(alphas))

    if tol > 0:
        alphas, betas = lanczos(matrix, probes, steps, generator, together=fewest, settled=settled, enough=enough)
    else:
        alphas, betas = lanczos(matrix, probes, steps, generator)
    if not finite(alphas, betas):
        return _unfinished(matrix, alphas, alphas.shape[1])
    found = reading(alphas, betas)
    outcome, more = matrix.judged(found.outcome, tol or math.inf, 1)
    return dataclasses.replace(found, outcome=outcome, products=found.products + more)


def _exact(matrix: Checked, width: float | None, tol: float) -> Density:
    """The density of all eigenvalues."""
    values = all_eigenvalues(matrix)[None].cpu()
    if not bool(torch.isfinite(values).all()):
        return _unfinished(matrix, values, matrix.size)
    grid, width = _grid(values, width)
    weights = torch.full_like(values, 1 / matrix.size)
    outcome, more = matrix.judged(Outcome.CONVERGED, tol, 1)
    return Density(
        grid=grid,
        values=_bumps(values, weights, grid, width)[0],
        errors=torch.zeros_like(grid),
        width=width,
        nodes=values,
        weights=weights,
        jacobi=torch.stack([values, torch.zeros_like(values)]),
        error=0.0,
        step_error=0.0,
        size=matrix.size,
        products=matrix.size + more,
        outcome=outcome,
    )


def _smoothed(alpha: Tensor, beta: Tensor, width: float | None, matrix: Operator, tol: float) -> Density:
    steps = alpha.shape[1]
    nodes, weights = quadrature(alpha, beta, steps)
    grid, width = _grid(nodes[weights > 0], width)
    each = _bumps(nodes, weights, grid, width)
    values = each.mean(dim=0)
    errors = each.std(dim=0) / math.sqrt(len(each)) if len(each) > 1 else torch.full_like(values, math.inf)
    gap = float(grid[1] - grid[0])
    shorter = _bumps(*quadrature(alpha, beta, max(1, int(SHORTER * steps))), grid, width).mean(dim=0)
    error, errors = float(errors.sum()) * gap, errors * (widening(len(each)) if len(each) > 1 else 1.0)
    step_error = 0.0 if steps == matrix.size else float((values - shorter).abs().sum()) * gap
    settled = step_error <= tol and _within(error, tol, len(each))
    outcome = Outcome.CONVERGED if settled else Outcome.NOT_CONVERGED
    return Density(
        grid=grid,
        values=values,
        errors=errors,
        width=width,
        nodes=nodes,
        weights=weights,
        jacobi=torch.stack([alpha, beta]),
        error=error,
        step_error=step_error,
        size=matrix.size,
        products=alpha.numel(),
        outcome=outcome,
    )


def _grid(seen: Tensor, width: float | None) -> tuple[Float[Tensor, " g"], float]:
    """Where a density of these eigenvalues is given, and with which width unless one was said."""
    low, high = float(seen.min()), float(seen.max())
    width = width if width is not None else max(high - low, 1e-12 * max(abs(low), abs(high)), 1e-30) / 100
    return torch.linspace(low - 5 * width, high + 5 * width, GRID, dtype=torch.float64), width


def _within(error: float, tol: float, probes: int) -> bool:
    """Whether an error seen in the spread of so few probes is as surely within a tolerance as one seen in many."""
    if probes < 2:
        return False
    return error * float(students_t.ppf(SURE, probes - 1) / norm.ppf(SURE)) <= tol


def _bumps(nodes: Tensor, weights: Tensor, grid: Tensor, width: float) -> Float[Tensor, "k g"]:
    """The density of each probe on the grid."""
    apart = (grid - nodes[..., None]) / width
    return (weights[..., None] * torch.exp(-apart.square() / 2)).sum(dim=1) / (width * math.sqrt(2 * math.pi))


def _unfinished(matrix: Operator, alphas: Tensor, steps: int) -> Density:
    nothing = torch.full((GRID,), math.nan, dtype=torch.float64)
    empty = torch.full((len(alphas), steps), math.nan, dtype=torch.float64)
    return Density(
        grid=nothing,
        values=nothing,
        errors=nothing,
        width=math.nan,
        nodes=empty,
        weights=empty,
        jacobi=torch.stack([empty, empty]),
        error=math.inf,
        step_error=math.inf,
        size=matrix.size,
        products=alphas.numel(),
        outcome=Outcome.NOT_FINITE,
    )


def _check(matrix: Operator, probes: tuple[int, int], steps: int, width: float | None, tol: float) -> None:
    check_one_network(matrix)
    if not 2 <= probes[0] <= probes[1] or steps < 1 or not tol >= 0 or (width is not None and not width > 0):
        raise BadInput(
            f"a density needs at least 2 probes (one has no spread) and no fewer than `fewest`, 1 step, tol >= 0 and "
            f"a positive width, got {probes[0]} to {probes[1]} probes, {steps} steps, tol {tol} and width {width}."
        )
