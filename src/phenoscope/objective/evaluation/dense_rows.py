"""Stacks of dense layers at many points at once: products of three-way arrays, in half the time of a mapped network.

What the mapping of functions costs for every layer is most of the time of a small one. So networks that are known to be
dense layers and functions of single entries, one after the other, are evaluated directly, if that gives what the
network gives. Known are `nn.Sequential` and modules that say so (`in_order`); a forward pass of another's own may do
something between its layers that cannot be seen at the point where it was tried.

First-order expansions of such networks go the same way: what the outputs move by is carried along layer by layer.

Examples lie along the last axis, which is the faster way round for few units and many examples. Gradients are found
layer by layer, too: the products of the dense layers are written out, and so are the derivatives of what lies between
them where it knows its own (`pull`); the rest is left to autograd.
"""

import abc
import dataclasses
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import jvp

from phenoscope.core.points import Layout, layout

Rows = Mapping[str, Tensor]
"""Parameters by name, each with a leading axis of n."""
Slopes = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From outputs (n, b, o) to losses (n,) and their derivatives in the outputs."""


class Layer(abc.ABC):
    """From what the layer before gives, (n, i, b), to (n, o, b), and the way back."""

    @abc.abstractmethod
    def forward(self, parameters: Rows, inputs: Tensor) -> Tensor:
        """What the layer gives."""

    @abc.abstractmethod
    def moved(
        self, parameters: Rows, change: Rows, inputs: Tensor, outputs: Tensor, direction: Tensor | None
    ) -> Tensor | None:
        """What the outputs move by, to first order, as parameters and inputs move; `None` for nothing at all."""

    @abc.abstractmethod
    def backward(self, parameters: Rows, inputs: Tensor, outputs: Tensor, slope: Tensor) -> Tensor:
        """The derivative in the inputs, from that in the outputs."""

    def ready(self, inputs: Tensor) -> Tensor:
        """The inputs, so that `backward` will find in them what it needs."""
        return inputs

    def own(self, inputs: Tensor, slope: Tensor) -> Rows:
        """The derivatives in the layer's own parameters, from that in the outputs."""
        return {}


@dataclasses.dataclass(frozen=True)
class Between(Layer):
    """A function of single entries.

    Attributes:
        function: what it is.
        pull: from its outputs and the derivative in them to that in its inputs; `None` where autograd must find it.
    """

    function: Callable[[Tensor], Tensor]
    pull: Callable[[Tensor, Tensor], Tensor] | None

    def forward(self, parameters: Rows, inputs: Tensor) -> Tensor:
        return self.function(inputs)

    def moved(
        self, parameters: Rows, change: Rows, inputs: Tensor, outputs: Tensor, direction: Tensor | None
    ) -> Tensor | None:
        if direction is None:
            return None
        if self.pull is None:
            return jvp(self.function, (inputs.detach(),), (direction,))[1]
        return self.pull(outputs, direction)  # derivatives of single entries: forwards and backwards are one

    def ready(self, inputs: Tensor) -> Tensor:
        return inputs.detach().requires_grad_() if self.pull is None else inputs

    def backward(self, parameters: Rows, inputs: Tensor, outputs: Tensor, slope: Tensor) -> Tensor:
        return torch.autograd.grad(outputs, inputs, slope)[0] if self.pull is None else self.pull(outputs, slope)


@dataclasses.dataclass(frozen=True)
class Affine(Layer):
    """A dense layer.

    Attributes:
        weight: the name of its weights, (n, o, i).
        bias: that of its biases, (n, o); `None` without.
        scale: of the weights.
    """

    weight: str
    bias: str | None
    scale: float

    def forward(self, parameters: Rows, inputs: Tensor) -> Tensor:
        matrix = self._scaled(parameters[self.weight])
        if self.bias is None:
            return torch.bmm(matrix, inputs)
        return torch.baddbmm(parameters[self.bias][:, :, None], matrix, inputs)

    def moved(
        self, parameters: Rows, change: Rows, inputs: Tensor, outputs: Tensor, direction: Tensor | None
    ) -> Tensor | None:
        own = self.forward(change, inputs)
        return own if direction is None else torch.baddbmm(own, self._scaled(parameters[self.weight]), direction)

    def backward(self, parameters: Rows, inputs: Tensor, outputs: Tensor, slope: Tensor) -> Tensor:
        return torch.bmm(self._scaled(parameters[self.weight]).transpose(1, 2), slope)

    def own(self, inputs: Tensor, slope: Tensor) -> Rows:
        found = {self.weight: self._scaled(torch.bmm(slope, inputs.transpose(1, 2)))}
        return found if self.bias is None else found | {self.bias: slope.sum(dim=2)}

    def _scaled(self, matrix: Tensor) -> Tensor:
        return matrix if self.scale == 1 else self.scale * matrix


