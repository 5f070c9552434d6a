"""The loss of some examples as a function of what is added to the outputs of layers, and its second derivatives there.

A displacement has the shape of a layer's output: one of its own for each example. No parameter needs a gradient, so
the backward passes here are about half of the usual ones.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from phenoscope.core.points import flattened
from phenoscope.objective.batches import Batch, length, take
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.layers.rules import Response, Rule
from phenoscope.objective.layers.signs import Signs
from phenoscope.objective.pieces import _refuse_once_differentiable as refuse_once_differentiable
from phenoscope.objective.pieces import example_slopes
from phenoscope.objective.weighting import Weighting

Value = Callable[[Tensor], Tensor]
SLACK = 10.0
"""Times the rounding, below which no eigenvalue of a convex loss's second derivative lies."""


class Layer(NamedTuple):
    """A layer that can be displaced.

    Attributes:
        module: the layer.
        rule: how its output depends on its parameters.
        names: of its parameters, from the layer's own to those of the point.
        shared: whether its output has no axis of examples, as that of an embedding of positions.
    """

    module: nn.Module
    rule: Rule
    names: Mapping[str, str]
    shared: bool


class Column(NamedTuple):
    """One column of a factor of the outputs' curvature, pulled back: a displacement a layer, and a sign an example."""

    deltas: tuple[Tensor, ...]
    signs: Tensor


class LayersDiffer(RuntimeError):
    """A layer was not called once for these examples, as it was for those on which it was tried out."""


