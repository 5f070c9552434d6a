"""Do the weights of a layer turn to where the outputs are sensitive? Gradient outer products, the feature ansatz."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from phenoscope.core.errors import BadInput
from phenoscope.instruments.kernels.subject import Subject, subject
from phenoscope.instruments.reading import Reading
from phenoscope.objective import Objective
from phenoscope.objective.batches import Batch, length, split
from phenoscope.objective.layers.displaced import Layer
from phenoscope.objective.layers.rules import Dense
from phenoscope.objective.processes import ALONE, Processes

CHUNK = 256
"""Examples whose gradients are held at once."""

Batches = Callable[[], Iterable[Batch]]
"""All examples, once for each call."""


@dataclasses.dataclass(frozen=True, eq=False)
class LayerAnsatz:
    """One dense layer z = W a: what its weights see of their input, and what of it the outputs react to.

    Attributes:
        name: of the layer.
        weights: WᵀW, (k, k).
        gradients: the average gradient outer product for the layer's input a, (k, k).
        alignment: cosine of WᵀW with the power of the average gradient outer product that was asked for.
        centred: the same for the change of the weights: cosine of ΔWᵀΔW with (ΔWᵀ S ΔW) to that power, S the average
            gradient outer product for the layer's output; nan without a start, or where the weights did not move.
        last: whether S is a multiple of the identity, as where the layer's outputs are those of the network; both
            cosines are then 1 at power 1, whatever the weights.
    """

    name: str
    weights: Float[Tensor, "k k"]
    gradients: Float[Tensor, "k k"]
    alignment: float
    centred: float
    last: bool


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureAnsatz(Reading):
    """The neural feature ansatz, layer by layer.

    Attributes:
        layers: the dense layers by name, in the order in which they are registered.
        power: to which the average gradient outer products were raised.
        examples: over which they were averaged.
        entries: outputs of an example, over which they were summed.
        rounding: what the alignments may be off by, in the precision of the network.
    """

    layers: Mapping[str, LayerAnsatz]
    power: float
    examples: int
    entries: int
    rounding: float

    @property
    def value(self) -> float:
        """The mean alignment of the layers, without those that cannot differ from 1."""
        told = [layer.alignment for layer in self.layers.values() if not layer.last]
        if not self.layers:
            return math.nan
        return sum(told) / len(told) if told else 1.0

    @property
    def title(self) -> str:
        return "alignment of weights with gradient outer products"

    @property
    def evidence(self) -> str:
        each = ", ".join(f"{name} {layer.alignment:.3g}" for name, layer in self.layers.items())
        each = each or "no dense layer that is called once, with weights of its own"
        return f"{each}; {self.examples} examples, sum over {self.entries} outputs, power {self.power:g}"


def feature_ansatz(
    model: nn.Module, inputs: Any, *, start: Float[Tensor, " p"] | None = None, power: float = 1.0
) -> FeatureAnsatz:
    r"""Cosine of $W^⊤W$ with the average gradient outer product of every dense layer's input.

    For a layer $z = Wa$ that product is $G = \frac{1}{n} \sum_x \sum_c ∇_a f_c ∇_a f_c^⊤ = W^⊤ S W$, with the sum over
    all outputs c and S the same for the layer's output z. The ansatz says that training makes $W^⊤W$ proportional to a
    power of G (Radhakrishnan, Beaglehole, Pandit, Belkin 2022, arXiv:2212.13881); `power` says to which. The cosine is
    ⟨A, B⟩ / ‖A‖‖B‖ of the matrices as they are: two multiples of the identity have cosine 1, so that of a wide layer
    can be large before any training. Compare with the start, or read the `centred` one, in which the weights at the
    start are taken off (Beaglehole, Mitliagkas, Agarwala 2024, arXiv:2402.05271). Of a layer whose outputs are those of
    the network, S is the identity and the cosine 1: such layers do not count in the mean. Without units. Layers that
    act at several positions (tokens) are averaged over these. Exact; the model is left as it was found.

    Args:
        model: from a batch of examples to outputs, each example's its own; only `nn.Linear` layers and those of this
            library's perceptrons are read, called once.
        inputs: n examples: a tensor, or a tuple or mapping of tensors as the model takes them.
        start: the point at which training began, as `phenoscope.core.points.point` gives it, for the centred cosine.
        power: above 0; 1 or ½ in the papers.

    Returns:
        `FeatureAnsatz`: layers, power, examples, entries, rounding; `.value` is the mean alignment.

    Raises:
        BadInput: no dense layer, a start of another length, a power that is not positive, or outputs that examples
            share.

    Example:
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> found = feature_ansatz(model, torch.eye(2))
        >>> round(found.value, 4)  # of one linear layer WᵀW is the product itself
        1.0
    """
    if not power > 0:
        raise BadInput(f"the power of the ansatz is above 0, such as 1 or ½; got {power}.")
    found = _ansatz(model, lambda: split((inputs, None), CHUNK), start, power, ALONE)
    if not found.layers:
        raise BadInput(
            "the feature ansatz is about dense layers, and the model has none that is called once, with weights of its "
            "own that are trained. For the inputs of any model there is `gradient_outer_product`."
        )
    return found


def ansatz_of(objective: Objective) -> FeatureAnsatz:
    """The feature ansatz of an objective's model on all of its data, with the power 1; nan without dense layers."""
    return _ansatz(objective.model, lambda: _pieces(objective), None, 1.0, objective.processes)


def _pieces(objective: Objective) -> Iterator[Batch]:
    for batch in objective.terms.passes():
        yield from split(batch, CHUNK)


