"""What is each parameter's own curvature? The diagonal of a matrix that is known through its products."""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import seeded
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.quadrature import widening
from phenoscope.instruments.traces.diagonal_routes import DiagonalRoute, by_rules, ordinary
from phenoscope.objective import Objective, Operator, OperatorName
from phenoscope.objective.layers.displaced import LayersDiffer

FEWEST = 10
"""Probes before the first look at the error."""
BLOCK = 4
"""Probes at a time."""

Route = Literal["auto", "hutchinson", "exact"]


@dataclasses.dataclass(frozen=True, eq=False)
class Diagonal(Reading):
    """The diagonal of a symmetric operator, with its evidence.

    Attributes:
        values: (p,), in the units of the operator.
        standard_errors: (p,), of each of them, over the random probes; the rounding where nothing was left to chance.
        relative_error: of all together, √(Σ standard_errors²) / ‖values‖.
        probes: random vectors used; 0 where the diagonal was computed exactly.
        products: operator products used; by layer-wise rules, passes backwards through all data.
        outcome: how the estimate ended.
        note: which parameters have no layer-wise rule, and why, where rules were used or looked for.
        standard_error: of the mean of the entries, whose errors hang together: the spread over probes of their means.
    """

    values: Float[Tensor, " p"]
    standard_errors: Float[Tensor, " p"]
    relative_error: float
    probes: int
    products: int
    outcome: Outcome
    note: str = ""
    standard_error: float = 0.0

    @property
    def value(self) -> float:
        """The mean of the entries."""
        return float(self.values.mean())

    @property
    def further(self) -> dict[str, tuple[float, float]]:
        ends = {"smallest": self.values.argmin(), "largest": self.values.argmax()}
        return {name: (float(self.values[at]), float(self.standard_errors[at])) for name, at in ends.items()}

    @property
    def title(self) -> str:
        return "mean of the diagonal"

    @property
    def evidence(self) -> str:
        drawn = f"{self.probes} probes" if self.probes else "exact"
        ends = f"{float(self.values.min()):.4g} to {float(self.values.max()):.4g}"
        told = f"mean of {len(self.values):,} entries from {ends}, known to {self.relative_error:.1e} of their norm"
        return f"{told}; {self.outcome}, {drawn}, {self.products} products" + (f" ({self.note})" if self.note else "")


