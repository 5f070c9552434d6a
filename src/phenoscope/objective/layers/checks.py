"""Whether a network can be taken apart into layers and examples: tried out on a few examples, never assumed."""

import contextlib
import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.layers.displaced import Displaced, Layer, listening
from phenoscope.objective.layers.kinds import rule_of
from phenoscope.objective.weighting import WHOLE, Weighting

EXAMPLES = 4
PERIOD = 4999
"""After so many a direction of parameters repeats: a prime, so that no two rows of a layer of another width agree."""
FAILURES = (RuntimeError, TypeError, ValueError, IndexError, KeyError, AttributeError, NotImplementedError)
"""What a layer may raise when it is called in another way than its author had in mind."""


def small(passes: Iterator[Batch]) -> Batch:
    """A few examples, of the first batch that has more than one, if there is any."""
    first = next(passes)
    if length(first) < 2:
        first = next((batch for batch in passes if length(batch) > 1), first)
    return take(first, 0, EXAMPLES)


def inseparable(network: Network, point: Tensor, by: Weighting, batch: Batch) -> str:
    """Why the loss is not a sum over examples, each with outputs of its own; empty if it is."""
    if network.batch_dependent or by is WHOLE:
        return "the examples of a batch depend on each other"
    parameters, count = network.layout.unravel(point), length(batch)
    tolerance = 1e4 * torch.finfo(network.dtype).eps
    with torch.no_grad(), contextlib.suppress(*FAILURES):
        reason, outputs, alone = entangled(network, parameters, batch)
        if reason:
            return reason
        singles = [take(batch, i, i + 1) for i in range(count)]
        weights = [by.of(mine, targets) for mine, (_, targets) in zip(alone, singles, strict=True)]
        losses = [w * network.value(mine, t) for mine, (_, t), w in zip(alone, singles, weights, strict=True) if w > 0]
        if not losses:
            return ""
        whole, each = by.of(outputs, batch[1]) * network.value(outputs, batch[1]), torch.stack(losses)
        if bool((whole - each.sum()).abs() <= tolerance * (whole.abs() + each.abs().sum())):
            return ""
    return "the loss is no sum over the examples"


def entangled(network: Network, parameters: Mapping[str, Tensor], batch: Batch) -> tuple[str, Tensor, list[Tensor]]:
    """Why an example has no outputs of its own (empty if it has), the outputs, and those of each example alone."""
    count, tolerance = length(batch), 1e4 * torch.finfo(network.dtype).eps
    outputs = network.outputs(parameters, batch[0])
    if outputs.shape[:1] != (count,):
        return "the outputs have no axis of examples", outputs, []
    alone = [network.outputs(parameters, take(batch, i, i + 1)[0]) for i in range(count)]
    if not torch.allclose(torch.cat(alone), outputs, rtol=tolerance, atol=tolerance * float(outputs.abs().amax())):
        return "the outputs of an example depend on the others", outputs, alone
    return "", outputs, alone


def candidates(
    network: Network, parameters: Mapping[str, Tensor], batch: Batch, chosen: Collection[str]
) -> list[Layer]:
    """Layers with no layers inside, called once with one tensor, whose parameters are theirs alone, and chosen."""
    uses = list(network._names.values())
    own: dict[str, dict[str, str]] = {}
    for full, first in network._names.items():
        place, _, local = full.rpartition(".")
        if uses.count(first) == 1 and first in chosen:
            own.setdefault(place, {})[local] = first
    modules = {place: network.model.get_submodule(place) for place in own}
    places = [place for place, module in modules.items() if next(module.children(), None) is None]
    axes = _axes(network, parameters, [modules[place] for place in places], batch)
    return [
        Layer(modules[place], rule_of(modules[place], tuple(own[place])), own[place], shared=shared)
        for place, shared in zip(places, axes, strict=True)
        if shared is not None
    ]


