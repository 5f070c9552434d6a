"""Which layers of a network can be measured by layer-wise rules, and the loss of all data as their displacements see it.

Where a layer's output is linear in its own parameters and these are used nowhere else, its diagonal block of the
Hessian is Σ_n A_nᵀ Hₙ A_n: Hₙ the second derivative in the displacement of its output for example n, A_n the response
of that output to the parameters. Examples do not see each other's displacements, so one product with the second
derivative serves all of them at once. None of this is assumed: each layer's block is compared with the true one.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from phenoscope.objective.batches import Batch, length, split, take
from phenoscope.objective.displaced import Displaced, Layer, listening
from phenoscope.objective.layer_rules import Signs, rule_of
from phenoscope.objective.memory import graph_size
from phenoscope.objective.network import Network
from phenoscope.objective.objective import Objective
from phenoscope.objective.weighting import WHOLE, Weighting

CHECKED = 4
"""Examples on which every rule is laid beside the true derivatives."""
BESIDE_GRAPH = 3.0
"""Memory beside the graph (inputs, responses, images), as a multiple of it."""

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class LayerSpace:
    """The layers of a network to which layer-wise rules apply, and all data in pieces.

    Attributes:
        layers: those covered; none where the rules do not apply at all.
        covered: (p,), which parameters these are.
        reason: why the others are not covered; empty where all are.
    """

    layers: tuple[Layer, ...]
    covered: Bool[Tensor, " p"]
    reason: str
    _objective: Objective
    _point: Tensor
    _start: Callable[[], Iterator[Batch]]
    _kept: list[Displaced] | None

    def each(self, function: Callable[[Displaced], T]) -> list[T]:
        """The function's values for all pieces of the data, one after the other; those of no weight are left out."""
        network = self._objective._network
        with network.evaluation():
            return [function(piece) for piece in self._pieces()]

    def _pieces(self) -> Iterator[Displaced]:
        if self._kept:
            yield from self._kept
            return
        network, by = self._objective._network, self._objective._by
        parameters = network.layout.unravel(self._point)
        for batch in self._start():
            piece = Displaced(network, parameters, self.layers, batch, by)
            if piece.weight > 0:
                if self._kept is not None:
                    self._kept.append(piece)
                yield piece

    def total(self, weights: Sequence[float]) -> float:
        """What the sum of the pieces' weighted losses is divided by."""
        return 1.0 if self._objective._by.is_sum else sum(weights)

    def vector(self, parts: Sequence[dict[str, Tensor]]) -> Tensor:
        """One vector (p,) of what each layer's rule gave by its own names, zero where no rule applies."""
        layout = self._objective._network.layout
        found = layout.unravel(torch.zeros_like(self._point))
        for layer, named in zip(self.layers, parts, strict=True):
            found |= {layer.names[own]: value for own, value in named.items()}
        return layout.ravel(found)


def layer_space(
    objective: Objective, *, point: Tensor | None = None, chosen: Bool[Tensor, " p"] | None = None
) -> LayerSpace:
    """Find the layers that can be measured by rules, and check each of them.

    Args:
        objective: the loss.
        point: the parameters; the model's own by default.
        chosen: (p,), the coordinates asked for; a parameter of which only some are is not covered.
    """
    network, by = objective._network, objective._by
    rows = objective._rows(point)
    wanted = torch.ones_like(rows[0], dtype=torch.bool) if chosen is None else chosen.to(rows.device)
    found, reason = (), ""
    with network.evaluation():
        small = _small(objective._passes())
        reason = _inseparable(network, rows[0], by, small)
        if not reason:
            found = _verified(network, rows[0], by, small, _candidates(network, rows[0], small, wanted))
        start, keep = _chunks(objective, rows[0], found)
    covered = _mask(network, [name for layer in found for name in layer.names.values()], rows[0])
    if not reason and not bool(covered[wanted].all()):
        lacking = [name for name, part in network.layout.unravel(covered | ~wanted).items() if not bool(part.all())]
        reason = f"no rule for {', '.join(lacking)}"
    return LayerSpace(found, covered, reason, objective, rows[0], start, [] if keep else None)