def diagonal(
    objective: Objective | Operator,
    tol: float = 0.05,
    *,
    operator: OperatorName = "hessian",
    method: Route = "auto",
    chosen: Bool[Tensor, " p"] | None = None,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> Diagonal:
    r"""Diagonal of a curvature matrix of a loss, or of any operator: the curvature along each parameter alone.

    Units: loss per squared parameter. With random signs z, E[z · Az] = diag A (Bekas, Kokiopoulou, Saad 2007, "An
    estimator for the diagonal of a matrix", Applied Numerical Mathematics 57), and each entry's error is the deviation
    of its own terms over the probes. Of an objective, layer-wise rules draw signs for every example by itself, so that
    entries are means over examples; exact are, where an example has few outputs, the Gauss-Newton matrix and the
    matrices made of gradients, from the squared gradients of single examples. See `trace` for both.

    Args:
        objective: the loss (taken at the model's own point), or any operator; what is none is told as by `eigenvalues`.
        tol: stop once √(Σ standard errors²) is at most tol · ‖diagonal‖.
        operator: which curvature of an objective.
        method: `"hutchinson"` for ordinary probes of the whole matrix, `"exact"` for no probes at all, whatever that
            costs, `"auto"` for the cheaper one by layer-wise rules where they apply.
        chosen: (p,), the coordinates asked for, such as `objective.chosen("layers.0.*")`; values are in their order.
        max_products: give up after so many, or after two probes where these take more; the outcome then says "not
            converged", and values and errors hold.
        generator: of the signs; seeded with 0 unless given.

    Returns:
        `Diagonal`: values, standard_errors, relative_error, probes, products, outcome, note.

    Example:
        >>> from phenoscope.objective import Matrix
        >>> diagonal(Matrix(torch.tensor([[1.0, 2.0], [2.0, 5.0]]))).values
        tensor([1., 5.], dtype=torch.float64)
    """
    asked = DiagonalRequest(tol, operator, method, chosen, max_products, seeded(generator))
    if isinstance(objective, Operator):
        return diagonal_of(None, lambda: objective, asked)
    return diagonal_of(objective, lambda: objective.operator(operator), asked)


@dataclasses.dataclass(frozen=True, eq=False)
class DiagonalRequest:
    """What is asked for: the arguments of `diagonal`."""

    tol: float
    operator: str
    method: Route
    chosen: Tensor | None
    max_products: int
    generator: torch.Generator


def diagonal_of(objective: Objective | None, make: Callable[[], Operator], asked: DiagonalRequest) -> Diagonal:
    """The diagonal of a matrix that is made only if its products are needed; by rules only where an objective is."""
    one_of("`method`", asked.method, ("auto", "hutchinson", "exact"))
    if not asked.tol > 0 or asked.max_products < FEWEST:
        raise BadInput(
            f"`tol` must be positive and `max_products` at least {FEWEST}, got {asked.tol} and {asked.max_products}."
        )
    exact, note = asked.method == "exact", ""
    if objective is not None and asked.method != "hutchinson":
        try:
            route = by_rules(objective, cast(OperatorName, asked.operator), asked.chosen, asked.generator, make)
            return _judged(_estimated(route, _wanted(asked, len(objective.point)), asked, exact=exact), route, asked)
        except LayersDiffer:
            note = "the layers are not called alike for all batches"
    matrix = make()
    route = dataclasses.replace(ordinary(matrix, asked.chosen), note=note)
    return _judged(_estimated(route, _wanted(asked, matrix.size), asked, exact=exact), route, asked)


def _judged(found: Diagonal, route: DiagonalRoute, asked: DiagonalRequest) -> Diagonal:
    """With the outcome that the operator deserves."""
    if route.checked is None:
        return found
    outcome, more = route.checked.judged(found.outcome, asked.tol, asked.max_products - found.products)
    return dataclasses.replace(found, outcome=outcome, products=found.products + more)


def _wanted(asked: DiagonalRequest, size: int) -> Tensor:
    return torch.ones(size, dtype=torch.bool) if asked.chosen is None else asked.chosen.cpu()


def _estimated(route: DiagonalRoute, wanted: Tensor, asked: DiagonalRequest, *, exact: bool) -> Diagonal:
    tol, most = asked.tol, asked.max_products
    mean, spread, n, used = torch.zeros(len(wanted), dtype=torch.float64), torch.zeros(()), 0, route.products
    values = errors = mean[wanted]
    needed, means = FEWEST, []
    while route.sampled is not None and not exact and (n < 2 or used + route.price <= most):
        if route.cost <= min(needed * route.price, most - used):
            exact = True
            break
        count = min(needed, BLOCK, max(2 - n, (most - used) // route.price))
        found = route.sampled(count, asked.generator).double().cpu()
        for terms in found:  # Welford's update, which does not cancel
            n += 1
            apart = terms - mean
            mean, spread = mean + apart / n, spread + apart * (terms - mean - apart / n)
            means.append(float((terms + route.known)[wanted].mean()))
        used += len(found) * route.price
        values = (mean + route.known)[wanted]
        if not bool(torch.isfinite(values).all()):
            nothing = torch.full_like(values, math.nan)
            return Diagonal(nothing, nothing, math.nan, n, used, Outcome.NOT_FINITE, route.note, math.nan)
        errors = (spread / max(1, n - 1) / n).sqrt()[wanted]
        relative = float(errors.norm() / values.norm()) if n > 1 and bool(values.norm() > 0) else 0.0
        if n >= FEWEST and relative <= tol:
            return _reading(values, errors, means, used, tol=tol, route=route)
        needed = FEWEST - n if n < FEWEST else max(1, math.ceil(n * min((relative / tol) ** 2, 1e9)) - n)
    if exact or route.sampled is None:
        values = (route.exact() if route.sampled is not None else route.exact() + route.known)[wanted]
        return _reading(values.double().cpu(), torch.zeros(len(values)), [], used + route.cost, tol=tol, route=route)
    reading = _reading(values, errors, means, used, tol=tol, route=route)
    return dataclasses.replace(reading, outcome=Outcome.NOT_CONVERGED)


def _reading(
    values: Tensor, errors: Tensor, means: list[float], used: int, *, tol: float, route: DiagonalRoute
) -> Diagonal:
    n, errors, size = len(means), torch.maximum(errors.double(), route.eps * values.abs()), float(values.norm())
    error = float(errors.norm()) / size if size > 0 else 0.0
    finite = bool(torch.isfinite(values).all())
    outcome = Outcome.PRECISION_FLOOR if tol < route.eps else Outcome.CONVERGED
    outcome = outcome if finite else Outcome.NOT_FINITE
    drawn = widening(n) * float(torch.tensor(means, dtype=torch.float64).std()) / math.sqrt(n) if n > 1 else 0.0
    of_mean = max(drawn, route.eps * size / math.sqrt(len(values)))
    return Diagonal(values, errors, error, n, used, outcome, route.note, of_mean)
