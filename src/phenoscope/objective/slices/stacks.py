"""Stacks of dense layers and activations at many points of an affine slice of the space of parameters.

Such a network needs nothing that maps functions over networks: its layers at many points are products of three-way
arrays, with examples along the contiguous axis. So few points at a time are enough to hide the interpreter, and what a
layer writes is still in the cache when the next one reads it, which is most of the time otherwise.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from phenoscope.objective.batches import tensors
from phenoscope.objective.evaluation.network import Network
from phenoscope.objective.slices.made_of_data import MadeOfData

CACHED = 2**19
"""Numbers that two neighbouring layers of the points evaluated together may have (`benchmarks/planes.py`)."""
FEWEST = 6
"""Points that are better evaluated together, if with twice as many numbers: of fewer, products are slow."""

Layer = Callable[[Tensor, Tensor], Tensor]
"""From mixing coefficients (m, c) and what the layer before gives (m, features, examples) to what this one gives."""


def tanh(values: Tensor) -> Tensor:
    """The hyperbolic tangent, in place: on a processor by NumPy, which takes a tenth of PyTorch's time for it."""
    if values.device.type != "cpu" or values.dtype not in (torch.float32, torch.float64):
        return values.tanh_()
    entries = values.numpy()
    np.tanh(entries, out=entries)
    return values


IN_PLACE: dict[Any, Callable[[Tensor], Tensor]] = {
    torch.relu: torch.relu_,
    functional.relu: torch.relu_,
    Tensor.relu: torch.relu_,
    torch.tanh: tanh,
    Tensor.tanh: tanh,
    torch.sigmoid: torch.sigmoid_,
    Tensor.sigmoid: torch.sigmoid_,
    torch.square: Tensor.square_,
    torch.erf: Tensor.erf_,
}
POINTWISE = (
    functional.gelu, functional.softplus, functional.silu, functional.elu, functional.leaky_relu, functional.selu,
)  # fmt: skip
"""Activations, some with options, that act on every number alone."""


@dataclasses.dataclass(frozen=True)
class Stack:
    """A network as its layers.

    Attributes:
        layers: in order, of each part of the examples.
        together: points to be evaluated together.
        most: points whose outputs are still in the cache when their losses are found.
        width: outputs of an example.
    """

    layers: tuple[tuple[Layer, ...], ...]
    together: int
    most: int
    width: int

    def outputs(self, mixing: Float[Tensor, "m c"]) -> Float[Tensor, "m features examples"]:
        """The outputs at the points with these coefficients of the corners."""
        parts = [
            torch.cat([functools.reduce(_on(rows), layers, rows) for rows in mixing.split(self.together)])
            for layers in self.layers
        ]
        return torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]


def stack(network: Network, corners: Mapping[str, Tensor], inputs: Any) -> Stack | None:
    """The network as a stack, if on these inputs it is nothing but dense layers and activations.

    Args:
        network: the model, evaluated once to see what it does.
        corners: the parameters at the corners of the slice along the first axis of each, (c, ...).
        inputs: of a batch, (examples, features) where they meet the first layer.
    """
    first = {name: part[0] for name, part in corners.items()}
    with _Seen(first, corners, inputs) as seen:
        outputs = network.outputs(first, inputs)
    if not seen.plain or outputs is not seen.last or not seen.layers:
        return None
    examples, parts = len(outputs), math.ceil(seen.widest * FEWEST / CACHED)
    size = math.ceil(examples / parts)
    together = max(FEWEST, CACHED * parts // (2 * seen.widest))
    layers = tuple(_of_examples(seen.layers, slice(i, i + size)) for i in range(0, examples, size))
    return Stack(layers, together, max(together, CACHED // outputs.numel()), outputs.shape[1])


def _of_examples(layers: Sequence[Layer], which: slice) -> tuple[Layer, ...]:
    return tuple(layer.part(which) if isinstance(layer, _OnData) else layer for layer in layers)


def _on(rows: Tensor) -> Callable[[Tensor, Layer], Tensor]:
    return lambda current, layer: layer(rows, current)


class _Seen(TorchFunctionMode):
    """While it is on, each call is noted as a layer; `plain` says whether all of them could be."""

    def __init__(self, parameters: Mapping[str, Tensor], corners: Mapping[str, Tensor], inputs: Any) -> None:
        super().__init__()
        self._names = {id(part): name for name, part in parameters.items()}
        self._corners = corners
        self._data = MadeOfData(inputs)
        self._version = 0
        self.layers: list[Layer] = []
        self.last: Tensor | None = None
        self.widest = 1
        self.plain = True

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        options = options or {}
        result = function(*arguments, **options)
        if self.last is not None and self.last._version != self._version:
            self.plain = False  # overwritten in place
        if not isinstance(result, Tensor) or result is self.last:
            return result  # a question about shapes, or a layer that does nothing
        if self._data.give(result, list(tensors((arguments, options)))):
            return result
        layer = self._layer(function, arguments, options, result)
        self.plain = self.plain and layer is not None
        if layer is not None:
            self.layers.append(layer)
            self.last, self._version = result, result._version
            self.widest = max(self.widest, result.numel())
        return result

    def _layer(
        self, function: Any, arguments: tuple[Any, ...], options: dict[str, Any], result: Tensor
    ) -> Layer | None:
        if function is functional.linear and not options.keys() - {"bias"}:
            return self._dense(*arguments, **options) if result.ndim == 2 else None
        if not arguments or arguments[0] is not self.last or any(True for _ in tensors((arguments[1:], options))):
            return None
        if options.get("inplace", False):
            return None
        if function in IN_PLACE and len(arguments) == 1 and not options.keys() - {"inplace"}:
            apply = IN_PLACE[function]
            return lambda rows, current: apply(current)
        if function in POINTWISE:
            return lambda rows, current: function(current, *arguments[1:], **options)
        return None

    def _dense(self, inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Layer | None:
        known = all(part is None or id(part) in self._names for part in (weight, bias))
        if not known or not (inputs is self.last or self._data.has(inputs)):
            return None
        weights = self._corners[self._names[id(weight)]]  # (c, features, before)
        biases = None if bias is None else self._corners[self._names[id(bias)]]
        if inputs is not self.last:
            of_data = torch.stack([functional.linear(inputs, *pair).mT for pair in _pairs(weights, biases)])
            return _OnData(of_data)
        return functools.partial(_product, weights, biases)


@dataclasses.dataclass(frozen=True)
class _OnData:
    """A dense layer on the data: affine in its parameters, hence mixed from what it gives at the corners."""

    corners: Float[Tensor, "c features examples"]

    def __call__(self, rows: Float[Tensor, "m c"], current: Tensor) -> Tensor:
        return _mixed(self.corners, rows)

    def part(self, examples: slice) -> "_OnData":
        """The same layer on some of the examples."""
        return _OnData(self.corners[:, :, examples].contiguous())


def _pairs(weights: Tensor, biases: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
    return [(weight, None if biases is None else biases[i]) for i, weight in enumerate(weights)]


def _mixed(corners: Float[Tensor, "c ..."], rows: Float[Tensor, "m c"]) -> Tensor:
    """What is affine in the parameters, at points between its corners."""
    return (rows @ corners.flatten(1)).view(len(rows), *corners.shape[1:])


def _product(weights: Tensor, biases: Tensor | None, rows: Float[Tensor, "m c"], current: Tensor) -> Tensor:
    weight = _mixed(weights, rows)
    if biases is None:
        return weight @ current
    return torch.baddbmm(_mixed(biases, rows)[:, :, None], weight, current)