def _ansatz(
    model: nn.Module, batches: Batches, start: Tensor | None, power: float, processes: Processes
) -> FeatureAnsatz:
    looked = subject(model, next(iter(batches()))[0], None)
    dense = [layer for layer in looked.layers if isinstance(layer.rule, Dense) and layer.rule.flatly]
    dense = [layer for layer in dense if "weight" in layer.names]
    before = None if start is None else _named(looked, start)
    products, examples = _outer_products(looked, batches(), dense, processes)
    names = {id(module): name for name, module in model.named_modules()}
    found = {}
    for layer, outer in zip(dense, products, strict=True):
        weight, name = layer.names["weight"], names[id(layer.module)]
        now = looked.parameters[weight].double()
        found[name] = _read(name, now, None if before is None else now - before[weight].double(), outer, power)
    return FeatureAnsatz(found, power, examples, looked.entries, 100 * torch.finfo(looked.network.dtype).eps)


def gradient_outer_product(model: Callable[[Tensor], Tensor], inputs: Tensor) -> Float[Tensor, "d d"]:
    r"""Average gradient outer product of any model: $\frac{1}{n} \sum_x \sum_c ∇_x f_c ∇_x f_c^⊤$ over inputs x.

    Entries of an input are its d numbers in order. Its large eigenvalues belong to the directions of input space along
    which the outputs change (Radhakrishnan et al. 2022, arXiv:2212.13881). Squared output per squared input, float64.

    Args:
        model: from a batch of examples to outputs, each example's its own.
        inputs: (n, ...), floating-point numbers.

    Raises:
        BadInput: inputs that are no numbers to differentiate by, or outputs without an axis of examples.

    Example:
        >>> gradient_outer_product(lambda x: x[:, :1] * x[:, 1:], torch.tensor([[1.0, 2.0]]))
        tensor([[4., 2.],
                [2., 1.]], dtype=torch.float64)
    """
    if not isinstance(inputs, Tensor) or not inputs.is_floating_point() or inputs.ndim < 2:
        raise BadInput("a gradient outer product needs inputs (n, ...) of floating-point numbers, one row an example.")
    total: Tensor | None = None
    for batch in inputs.detach().split(CHUNK):
        leaf = batch.clone().requires_grad_()
        outputs = model(leaf)
        if outputs.shape[:1] != (len(leaf),):
            raise BadInput(
                f"outputs need an axis of examples: {len(leaf)} inputs gave the shape {tuple(outputs.shape)}."
            )
        for column in outputs.reshape(len(leaf), -1).unbind(1):
            slopes = _slopes(column.sum(), [leaf])[0].flatten(1).double()
            total = slopes.mT @ slopes if total is None else total.addmm_(slopes.mT, slopes)
    assert total is not None
    return total / len(inputs)


def _read(name: str, now: Tensor, moved: Tensor | None, outer: Tensor, power: float) -> LayerAnsatz:
    gradients = now.mT @ outer @ now
    centred = float("nan")
    if moved is not None and bool((moved != 0).any()):
        centred = _cosine(moved.mT @ moved, _power(moved.mT @ outer @ moved, power))
    weights = now.mT @ now
    flat = outer - outer.diagonal().mean() * torch.eye(len(outer), dtype=outer.dtype, device=outer.device)
    last = bool(flat.norm() <= 1e-9 * outer.norm())
    return LayerAnsatz(name, weights, gradients, _cosine(weights, _power(gradients, power)), centred, last)


def _outer_products(
    looked: Subject, batches: Iterable[Batch], layers: Sequence[Layer], processes: Processes
) -> tuple[list[Float[Tensor, "m m"]], int]:
    """S of each layer: for its output, the mean over examples and positions, the sum over outputs; and the examples."""
    sizes = [len(looked.parameters[layer.names["weight"]]) for layer in layers]
    totals = [torch.zeros(size, size, dtype=torch.float64, device=looked.network.device) for size in sizes]
    counts, examples = [0] * len(layers), 0
    places = [looked.layers.index(layer) for layer in layers]
    for batch in batches:
        examples += length(batch)
        with looked.network.evaluation():
            piece = looked.displaced(batch)
            for column in piece.outputs.reshape(piece.count, -1).unbind(1):
                deltas = _slopes(column.sum(), piece.places)
                for index, place in enumerate(places):
                    rows = deltas[place].reshape(-1, sizes[index]).double()
                    totals[index].addmm_(rows.mT, rows)
                    counts[index] += len(rows)
    device = looked.network.device
    totals = [processes.sum(total) for total in totals]
    rows_of = [processes.sum_of(count, device) for count in counts]
    # every example came once for each of the outputs, which are summed
    means = [total * looked.entries / count for total, count in zip(totals, rows_of, strict=True)]
    return means, round(processes.sum_of(examples, device))


def _slopes(value: Tensor, leaves: Any) -> tuple[Tensor, ...]:
    if not value.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(value, leaves, retain_graph=True, materialize_grads=True)


def _named(looked: Subject, start: Tensor) -> Mapping[str, Tensor]:
    layout = looked.network.layout
    if start.shape != (layout.size,):
        raise BadInput(f"the start is a point of {layout.size} parameters, got the shape {tuple(start.shape)}.")
    return layout.unravel(start)


def _power(matrix: Tensor, power: float) -> Tensor:
    """A power of a positive semi-definite matrix."""
    if power == 1:
        return matrix
    values, vectors = torch.linalg.eigh((matrix + matrix.mT) / 2)
    return (vectors * values.clamp_min(0) ** power) @ vectors.mT


def _cosine(one: Tensor, other: Tensor) -> float:
    """0 where a matrix is zero: it points nowhere."""
    size = float(one.norm() * other.norm())
    return float((one * other).sum()) / size if size > 0 else 0.0
