"""The ways to the diagonal of a matrix: probes of the whole, and rules layer by layer."""

import dataclasses
import functools
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.instruments.given import check_one_network
from phenoscope.instruments.spectra.consistency import Checked
from phenoscope.instruments.spectra.whole import unit_products
from phenoscope.instruments.traces.hutchinson import signs
from phenoscope.instruments.traces.layerwise import AT_ONCE, MOST_COLUMNS, SINGLE, units
from phenoscope.objective import Objective, Operator, OperatorName, Restricted
from phenoscope.objective.layers.displaced import Displaced
from phenoscope.objective.layers.signs import Signs
from phenoscope.objective.layers.space import LayerSpace, layer_space

PRICES = {"hessian": 1, "gauss_newton": 2, "fisher": 2, "beyond": 3}
"""Passes backwards that the terms of one probe by layer-wise rules take (`_terms`)."""


@dataclasses.dataclass(frozen=True, eq=False)
class DiagonalRoute:
    """How a diagonal can be had.

    Attributes:
        sampled: so many estimates (k, p) with means that are the diagonal; `None` where nothing is left to chance.
        exact: the diagonal (p,) itself.
        cost: products that `exact` takes.
        price: products that one estimate takes.
        checked: the operator whose products are taken, as far as they are no layer's.
        known: a share that is exact, (p,), to which the estimates come in addition.
        products: spent so far.
        eps: what an entry may be off by for rounding, relative to it.
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


def ordinary(matrix: Operator, chosen: Tensor | None) -> DiagonalRoute:
    """Probes of the whole matrix, or of a block of it."""
    check_one_network(matrix)
    everything = torch.ones(matrix.size, dtype=torch.bool) if chosen is None else chosen
    block = Checked(Restricted(matrix, everything))

    def sampled(k: int, generator: torch.Generator) -> Tensor:
        z = signs(block, k, generator)
        return _spread(z * block.multiply(z[None])[0], everything)

    exact = functools.partial(_exact, block, everything)
    return DiagonalRoute(sampled, exact, block.size, block.rounding, checked=block)


def _exact(block: Operator, chosen: Tensor) -> Float[Tensor, " p"]:
    """The diagonal of a block by one product for each entry, among zeros."""
    return _spread(_units(block)[None], chosen)[0]


def by_rules(
    objective: Objective,
    which: OperatorName,
    chosen: Tensor | None,
    generator: torch.Generator,
    make: Callable[[], Operator],
) -> DiagonalRoute:
    """Layer-wise rules for what they cover, ordinary probes for the rest."""
    space = layer_space(objective, which, chosen=chosen)
    if not space.layers:
        return dataclasses.replace(ordinary(make(), chosen), note=space.reason)
    rest = ordinary(make(), space.rest) if bool(space.rest.any()) else None
    checked = None if rest is None else rest.checked
    columns = 1 if which in SINGLE else space.entries
    eps, left = space.rounding, 0 if rest is None else rest.cost
    if which in SINGLE or (which != "hessian" and columns <= AT_ONCE):
        known = _squares(space, which, generator)
        if rest is None:
            zero = torch.zeros_like(known)
            return DiagonalRoute(None, lambda: zero, 0, eps, known, columns)
        sampled, note = rest.sampled, space.reason
        return DiagonalRoute(sampled, lambda: known + rest.exact(), left, eps, known, columns, note, checked=checked)
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
            block = Restricted(make(), space.covered)
            found = _exact(block, space.covered)
        return found if rest is None else found + rest.exact()

    by_columns = which != "hessian" and columns <= MOST_COLUMNS
    cost = columns if by_columns else (space.units if which == "hessian" else 0) or int(space.covered.sum())
    price = PRICES[of] + (0 if rest is None else rest.price)
    spent, note = columns if split else 0, space.reason
    return DiagonalRoute(sampled_by_rules, exact, cost + left, eps, known, spent, note, price, checked)


def _squares(space: LayerSpace, which: OperatorName, generator: torch.Generator) -> Float[Tensor, " p"]:
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
    return torch.cat([torch.diagonal(images, offset=start) for start, images in unit_products(block)])


def _spread(values: Tensor, chosen: Tensor) -> Tensor:
    """Rows of the chosen coordinates among all, zero elsewhere."""
    whole = torch.zeros(len(values), len(chosen), dtype=torch.float64)
    whole[:, chosen.cpu()] = values.double().cpu()
    return whole
