"""Stacks of dense layers at many points at once: products of three-way arrays, in half the time of a mapped network.

What the mapping of functions costs for every layer is most of the time of a small one. So networks that are known to be
dense layers and functions of single entries, one after the other, are evaluated directly, if that gives what the
network gives. Known are `nn.Sequential` and modules that say so (`in_order`); a forward pass of another's own may do
something between its layers that cannot be seen at the point where it was tried.

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


def forward(layers: tuple[Layer, ...], parameters: Rows, inputs: Tensor, *, own: bool) -> Float[Tensor, "n b o"]:
    """The outputs of n networks.

    Args:
        layers: of the model.
        parameters: by name, each with a leading axis of n.
        inputs: (b, ...), or (n, b, ...) where each network has its `own`.
        own: whether it has.
    """
    flat = _flat(parameters, inputs, own=own)
    for layer in layers:
        flat = layer.forward(parameters, flat)
    return flat.transpose(1, 2)


def gradients(
    layers: tuple[Layer, ...], parameters: Rows, inputs: Tensor, losses: Slopes, *, own: bool
) -> tuple[Float[Tensor, "n b o"], Float[Tensor, " n"], dict[str, Tensor]]:
    """The outputs of n networks, their losses, and the derivative of each loss in its network's parameters, by name.

    Args:
        layers: of the model.
        parameters: by name, each with a leading axis of n.
        inputs: as in `forward`.
        losses: from the outputs to the losses (n,) and their derivatives in the outputs.
        own: as in `forward`.
    """
    flat = _flat(parameters, inputs, own=own)
    passed: list[tuple[Layer, Tensor, Tensor]] = []
    for layer in layers:
        before = layer.ready(flat)
        after = layer.forward(parameters, before)
        passed.append((layer, before, after))
        flat = after.detach()
    outputs = flat.transpose(1, 2)
    values, slope = losses(outputs)
    slope = slope.transpose(1, 2)
    found: dict[str, Tensor] = {}
    for number, (layer, before, after) in reversed([*enumerate(passed)]):
        mine = layer.own(before, slope)
        found |= {name: found[name] + part if name in found else part for name, part in mine.items()}
        if number:
            slope = layer.backward(parameters, before, after, slope)
    return outputs, values, found


def _flat(parameters: Rows, inputs: Tensor, *, own: bool) -> Tensor:
    rows = len(next(iter(parameters.values())))
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
