"""How flat is the loss in one layer's weights, by a measure that rescaling of layers does not change?"""

import dataclasses
import fnmatch

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.points import layout
from phenoscope.core.precision import decomposable
from phenoscope.instruments.given import given_or_made
from phenoscope.instruments.outcome import Outcome
from phenoscope.instruments.reading import Reading
from phenoscope.instruments.traces.trace import trace
from phenoscope.objective import Derived, Objective, Operator


@dataclasses.dataclass(frozen=True)
class RelativeFlatness(Reading):
    """The relative flatness of one layer, with its evidence; small is flat.

    Attributes:
        value: in units of the loss.
        standard_error: of the value; where the diagonal was summed exactly it is the rounding alone.
        layer: the name of the weights.
        probes: random vectors used; 0 where it was summed exactly.
        products: Hessian products used.
        outcome: how the estimate ended.
    """

    value: float
    standard_error: float
    layer: str
    probes: int
    products: int
    outcome: Outcome

    @property
    def evidence(self) -> str:
        drawn = f"{self.probes} probes" if self.probes else "summed exactly"
        return (
            f"standard error {self.standard_error:.2g} of {self.layer}; {self.outcome}, {drawn}, {self.products} "
            "products"
        )


def relative_flatness(
    objective: Objective,
    layer: str | None = None,
    tol: float = 0.05,
    *,
    hessian: Operator | None = None,
    max_products: int = 1000,
    generator: torch.Generator | None = None,
) -> RelativeFlatness:
    r"""Relative flatness of a layer with weight rows w_1, ..., w_d, the sum over s and s' of

        ⟨w_s, w_s'⟩ · tr(H_{s,s'}),  H_{s,s'} = ∂²L / ∂w_s ∂w_s'.

    Petzka et al. (2021, Relative flatness and generalization, arXiv:2001.00939). Multiplying a layer of a ReLU network
    by c and the next one by 1/c leaves it as it is, while the trace of the layer's Hessian changes by c² or 1/c². What
    it says of generalisation assumes labels that are locally constant in the layer's input. Units: those of the loss.
    Rows are along the first axis of the weights, the other axes (of a convolution) flattened.

    It is the trace of (Q ⊗ I)ᵀ H (Q ⊗ I) with Q Qᵀ = W Wᵀ, so of a matrix with rank(W) times as many rows as W has
    columns: summed exactly where that takes fewer products than probes would, estimated by Hutchinson's probes where
    not.

    Args:
        objective: the loss, at the model's own point.
        layer: a pattern that fits one weight of two or more axes, such as `"layers.2.weight"`; `None` takes the last.
        tol: stop once the standard error is small enough, as for `trace`; 1e-9 asks for the exact sum.
        hessian: the loss's Hessian at that point, where it is there already.
        max_products: give up after so many; the outcome then says "not converged", and value and error hold.
        generator: of the probes; seeded with 0 unless given.

    Returns:
        `RelativeFlatness`: value, standard_error, layer, probes, products, outcome.

    Raises:
        BadInput: a pattern that fits no weights, or several.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> _ = torch.nn.init.constant_(model.weight, 2.0)
        >>> objective = Objective(model, torch.nn.MSELoss(), (torch.diag(torch.tensor([1.0, 3.0])), torch.zeros(2, 1)))
        >>> round(relative_flatness(objective).value, 3)
        80.0
    """
    places = layout(objective.model)
    name = _weights(places.names, places.shapes, layer)
    shape = places.shapes[places.names.index(name)]
    weights = places.unravel(objective.point)[name].reshape(shape[0], -1)
    matrix = given_or_made(hessian, objective)
    first = sum(places.sizes[: places.names.index(name)])
    mixed = _Mixed(matrix, weights, first)
    found = trace(mixed, tol, max_products=max_products, generator=generator)
    return RelativeFlatness(
        value=found.value,
        standard_error=found.standard_error,
        layer=name,
        probes=found.probes,
        products=found.products,
        outcome=found.outcome,
    )


class _Mixed(Derived):
    """(Q ⊗ I)ᵀ H (Q ⊗ I) on one layer's weights: its vectors are matrices of rank(W) rows, mixed by Q.

    Args:
        of: the Hessian H of the whole network.
        weights: W, (rows, columns).
        first: where they begin in the point.
    """

    def __init__(self, of: Operator, weights: Float[Tensor, "rows columns"], first: int) -> None:
        left, size, _ = torch.linalg.svd(decomposable(weights), full_matrices=False)
        # (rows, r); a singular value of 0 adds a row of 0, which costs a product and no error
        self._mix = (left * size).to(weights)
        self._columns, self._first = weights.shape[1], first
        super().__init__(of, self._mix.shape[1] * self._columns)

    def _apply(self, block: Tensor) -> Tensor:
        whole = torch.zeros(1, block.shape[1], self._of.size, dtype=self.dtype, device=self.device)
        own = slice(self._first, self._first + len(self._mix) * self._columns)
        whole[..., own] = (self._mix @ block.reshape(-1, self._mix.shape[1], self._columns)).reshape(block.shape[1], -1)
        images = self._of.multiply(whole)[..., own].reshape(-1, len(self._mix), self._columns)
        return (self._mix.mT @ images).reshape(block.shape)


def _weights(names: tuple[str, ...], shapes: tuple[tuple[int, ...], ...], pattern: str | None) -> str:
    """The one name of weights that fits."""
    there = [name for name, shape in zip(names, shapes, strict=True) if len(shape) > 1]
    if not there:
        raise BadInput("relative flatness is that of a layer's weights, and the model has no parameter of two axes.")
    if pattern is None:
        return there[-1]
    fitting = [name for name in there if fnmatch.fnmatchcase(name, pattern)]
    if len(fitting) != 1:
        raise BadInput(
            f"the pattern {pattern!r} must fit the weights of one layer, got {', '.join(fitting) or 'none'} out of "
            f"{', '.join(there)}."
        )
    return fitting[0]
