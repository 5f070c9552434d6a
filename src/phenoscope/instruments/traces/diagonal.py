"""What is each parameter's own curvature? The diagonal of a matrix that is known through its products."""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import seeded
from phenoscope.instruments.given import check_one_network
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.spectra.consistency import Checked
from phenoscope.instruments.traces.hutchinson import signs, unit_rows, width
from phenoscope.instruments.traces.layerwise import AT_ONCE, MOST_COLUMNS, SINGLE, units
from phenoscope.objective import Objective, Operator, Restricted, Which
from phenoscope.objective.layers.displaced import Displaced, LayersDiffer
from phenoscope.objective.layers.signs import Signs
from phenoscope.objective.layers.space import LayerSpace, layer_space

FEWEST = 10
"""Probes before the first look at the error."""
BLOCK = 4
"""Probes at a time."""
UNITS = 64
"""Unit vectors at a time, where their memory allows."""
PRICES = {"hessian": 1, "gauss_newton": 2, "fisher": 2, "beyond": 3}
"""Passes backwards that the terms of one probe by layer-wise rules take (`_terms`)."""

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
    """

    values: Float[Tensor, " p"]
    standard_errors: Float[Tensor, " p"]
    relative_error: float
    probes: int
    products: int
    outcome: Outcome
    note: str = ""

    @property
    def value(self) -> float:
        """The mean of the entries."""
        return float(self.values.mean())

    @property
    def title(self) -> str:
        return "mean of the diagonal"

    @property
    def evidence(self) -> str:
        drawn = f"{self.probes} probes" if self.probes else "exact"
        ends = f"{float(self.values.min()):.4g} to {float(self.values.max()):.4g}"
        told = f"{len(self.values)} entries from {ends}, known to {self.relative_error:.1e} of their norm"
        return f"{told}; {self.outcome}, {drawn}, {self.products} products" + (f" ({self.note})" if self.note else "")


def diagonal(
    objective: Objective | Operator,
    tol: float = 0.05,
    *,
    operator: Which = "hessian",
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
    one_of("`method`", method, ("auto", "hutchinson", "exact"))
    if not tol > 0 or max_products < FEWEST:
        raise BadInput(f"`tol` must be positive and `max_products` at least {FEWEST}, got {tol} and {max_products}.")
    generator = seeded(generator)
    exact, note = method == "exact", ""
    size = objective.size if isinstance(objective, Operator) else len(objective.point)
    wanted = torch.ones(size, dtype=torch.bool) if chosen is None else chosen.cpu()
    if isinstance(objective, Objective) and method != "hutchinson":
        try:
            route = _by_rules(objective, operator, chosen, generator)
            return _judged(
                _estimated(route, wanted, tol, max_products, generator, exact=exact), route, tol, max_products
            )
        except LayersDiffer:
            note = "the layers are not called alike for all batches"
    matrix = objective if isinstance(objective, Operator) else objective.operator(operator)
    route = dataclasses.replace(_ordinary(matrix, chosen), note=note)
    return _judged(_estimated(route, wanted, tol, max_products, generator, exact=exact), route, tol, max_products)


def _judged(found: Diagonal, route: "_Route", tol: float, most: int) -> Diagonal:
    """With the outcome that the operator deserves."""
    if route.checked is None:
        return found
    outcome, more = route.checked.judged(found.outcome, tol, most - found.products)
    return dataclasses.replace(found, outcome=outcome, products=found.products + more)


@dataclasses.dataclass(frozen=True, eq=False)
class _Route:
    """How a diagonal can be had.

    Attributes:
        sampled: so many estimates (k, p) with means that are the diagonal; `None` where nothing is left to chance.
        exact: the diagonal (p,) itself.
        cost: products that `exact` takes.
        price: products that one estimate takes.
        checked: the operator whose products are taken, as far as they are no layer's.
        known: a share that is exact, (p,), to which the estimates come in addition.
        products: spent so far.
        eps: of the working precision.
    """

    sampled: Callable[[int, torch.Generator], Tensor] | None
    exact: Callable[[], Tensor]
    cost: int
    eps: float
    known: Tensor | float = 0.0
    products: int = 0
    note: str = ""
    price: int = 1
    checked: Checked | None = None


def _estimated(
    route: _Route, wanted: Tensor, tol: float, most: int, generator: torch.Generator, *, exact: bool
) -> Diagonal:
    mean, spread, n, used = torch.zeros(len(wanted), dtype=torch.float64), torch.zeros(()), 0, route.products
    values = errors = mean[wanted]
    needed = FEWEST
    while route.sampled is not None and not exact and (n < 2 or used + route.price <= most):
        if route.cost <= min(needed * route.price, most - used):
            exact = True
            break
        count = min(needed, BLOCK, max(2 - n, (most - used) // route.price))
        found = route.sampled(count, generator).double().cpu()
        for terms in found:  # Welford's update, which does not cancel
            n += 1
            apart = terms - mean
            mean, spread = mean + apart / n, spread + apart * (terms - mean - apart / n)
        used += len(found) * route.price
        values = (mean + route.known)[wanted]
        if not bool(torch.isfinite(values).all()):
            nothing = torch.full_like(values, math.nan)
            return Diagonal(nothing, nothing, math.nan, n, used, Outcome.NOT_FINITE, route.note)
        errors = (spread / max(1, n - 1) / n).sqrt()[wanted]
        relative = float(errors.norm() / values.norm()) if n > 1 and bool(values.norm() > 0) else 0.0
        if n >= FEWEST and relative <= tol:
            return _reading(values, errors, n, used, tol=tol, route=route)
        needed = FEWEST - n if n < FEWEST else max(1, math.ceil(n * min((relative / tol) ** 2, 1e9)) - n)
    if exact or route.sampled is None:
        values = (route.exact() if route.sampled is not None else route.exact() + route.known)[wanted]
        return _reading(values.double().cpu(), torch.zeros(len(values)), 0, used + route.cost, tol=tol, route=route)
    reading = _reading(values, errors, n, used, tol=tol, route=route)
    return dataclasses.replace(reading, outcome=Outcome.NOT_CONVERGED)


def _reading(values: Tensor, errors: Tensor, n: int, used: int, *, tol: float, route: _Route) -> Diagonal:
    errors = torch.maximum(errors.double(), route.eps * values.abs())
    size = float(values.norm())
    error = float(errors.norm()) / size if size > 0 else 0.0
    finite = bool(torch.isfinite(values).all())
    outcome = Outcome.PRECISION_FLOOR if tol < route.eps else Outcome.CONVERGED
    return Diagonal(values, errors, error, n, used, outcome if finite else Outcome.NOT_FINITE, route.note)


def _ordinary(matrix: Operator, chosen: Tensor | None) -> _Route:
    """Probes of the whole matrix, or of a block of it."""
    check_one_network(matrix)
    everything = torch.ones(matrix.size, dtype=torch.bool) if chosen is None else chosen
    block = Checked(Restricted(matrix, everything))

    def sampled(k: int, generator: torch.Generator) -> Tensor:
        z = signs(block, k, generator)
        return _spread(z * block.multiply(z[None])[0], everything)

    eps = _eps(matrix.dtype)
    return _Route(sampled, lambda: _spread(_units(block)[None], everything)[0], block.size, eps, checked=block)


def _by_rules(objective: Objective, which: Which, chosen: Tensor | None, generator: torch.Generator) -> _Route:
    """Layer-wise rules for what they cover, ordinary probes for the rest."""
    space = layer_space(objective, which, chosen=chosen)
    if not space.layers:
        return dataclasses.replace(_ordinary(objective.operator(which), chosen), note=space.reason)
    rest = _ordinary(objective.operator(which), space.rest) if bool(space.rest.any()) else None
    checked = None if rest is None else rest.checked
    columns = 1 if which in SINGLE else space.entries
    eps, left = _eps(space.point.dtype), 0 if rest is None else rest.cost
    if which in SINGLE or (which != "hessian" and columns <= AT_ONCE):
        known = _squares(space, which, generator)
        if rest is None:
            zero = torch.zeros_like(known)
            return _Route(None, lambda: zero, 0, eps, known, columns)
        sampled = rest.sampled
        note = space.reason
        return _Route(sampled, lambda: known + rest.exact(), left, eps, known, columns, note, checked=checked)
    split = which == "hessian" and columns <= AT_ONCE
    of = "beyond" if split else which
    known = _squares(space, "gauss_newton", generator) if split else 0.0

    def sampled_by_rules(k: int, generator: torch.Generator) -> Tensor:
        found = _terms(space, of, k, generator)
        return found if rest is None or rest.sampled is None else found + rest.sampled(k, generator).to(found)

    def exact() -> Tensor:
        if which == "hessian" and space.units:
            found = units(space, generator)[1].cpu()
        elif which != "hessian" and columns <= MOST_COLUMNS:
            found = _squares(space, which, generator)
        else:
            block = Restricted(objective.operator(which), space.covered)
            found = _spread(_units(block)[None], space.covered)[0]
        return found if rest is None else found + rest.exact()

    by_columns = which != "hessian" and columns <= MOST_COLUMNS
    cost = columns if by_columns else (space.units if which == "hessian" else 0) or int(space.covered.sum())
    price = PRICES[of] + (0 if rest is None else rest.price)
    spent, note = columns if split else 0, space.reason
    return _Route(sampled_by_rules, exact, cost + left, eps, known, spent, note, price, checked)


def _squares(space: LayerSpace, which: Which, generator: torch.Generator) -> Float[Tensor, " p"]:
    """The diagonal of a matrix that is a sum of squares, (p,), zero where there is no rule."""

    def of(piece: Displaced, signs: Signs) -> list[Tensor]:
        found = torch.zeros_like(space.point, dtype=torch.float64)
        for column in piece.columns(own=which in SINGLE):
            parts = zip(piece.layers, piece.features, column.deltas, strict=True)
            found += space.vector([layer.rule.diagonal(given, delta, column.signs) for layer, given, delta in parts])
        return [found]

    (found,), weight = space.summed(of, generator)
    found = found / weight
    if which == "gradient_covariance":
        found = found - torch.where(space.covered, space.objective.gradient(space.point).double().square(), 0.0)
    return found.cpu()


def _terms(space: LayerSpace, which: str, k: int, generator: torch.Generator) -> Float[Tensor, "k p"]:
    """Estimates of the diagonal of the Hessian, the Gauss-Newton matrix, or of what is beyond the latter."""

    def of(piece: Displaced, signs: Signs) -> list[Tensor]:
        found = []
        for _ in range(k):
            responses = piece.respond(signs)
            moved = [response.outputs for response in responses]
            images = piece.gauss_newton(moved) if which in ("gauss_newton", "fisher") else piece.hessian(moved)
            if which == "beyond":
                images = [a - b for a, b in zip(images, piece.gauss_newton(moved), strict=True)]
            parts = zip(responses, images, strict=True)
            found.append(space.vector([response.terms(image) for response, image in parts]).double())
        return [torch.stack(found)]

    (found,), weight = space.summed(of, generator)
    return (found / weight).cpu()


def _units(block: Operator) -> Float[Tensor, " k"]:
    """The diagonal by one product for each entry."""
    parts, step = [], width(block, UNITS)
    for start in range(0, block.size, step):
        rows = unit_rows(block, start, min(start + step, block.size))
        parts.append(torch.diagonal(block.multiply(rows[None])[0], offset=start))
    return torch.cat(parts)


def _spread(values: Tensor, chosen: Tensor) -> Tensor:
    """Rows of the chosen coordinates among all, zero elsewhere."""
    whole = torch.zeros(len(values), len(chosen), dtype=torch.float64)
    whole[:, chosen.cpu()] = values.double().cpu()
    return whole


def _eps(dtype: torch.dtype) -> float:
    return torch.finfo(dtype).eps
