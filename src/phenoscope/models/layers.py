"""Layers that are handed their parameters and never draw any, and that can be differentiated as often as needed."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from phenoscope.core.errors import BadInput


class Dense(nn.Module):
    """y = scale · W x + b, with W of shape (outputs, inputs) and b of shape (outputs,) or absent.

    Attributes:
        affine: tells layer-wise rules what the layer computes; they try it out before they rely on it.
    """

    affine = "dense"

    def __init__(self, weight: Float[Tensor, "outputs inputs"], bias: Tensor | None, *, scale: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)
        self.scale = scale

    def forward(self, inputs: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        """The affine map of the last axis."""
        return functional.linear(inputs, _scaled(self.weight, self.scale), self.bias)

    def extra_repr(self) -> str:
        """Sizes and scale, for `print(model)`."""
        return _sizes(self.weight, self.bias, self.scale)


class Convolution(nn.Module):
    """Convolution over one or two axes of space with stride 1, zero-padded so that their sizes stay.

    The weight has shape (outputs, inputs, k) or (outputs, inputs, k, k) with k odd, and is multiplied by `scale`.

    Attributes:
        affine: as in `Dense`; with it go `kernel_size`, `padding`, `stride` and `dilation`, as PyTorch calls them.
    """

    affine = "convolution"

    def __init__(self, weight: Float[Tensor, "outputs inputs *k"], bias: Tensor | None, *, scale: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)
        self.scale = scale
        axes = weight.ndim - 2
        self.kernel_size, self.padding = tuple(weight.shape[2:]), (weight.shape[-1] // 2,) * axes
        self.stride = self.dilation = (1,) * axes

    def forward(self, inputs: Float[Tensor, "batch inputs *space"]) -> Float[Tensor, "batch outputs *space"]:
        """One map an output channel."""
        convolve = functional.conv1d if self.weight.ndim == 3 else functional.conv2d
        return convolve(inputs, _scaled(self.weight, self.scale), self.bias, padding=self.weight.shape[-1] // 2)

    def extra_repr(self) -> str:
        """Sizes and scale, for `print(model)`."""
        return _sizes(self.weight, self.bias, self.scale)


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation over one or two axes of space; the same numbers and state as torch's own.

    With the statistics of a batch it is composed of elementary operations, because third derivatives through
    torch's kernel are silently wrong (https://github.com/pytorch/pytorch/issues/186256). In training mode it
    writes into its running statistics; `torch.func.grad` allows that only for copies made inside the function.
    """

    def forward(self, input: Float[Tensor, "batch channels *space"]) -> Float[Tensor, "batch channels *space"]:
        """The normalised input, by its own statistics in training mode, else by the running ones."""
        if not self.training and self.running_mean is not None:
            return super().forward(input)
        entries = input.numel() // self.num_features
        if entries < 2:
            raise BadInput("batch normalisation needs at least 2 entries a channel to train on. Use larger batches.")
        axes = (0, *range(2, input.ndim))
        mean = input.mean(axes, keepdim=True)
        variance = (input - mean).square().mean(axes, keepdim=True)
        if self.training and self.track_running_stats:
            self._remember(mean, variance, entries)
        normal = (input - mean) * (variance + self.eps).rsqrt()
        channel = (-1, *(1 for _ in axes[1:]))
        return normal * self.weight.reshape(channel) + self.bias.reshape(channel)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, entries: int) -> None:
        """Move the running statistics towards the batch's; as in torch, the running variance is the unbiased one."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        keep, towards = 1 - self.momentum, self.momentum
        self.running_mean.mul_(keep).add_(towards * mean.flatten())
        self.running_var.mul_(keep).add_(towards * variance.flatten() * entries / (entries - 1))
        self.num_batches_tracked.add_(1)

    def _check_input_dim(self, input: Tensor) -> None:
        """Torch's hook; a network that was built for its inputs needs no check."""


class Classifier(nn.Module):
    """A network in two parts: `body` gives the last hidden features (n, k), `head` reads the outputs off them.

    Attributes:
        in_order: tells who evaluates many networks at once that its parts are called one after the other, no more.
    """

    in_order = True

    def __init__(self, body: nn.Module, head: Dense) -> None:
        super().__init__()
        self.body = body
        self.head = head

    def features(self, inputs: Tensor) -> Float[Tensor, "n k"]:
        """The activations of the last hidden layer."""
        return self.body(inputs)

    def forward(self, inputs: Tensor) -> Float[Tensor, "n outputs"]:
        """The outputs, before any softmax."""
        return self.head(self.body(inputs))


def _scaled(weight: Tensor, scale: float) -> Tensor:
    return weight if scale == 1 else scale * weight


def _sizes(weight: Tensor, bias: Tensor | None, scale: float) -> str:
    return f"{tuple(weight.shape)}, bias={bias is not None}, scale={scale:.4g}"
