"""Convolutions of the data, whose second derivatives leave out what nobody asked for.

The first convolution of a network is linear in its parameters, and the data are constants. PyTorch (2.13) still
computes, in every product with the Hessian, the derivative with respect to those data, and throws it away: a fifth of
a product for a network of two convolutions (`benchmarks/README.md`). Here the layer is the pair of linear maps that it
is: parameters to outputs, and back; each is the other's derivative, to any order.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from phenoscope.objective.evaluation.replaced import Replacements, is_plain

Geometry = tuple[list[int], list[int], list[int], bool, list[int], int]
"""Stride, padding, dilation, transposed, output padding and groups, as PyTorch's general convolution takes them."""

Shapes = tuple[torch.Size, torch.Size | None]
"""Of weight and bias."""


def of_data(  # noqa: PLR0917 (the order is PyTorch's)
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor | None:
    """The convolution as a linear map of weight and bias, or nothing where it is not one of real data in a batch."""
    if not is_plain():
        return None
    trained = weight.requires_grad and (bias is None or bias.requires_grad)
    if input.requires_grad or not trained or isinstance(padding, str):
        return None
    if (
        not is_plain()
        or input.ndim != weight.ndim
        or weight.is_complex()
        or torch.is_autocast_enabled(input.device.type)
    ):
        return None
    axes = weight.ndim - 2
    sizes = [[size] * axes if isinstance(size, int) else list(size) for size in (stride, padding, dilation)]
    sizes = [size * axes if len(size) == 1 else size for size in sizes]
    return _Forth.apply(weight, bias, input, (*sizes, False, [0] * axes, groups))


class _Forth(Function):
    """Weight and bias to the outputs."""

    generate_vmap_rule = True

    @staticmethod
    def forward(weight: Tensor, bias: Tensor | None, data: Tensor, geometry: Geometry) -> Tensor:
        return torch.ops.aten.convolution(data, weight, bias, *geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        weight, bias, data, ctx.geometry = inputs
        ctx.shapes = weight.shape, None if bias is None else bias.shape
        ctx.save_for_backward(data)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Any, ...]:
        (slope,), (data,) = grad_outputs, ctx.saved_tensors
        return (*_Back.apply(slope, data, ctx.shapes, ctx.geometry), None, None)


class _Back(Function):
    """The transpose: what belongs to the outputs, to what belongs to weight and bias."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        slope: Tensor, data: Tensor, shapes: tuple[Any, Any], geometry: Geometry
    ) -> tuple[Tensor, Tensor | None]:
        weight, bias = shapes
        wanted = [False, True, bias is not None]
        found = torch.ops.aten.convolution_backward(slope, data, data.new_empty(weight), bias, *geometry, wanted)
        return found[1], found[2] if bias is not None else None

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, data, ctx.shapes, ctx.geometry = inputs
        ctx.save_for_backward(data)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Any, ...]:
        (weight, bias), (data,) = grad_outputs, ctx.saved_tensors
        return _Forth.apply(weight, bias, data, ctx.geometry), None, None, None


CONVOLUTIONS: Replacements = {torch.conv1d: of_data, torch.conv2d: of_data, torch.conv3d: of_data}
"""Those whose input is constant; the others stay as they are."""