def dense_layers(model: nn.Module) -> tuple[Layer, ...] | None:
    """The layers of the model in the order in which they are called, if all of it is of these kinds.

    What modules say of themselves must be tried (`agrees`).
    """
    modules = list(model.named_modules(remove_duplicate=False))
    if len({id(module) for _, module in modules}) < len(modules):
        return None  # one that is called twice
    names = {id(value): name for name, value in model.named_parameters()}  # of tied ones the first
    layers: list[Layer] = []
    for _, module in modules:
        if module._forward_hooks or module._forward_pre_hooks:
            return None
        if next(module.children(), None) is not None:
            if not _in_order(module):
                return None
            continue
        if type(module) is nn.Flatten and (module.start_dim, module.end_dim) == (1, -1):
            continue  # they are flattened before the first layer
        layer = _layer(names, module)
        if layer is None:
            return None
        layers.append(layer)
    return tuple(layers) or None


@dataclasses.dataclass(frozen=True)
class Stack:
    """Networks that are dense layers and functions of single entries, one after the other, or their expansions.

    Attributes:
        layers: in order.
        layout: where the parameters lie in a point.
        origin: where the networks are replaced by their first-order expansions, (n, p) or (p,); `None` where they are
            not.
    """

    layers: tuple[Layer, ...]
    layout: Layout
    origin: Tensor | None = None

    def forward(self, points: Float[Tensor, "n p"], inputs: Tensor, *, own: bool) -> Float[Tensor, "n b o"]:
        """The outputs of n networks, differentiable in the points.

        Args:
            points: of the networks.
            inputs: (b, ...), or (n, b, ...) where each network has its `own`.
            own: whether it has.
        """
        at, change = self._parameters(points)
        flat, moved = _flat(len(points), inputs, own=own), None
        for layer in self.layers:
            before, flat = flat, layer.forward(at, flat)
            moved = None if change is None else layer.moved(at, change, before, flat, moved)
        return (flat if moved is None else flat + moved).transpose(1, 2)

    def gradients(
        self, points: Float[Tensor, "n p"], inputs: Tensor, losses: Slopes, *, own: bool
    ) -> tuple[Float[Tensor, "n b o"], Float[Tensor, " n"], Float[Tensor, "n p"]]:
        """The outputs of n networks, their losses, and the gradient of each.

        Args:
            points: of the networks.
            inputs: as in `forward`.
            losses: from the outputs to the losses (n,) and their derivatives in the outputs.
            own: as in `forward`.
        """
        at, change = self._parameters(points.detach())
        flat, moved = _flat(len(points), inputs, own=own), None
        passed: list[tuple[Layer, Tensor, Tensor]] = []
        for layer in self.layers:
            before = layer.ready(flat)
            after = layer.forward(at, before)
            moved = None if change is None else layer.moved(at, change, before, after, moved)
            passed.append((layer, before, after))
            flat = after.detach()
        outputs = (flat if moved is None else flat + moved).transpose(1, 2)
        values, slope = losses(outputs)
        slope = slope.transpose(1, 2)
        found: dict[str, Tensor] = {}
        for number, (layer, before, after) in reversed([*enumerate(passed)]):
            mine = layer.own(before, slope)
            found |= {name: found[name] + part if name in found else part for name, part in mine.items()}
            if number:
                slope = layer.backward(at, before, after, slope)
        return outputs, values, self.layout.ravel(found, rows=1)

    def _parameters(self, points: Tensor) -> tuple[Rows, Rows | None]:
        """Those at which the layers are evaluated, and how far from them an expansion goes."""
        if self.origin is None:
            return self.layout.unravel(points), None
        origin = self.origin.expand_as(points)
        return self.layout.unravel(origin), self.layout.unravel(points - origin)


def stack_of(model: nn.Module) -> Stack | None:
    """The model as a stack, if `dense_layers` knows it and all its parameters are trainable."""
    if not all(value.requires_grad for value in model.parameters()):
        return None
    layers = dense_layers(model)
    return None if layers is None else Stack(layers, layout(model))


def _flat(rows: int, inputs: Tensor, *, own: bool) -> Tensor:
    return inputs.flatten(2).transpose(1, 2) if own else inputs.flatten(1).T.expand(rows, -1, -1)


def agrees(one: Tensor, other: Tensor) -> bool:
    """Whether two evaluations differ by no more than rounding; rows that diverged do so in both."""
    if one.shape != other.shape:
        return False
    one, other, slack = one.detach(), other.detach(), 1e3 * torch.finfo(one.dtype).eps
    finite = other[other.isfinite()].abs()
    largest = finite.max().item() if finite.numel() else 0.0
    return torch.allclose(one, other, rtol=slack, atol=slack * largest, equal_nan=True)


def _in_order(module: nn.Module) -> bool:
    """Whether a module does nothing but to call its parts one after the other."""
    known = type(module) is nn.Sequential or getattr(module, "in_order", False)
    return known and next(module.parameters(recurse=False), None) is None


def _layer(names: Mapping[int, str], module: nn.Module) -> Layer | None:
    if getattr(module, "entrywise", False):
        return Between(module, getattr(module, "pull", None))
    if type(module) is nn.Linear or getattr(module, "affine", "") == "dense":
        bias = None if module.bias is None else names[id(module.bias)]
        return Affine(names[id(module.weight)], bias, getattr(module, "scale", 1.0))
    return None
