"""Convolutions of the data, whose second derivatives leave out what nobody asked for.

The first convolution of a network is linear in its parameters, and the data are constants. PyTorch (2.13) still
computes, in every product with the Hessian, the derivative with respect to those data, and throws it away: a fifth of
a product for a network of two convolutions (`benchmarks/README.md`). Here the layer is the pair of linear maps that it
is: parameters to outputs, and back; each is the other's derivative, to any order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad
from torch.overrides import TorchFunctionMode

Geometry = tuple[list[int], list[int], list[int], bool, list[int], int]
"""Stride, padding, dilation, transposed, output padding and groups, as PyTorch's general convolution takes them."""

Shapes = tuple[torch.Size, torch.Size | None]
"""Of weight and bias."""


class ConvolutionsOfData(TorchFunctionMode):
    """While it is entered, convolutions whose input is constant are computed so; the others as ever."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in CONVOLUTIONS and _is_plain():
            found = of_data(*args, **(kwargs or {}))
            if found is not None:
                return found
        return func(*args, **(kwargs or {}))


CONVOLUTIONS: set[Callable[..., Any]] = {torch.conv1d, torch.conv2d, torch.conv3d}


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
    trained = weight.requires_grad and (bias is None or bias.requires_grad)
    if input.requires_grad or not trained or isinstance(padding, str):
        return None
    if input.ndim != weight.ndim or weight.is_complex() or torch.is_autocast_enabled(input.device.type):
        return None
    axes = weight.ndim - 2
    sizes = [[size] * axes if isinstance(size, int) else list(size) for size in (stride, padding, dilation)]
    sizes = [size * axes if len(size) == 1 else size for size in sizes]
    return _Forth.apply(weight, bias, input, (*sizes, False, [0] * axes, groups))


def _is_plain() -> bool:
    """Whether no transform of functions is at work, which would want rules of its own."""
    transforms = torch._C._functorch.peek_interpreter_stack()  # type: ignore[attr-defined]
    return transforms is None and forward_ad._current_level < 0


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