def _small(passes: Iterator[Batch]) -> Batch:
    """A few examples, of the first batch that has more than one, if there is any."""
    first, rest = next(passes), passes
    if length(first) < 2:
        first = next((batch for batch in rest if length(batch) > 1), first)
    return take(first, 0, CHECKED)


def _inseparable(network: Network, point: Tensor, by: Weighting, batch: Batch) -> str:
    """Why the loss is not a sum over examples, each with outputs of its own; empty if it is."""
    if network.batch_dependent or by is WHOLE:
        return "the examples of a batch depend on each other"
    parameters, count = network.layout.unravel(point), length(batch)
    tolerance = 1e4 * torch.finfo(network.dtype).eps
    with torch.no_grad(), contextlib.suppress(*FAILURES):
        outputs = network.outputs(parameters, batch[0])
        if len(outputs) != count:
            return "the outputs have no axis of examples"
        singles = [take(batch, i, i + 1) for i in range(count)]
        alone = [network.outputs(parameters, inputs) for inputs, _ in singles]
        if not torch.allclose(torch.cat(alone), outputs, rtol=tolerance, atol=tolerance * float(outputs.abs().amax())):
            return "the outputs of an example depend on the others"
        weights = [by.of(mine, targets) for mine, (_, targets) in zip(alone, singles, strict=True)]
        losses = [network.value(mine, t) * w for mine, (_, t), w in zip(alone, singles, weights, strict=True) if w > 0]
        whole = by.of(outputs, batch[1]) * network.value(outputs, batch[1]) if losses else outputs.new_zeros(())
        apart = (whole - sum(losses)).abs()
        if bool(apart <= tolerance * (whole.abs() + sum(loss.abs() for loss in losses))):
            return ""
    return "the loss is no sum over the examples"


FAILURES = (RuntimeError, TypeError, ValueError, IndexError, AttributeError, NotImplementedError)
"""What a layer may raise when it is called in another way than its author had in mind."""


def _candidates(network: Network, point: Tensor, batch: Batch, wanted: Tensor) -> list[Layer]:
    """Layers with no layers inside, called once with one tensor, whose parameters are theirs alone."""
    uses = list(network._names.values())
    chosen = {name for name, part in network.layout.unravel(wanted).items() if bool(part.all())}
    own: dict[str, dict[str, str]] = {}
    for full in network._names:
        place, _, local = full.rpartition(".")
        first = network._names[full]
        if uses.count(first) == 1 and first in chosen:
            own.setdefault(place, {})[local] = first
    modules = {place: network.model.get_submodule(place) for place in own}
    places = [place for place, module in modules.items() if next(module.children(), None) is None]
    shapes = _shapes(network, point, [modules[place] for place in places], batch)
    layers = []
    for place, seen in zip(places, shapes, strict=True):
        if seen is not None:
            rule = rule_of(modules[place], tuple(own[place]))
            layers.append(Layer(modules[place], rule, own[place], shared=seen))
    return layers


def _shapes(network: Network, point: Tensor, modules: list[nn.Module], batch: Batch) -> list[bool | None]:
    """Whether each layer's output is one for all examples; `None` where it cannot be displaced."""
    count, parameters = length(batch), network.layout.unravel(point)
    seen: list[list[tuple[int, ...] | None]] = [[] for _ in modules]

    def note(index: int, given: Any, found: Any) -> None:
        fits = isinstance(given, Tensor) and isinstance(found, Tensor) and found.is_floating_point() and found.ndim > 0
        seen[index].append((given.shape[0] if given.ndim else -1, found.shape[0]) if fits else None)

    sizes = [count] if count == 1 else [count, count - 1]
    with torch.no_grad(), listening(modules, note):
        for size in sizes:
            network.outputs(parameters, take(batch, 0, size)[0])
    kinds: list[bool | None] = []
    for calls in seen:
        if len(calls) != len(sizes) or None in calls:
            kinds.append(None)
        elif calls == [(size, size) for size in sizes]:
            kinds.append(False)
        else:
            kinds.append(True if len(set(calls)) == 1 else None)
    return kinds