class Displaced:
    """Some examples, with the graph from displacements to their loss.

    Args:
        network: model and loss.
        parameters: by name.
        layers: which of them to displace.
        batch: b examples.
        value: the loss of the outputs, times the weight of the examples, unless another function is to be looked at.
        by: how examples are weighed.
    """

    def __init__(
        self, network: Network, parameters: Mapping[str, Tensor], layers: Sequence[Layer], batch: Batch,
        by: Weighting, *, value: Value | None = None,
    ) -> None:  # fmt: skip
        self.layers, self.count = layers, length(batch)
        self._network, self._targets, self._by = network, batch[1], by
        inputs, places = {}, {}

        def displace(index: int, given: Tensor, found: Tensor) -> Tensor:
            if index in places:
                raise LayersDiffer
            if layers[index].shared:
                given, found = (_one_each(part, self.count) for part in (given, found))
            inputs[index] = given.detach()
            places[index] = torch.zeros_like(found, requires_grad=True)
            return found + places[index]

        with listening([layer.module for layer in layers], displace):
            self.outputs = network.outputs(parameters, batch[0])
        if len(places) < len(layers):
            raise LayersDiffer
        order = range(len(layers))
        self.places, self.inputs = tuple(places[i] for i in order), tuple(inputs[i] for i in order)
        self.features = tuple(layer.rule.features(given) for layer, given in zip(layers, self.inputs, strict=True))
        self.weight = by.of(self.outputs.detach(), self._targets)
        self._value = value

    def value(self, outputs: Tensor) -> Tensor:
        """The loss of the outputs, times the weight of the examples, or the other function.

        A method, and no function kept in the object: that would hold the object, whose graph would then stay in memory
        until Python looks for cycles.
        """
        if self._value is not None:
            return self._value(outputs)
        return self.weight * self._network.value(outputs, self._targets)

    def respond(self, signs: Signs) -> list[Response]:
        """A random response of every layer."""
        parts = zip(self.layers, self.features, self.places, strict=True)
        return [layer.rule.respond(features, place.shape, signs) for layer, features, place in parts]

    def hessian(self, moved: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The second derivative of the loss in the displacements, times some displacement."""
        return _derivatives(_inner(self.slopes, moved), self.places)

    def own(self, index: int, moved: Tensor) -> Tensor:
        """The same within one layer, which takes no more than the part of the network behind it."""
        return _derivatives(_inner(self.slopes[index : index + 1], (moved,)), (self.places[index],))[0]

    def gauss_newton(self, moved: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Jᵀ C J times a displacement, J the derivative of the outputs, C the second one of the loss in these."""
        _, curved = self._curved(moved)
        return _derivatives((self.outputs * curved).sum(), self.places)

    def gauss_newton_form(self, moved: Sequence[Tensor]) -> Tensor:
        """vᵀ Jᵀ C J v of each example, (b,), in float64."""
        pushed, curved = self._curved(moved)
        return flattened(pushed * curved, 1).sum(1).double()

    def _curved(self, moved: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """J v and C J v."""
        dummy, pulled = self._pulled
        (pushed,) = _derivatives(_inner(pulled, moved), (dummy,))
        cut, slope = self._cut
        return pushed, _derivatives(_inner((slope,), (pushed,)), (cut,))[0]

    @property
    def entries(self) -> int:
        """The outputs of one example."""
        return self.outputs.numel() // max(1, self.count)

    def columns(self, *, own: bool) -> Iterator[Column]:
        """The gradients in the displacements whose squares add up to the Gauss-Newton matrix.

        Args:
            own: of the examples' losses instead: a single column, of the empirical Fisher matrix.
        """
        for factor, signs in self.factors(own=own):
            yield Column(_derivatives((self.outputs * factor).sum(), self.places), signs)

    @cached_property
    def slopes(self) -> tuple[Tensor, ...]:
        """The gradient of the loss in the displacements, with its graph."""
        found = _derivatives(self.value(self.outputs), self.places, graph=True)
        for slope in found[:1]:  # the first layer's holds the whole graph
            refuse_once_differentiable(slope)
        return found

    @cached_property
    def _pulled(self) -> tuple[Tensor, tuple[Tensor, ...]]:
        dummy = torch.zeros_like(self.outputs, requires_grad=True)
        return dummy, _derivatives((self.outputs * dummy).sum(), self.places, graph=True)

    @cached_property
    def _cut(self) -> tuple[Tensor, Tensor]:
        cut = self.outputs.detach().requires_grad_()
        return cut, _derivatives(self.value(cut), (cut,), graph=True)[0]

    def factors(self, *, own: bool) -> list[tuple[Tensor, Tensor]]:
        """The columns before they are pulled back: tensors like the outputs, with a sign an example."""
        return self._own_slopes() if own else self._of_outputs()

    def shares(self) -> Tensor:
        """What each example counts in the loss, (b,)."""
        return self._slopes_and_shares[1]

    @property
    def largest_curvature(self) -> float:
        """The largest eigenvalue, by size, of the loss's second derivative in the outputs of any of these examples."""
        return float(self._in_outputs[0].abs().amax())

    @property
    def lost(self) -> float:
        """What an entry of that derivative may be off by, over the working precision: a difference of terms as large as
        an entry's weight in the loss, which nearly cancel where a classifier is sure.
        """
        seen = self.outputs.detach(), self._targets
        heaviest = max(self._by.of(*take(seen, i, i + 1)) for i in range(self.count))
        return max(self.largest_curvature, heaviest / self.entries)

    @property
    def convex(self) -> bool:
        """Whether the loss is convex in the outputs, as far as rounding lets one see."""
        values, _ = self._in_outputs
        return float(values.amin()) >= -SLACK * torch.finfo(values.dtype).eps * self.lost * self.entries

    def _of_outputs(self) -> list[tuple[Tensor, Tensor]]:
        """Eigenvectors of each example's curvature in its outputs, times the roots of the eigenvalues' sizes."""
        values, vectors = self._in_outputs
        least = torch.finfo(values.dtype).eps * self.largest_curvature * self.entries
        values = values.masked_fill(values.abs() <= least, 0.0)
        scaled = vectors * values.abs().sqrt()[:, None]
        kept = [c for c in range(self.entries) if bool((values[:, c] != 0).any())]
        return [(scaled[:, :, c].reshape(self.outputs.shape), values[:, c].sign()) for c in kept]

    @cached_property
    def _in_outputs(self) -> tuple[Tensor, Tensor]:
        """Eigenvalues (b, entries) and eigenvectors of each example's curvature in its outputs."""
        cut, slope = self._cut
        units = torch.eye(self.entries, dtype=cut.dtype, device=cut.device)
        rows = [
            _derivatives(_inner((slope,), (unit.expand(self.count, -1).reshape(cut.shape),)), (cut,))[0]
            for unit in units
        ]
        curvature = torch.stack([row.reshape(self.count, -1) for row in rows], dim=1)
        # In float32 the algorithm may fail to converge where most eigenvalues are rounding.
        values, vectors = torch.linalg.eigh((curvature + curvature.mT).double() / 2)
        return values.to(cut.dtype), vectors.to(cut.dtype)

    @cached_property
    def _slopes_and_shares(self) -> tuple[Tensor, Tensor]:
        slopes, weights = example_slopes(self._network, self.outputs.detach(), self._targets, self._by)
        return slopes, self.weight * weights / self._by.divisor(float(weights.sum()))

    def _own_slopes(self) -> list[tuple[Tensor, Tensor]]:
        slopes, shares = self._slopes_and_shares
        return [(slopes * shares.sqrt().reshape(-1, *[1] * (slopes.ndim - 1)), torch.ones_like(shares))]


@contextlib.contextmanager
def listening(modules: Sequence[nn.Module], heard: Callable[[int, Any, Any], Any]) -> Iterator[None]:
    """Call `heard(place in the list, input, output)` after each of these layers; what it returns is the new output."""

    def listen(index: int) -> Callable[..., Any]:
        return lambda module, args, output: heard(index, args[0] if len(args) == 1 else None, output)

    handles = [module.register_forward_hook(listen(index)) for index, module in enumerate(modules)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _one_each(value: Tensor, count: int) -> Tensor:
    """The same tensor for each of so many examples, along a first axis."""
    return (value if value.shape[:1] == (1,) else value[None]).expand(count, *value.shape[value.shape[:1] == (1,) :])


def _inner(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """The sum of the products of the entries, over all parts that can be differentiated."""
    parts = [(a * b).sum() for a, b in zip(left, right, strict=True) if a.requires_grad]
    return torch.stack(parts).sum() if parts else right[0].new_zeros(())


def _derivatives(value: Tensor, leaves: Sequence[Tensor], *, graph: bool = False) -> tuple[Tensor, ...]:
    """The derivatives of a number, zeros where it does not depend on a leaf."""
    if not value.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    found = torch.autograd.grad(value, leaves, retain_graph=True, create_graph=graph, materialize_grads=True)
    return tuple(found)
