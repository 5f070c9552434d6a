"""Stacks of dense layers at many points at once: products of three-way arrays, in half the time of a mapped network.

What the mapping of functions costs for every layer is most of the time of a small one. So networks that are known to be
dense layers and functions of single entries, one after the other, are evaluated directly, if that gives what the
network gives. Known are `nn.Sequential` and modules that say so (`in_order`); a forward pass of another's own may do
something between its layers that cannot be seen at the point where it was tried.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

Layer = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""From parameters, each with a leading axis of n, and what the layer before gives, (n, b, i), to (n, b, o)."""


def dense_layers(model: nn.Module) -> tuple[Layer, ...] | None:
    """The layers of the model in the order in which they are called, if all of it is of these kinds.

    What modules say of themselves must be tried (`agrees`).
    """
    modules = list(model.named_modules(remove_duplicate=False))
    if len({id(module) for _, module in modules}) < len(modules):
        return None  # one that is called twice
    layers: list[Layer] = []
    for name, module in modules:
        if module._forward_hooks or module._forward_pre_hooks:
            return None
        if next(module.children(), None) is not None:
            if not _in_order(module):
                return None
            continue
        layer = _layer(name, module)
        if layer is None:
            return None
        layers.append(layer)
    return tuple(layers) or None


def forward(
    layers: tuple[Layer, ...], parameters: Mapping[str, Tensor], inputs: Tensor, *, own: bool
) -> Float[Tensor, "n b o"]:
    """The outputs of n networks.

    Args:
        layers: of the model.
        parameters: by name, each with a leading axis of n.
        inputs: (b, ...), or (n, b, ...) where each network has its `own`.
        own: whether it has.
    """
    rows = len(next(iter(parameters.values())))
    flat = inputs.flatten(2) if own else inputs.flatten(1).expand(rows, -1, -1)
    for layer in layers:
        flat = layer(parameters, flat)
    return flat


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


def _layer(name: str, module: nn.Module) -> Layer | None:
    if type(module) is nn.Flatten and (module.start_dim, module.end_dim) == (1, -1):
        return lambda _, flat: flat
    if getattr(module, "entrywise", False):
        return lambda _, flat: module(flat)
    if type(module) is nn.Linear or getattr(module, "affine", "") == "dense":
        beginning = f"{name}." if name else ""
        return _dense(f"{beginning}weight", f"{beginning}bias", module.bias is not None, getattr(module, "scale", 1.0))
    return None


def _dense(weight: str, bias: str, biased: bool, scale: float) -> Layer:
    def layer(parameters: Mapping[str, Tensor], flat: Tensor) -> Tensor:
        matrix = parameters[weight].transpose(1, 2)
        matrix = matrix if scale == 1 else scale * matrix
        return torch.baddbmm(parameters[bias][:, None], flat, matrix) if biased else torch.bmm(flat, matrix)

    return layer