def _verified(
    network: Network, point: Tensor, by: Weighting, batch: Batch, layers: list[Layer]
) -> tuple[Layer, ...]:
    """The layers whose blocks, of a random function of the outputs, are the true ones."""
    generator = torch.Generator().manual_seed(0)
    parameters = network.layout.unravel(point)
    with torch.no_grad():
        plain = network.outputs(parameters, batch[0])
    slope, curve = (torch.randn(plain.shape, generator=generator).to(plain) for _ in range(2))

    def value(outputs: Tensor) -> Tensor:
        return (slope * outputs + curve * outputs.square() / 2).sum()

    leaf = point.detach().clone().requires_grad_()
    outputs = network.outputs(network.layout.unravel(leaf), batch[0])
    (gradient,) = torch.autograd.grad(value(outputs), leaf, create_graph=True)
    tolerance = torch.finfo(network.dtype).eps ** 0.4

    def right(piece: Displaced, index: int) -> bool:
        layer, features, place = layers[index], piece.features[index], piece.places[index]
        r = {own: torch.randn(shape, generator=generator).to(point) for own, shape in layer.rule.shapes.items()}
        zeros = {name: torch.zeros_like(part) for name, part in parameters.items()}
        whole = network.layout.ravel(zeros | {layer.names[own]: part for own, part in r.items()})
        if not gradient.requires_grad:
            return True
        (true,) = torch.autograd.grad(gradient, leaf, whole, retain_graph=True, materialize_grads=True)
        moved = [torch.zeros_like(other) for other in piece.places]
        moved[index] = layer.rule.push(features, r, place.shape)
        ours = layer.rule.pull(features, piece.hessian(moved)[index])
        block = network.layout.unravel(true)
        apart = sum((block[layer.names[own]] - part).square().sum() for own, part in ours.items())
        size = sum(block[name].square().sum() for name in layer.names.values())
        floor = torch.finfo(network.dtype).eps * true.square().sum()
        return bool(apart <= tolerance**2 * torch.maximum(size, floor))  # type: ignore[arg-type]

    while layers:
        good = [False] * len(layers)
        with contextlib.suppress(*FAILURES):
            piece = Displaced(network, parameters, layers, batch, by, value=value)
            if not torch.allclose(piece.outputs, plain, rtol=tolerance, atol=float(plain.abs().amax()) * tolerance):
                raise ValueError
            for index in range(len(layers)):
                with contextlib.suppress(*FAILURES):
                    good[index] = right(piece, index)
        if all(good):
            return tuple(layers)
        kept = list(itertools.compress(layers, good))
        # Nothing could be built: displacements that are shared are the least sure.
        layers = kept or [layer for layer in layers if any(layer.shared for layer in layers) and not layer.shared]
    return ()


def _chunks(objective: Objective, point: Tensor, layers: tuple[Layer, ...]) -> tuple[Any, bool]:
    """Passes whose pieces fit the memory allowed, and whether all of them do together."""
    if not layers:
        return objective._passes, False
    network, by = objective._network, objective._by
    parameters = network.layout.unravel(point)

    def built(batch: Batch) -> Any:
        piece = Displaced(network, parameters, layers, batch, by)
        return piece, piece.slopes, piece.gauss_newton(piece.places)

    graph = graph_size(built, next(objective._passes()), splittable=True)  # type: ignore[arg-type]
    each = dataclasses.replace(graph, each=graph.each * BESIDE_GRAPH)
    if each.of(objective.partition) <= objective._memory:
        return objective._passes, True
    size = each.fitting(objective._memory)
    if max(objective.partition) <= size:
        return objective._passes, False
    return (lambda: (part for batch in objective._passes() for part in split(batch, size))), False


def _mask(network: Network, names: list[str], like: Tensor) -> Bool[Tensor, " p"]:
    sizes = torch.tensor(network.layout.sizes)
    return torch.tensor([name in names for name in network.layout.names]).repeat_interleave(sizes).to(like.device)
