"""Stacks of dense layers at many points at once: products of three-way arrays, in half the time of a mapped network.

What the mapping of functions costs for every layer is most of the time of a small one. So networks whose parts are
plainly dense layers and functions of single entries, one after the other, are evaluated directly, if that gives what
the network gives.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

Layer = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""From parameters, each with a leading axis of n, and what the layer before gives, (n, b, i), to (n, b, o)."""


def dense_layers(model: nn.Module) -> tuple[Layer, ...] | None:
    """The layers of the model in the order in which they are defined, if all of them are of these kinds.

    That they are called in this order, and that nothing else happens, must be tried (`agrees`).
    """
    layers: list[Layer] = []
    for name, module in model.named_modules():
        if next(module.children(), None) is not None:
            if next(module.parameters(recurse=False), None) is not None:
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
    """Whether two evaluations differ by no more than rounding."""
    one, other, slack = one.detach(), other.detach(), 1e3 * torch.finfo(one.dtype).eps
    return one.shape == other.shape and torch.allclose(one, other, rtol=slack, atol=slack * other.abs().max().item())


def _layer(name: str, module: nn.Module) -> Layer | None:
    if isinstance(module, nn.Flatten) and (module.start_dim, module.end_dim) == (1, -1):
        return lambda _, flat: flat
    if getattr(module, "entrywise", False):
        return lambda _, flat: module(flat)
    if isinstance(module, nn.Linear) or getattr(module, "affine", "") == "dense":
        return _dense(f"{name}.weight", f"{name}.bias", module.bias is not None, getattr(module, "scale", 1.0))
    return None


def _dense(weight: str, bias: str, biased: bool, scale: float) -> Layer:
    def layer(parameters: Mapping[str, Tensor], flat: Tensor) -> Tensor:
        matrix = parameters[weight].transpose(1, 2)
        matrix = matrix if scale == 1 else scale * matrix
        return torch.baddbmm(parameters[bias][:, None], flat, matrix) if biased else torch.bmm(flat, matrix)

    return layer