def _axes(
    network: Network, parameters: Mapping[str, Tensor], modules: list[nn.Module], batch: Batch
) -> list[bool | None]:
    """Whether each layer's output is one for all examples; `None` where it cannot be displaced.

    Two numbers of examples tell an axis of examples from one that happens to be as long.
    """
    count = length(batch)
    seen: list[list[tuple[int, int] | None]] = [[] for _ in modules]

    def note(index: int, given: Any, found: Any) -> None:
        tensors = isinstance(given, Tensor) and isinstance(found, Tensor) and given.ndim > 0 and found.ndim > 0
        seen[index].append((len(given), len(found)) if tensors and found.is_floating_point() else None)

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


def verified(
    network: Network, parameters: Mapping[str, Tensor], by: Weighting, batch: Batch, layers: list[Layer]
) -> tuple[Layer, ...]:
    """The layers that pass two checks, with a random function of the outputs in place of the loss.

    Their outputs move with their parameters as the rule says, anywhere; and the rule gives the true gradient, which it
    could not if the parameters were used somewhere else too.
    """
    tolerance = torch.finfo(network.dtype).eps ** 0.4
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        plain = network.outputs(parameters, batch[0])
    mix = torch.randn(plain.shape, generator=generator).to(plain)

    def value(outputs: Tensor) -> Tensor:
        return (mix * outputs).sum()

    leaves = {name: part.detach().requires_grad_() for name, part in parameters.items()}
    found = torch.autograd.grad(value(network.outputs(leaves, batch[0])), list(leaves.values()), materialize_grads=True)
    gradient = dict(zip(leaves, found, strict=True))
    size = math.sqrt(sum(float(part.norm()) ** 2 for part in found))

    def right(piece: Displaced, index: int, delta: Tensor) -> bool:
        layer = layers[index]
        pulled = layer.rule.pull(piece.features[index], delta)
        same = (_near(part, gradient[layer.names[own]], tolerance, floor=size) for own, part in pulled.items())
        return all(same) and _moves(piece, index, parameters, tolerance, generator)

    while layers:
        good = [False] * len(layers)
        with contextlib.suppress(*FAILURES):
            piece = Displaced(network, parameters, layers, batch, by, value=value)
            if piece.outputs.shape == plain.shape and _near(piece.outputs.detach(), plain, tolerance):
                deltas = torch.autograd.grad(
                    value(piece.outputs), piece.places, retain_graph=True, materialize_grads=True
                )
                for index, delta in enumerate(deltas):
                    with contextlib.suppress(*FAILURES):
                        good[index] = right(piece, index, delta)
        if all(good):
            return tuple(layers)
        # Where nothing could be built at all, outputs that are shared by the examples are the least sure.
        unsure = not any(good) and any(layer.shared for layer in layers)
        layers = [layer for layer in layers if not layer.shared] if unsure else list(itertools.compress(layers, good))
    return ()


def _moves(
    piece: Displaced, index: int, parameters: Mapping[str, Tensor], tolerance: float, generator: torch.Generator
) -> bool:
    """Whether the layer's output moves with its parameters as the rule says."""
    layer, like = piece.layers[index], piece.outputs
    r = {own: _repeated(shape, generator).to(like) for own, shape in layer.rule.shapes.items()}
    here = {own: parameters[full] for own, full in layer.names.items()}
    there = {own: here[own] + r[own] for own in r}
    with torch.no_grad():
        still, moved = (functional_call(layer.module, values, (piece.inputs[index],)) for values in (here, there))
        pushed = layer.rule.push(piece.features[index], r, piece.places[index].shape)
    return _near(moved - still, pushed.reshape(moved.shape), tolerance, floor=float(still.norm()))


def _repeated(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random numbers, the same over and over: to draw millions would take longer than all the rest of a trial."""
    count = math.prod(shape)
    drawn = torch.randn(min(count, PERIOD), generator=generator)
    return drawn.repeat(-(-count // PERIOD) or 1)[:count].reshape(shape)


def _near(one: Tensor, other: Tensor, tolerance: float, *, floor: float = 0.0) -> bool:
    return bool((one - other).norm() <= tolerance * (other.norm() + floor * tolerance))
