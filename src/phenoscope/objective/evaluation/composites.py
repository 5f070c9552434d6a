"""Normalisations written out in operations whose derivatives of every order are right.

PyTorch's own (2.13) are fused, with a backward pass written by hand and another one for that; what a third derivative
makes of the second is silently wrong: by 10 to 200 % of it for layer, batch and instance normalisation (groups are
right), and for weight normalisation the second derivative is wrong already, by 20 % in a linear layer.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torch.nn.utils.weight_norm import WeightNorm

from phenoscope.objective.evaluation.replaced import Replacements


def weight_normalised(model: nn.Module) -> bool:
    """Whether a model computes weights by PyTorch's weight normalisation, of the new kind or the old."""
    hooks = (hook for module in model.modules() for hook in module._forward_pre_hooks.values())
    return any(isinstance(module, parametrizations._WeightNorm) for module in model.modules()) or any(
        isinstance(hook, WeightNorm) for hook in hooks
    )


def layer_norm(  # noqa: PLR0917 (the order is PyTorch's)
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """As `torch.layer_norm`, from the mean and the variance of the last axes."""
    axes = tuple(range(-len(normalized_shape), 0))
    scaled = _standard(input, input.mean(axes, keepdim=True), _variance(input, axes), eps)
    scaled = scaled if weight is None else scaled * weight
    return scaled if bias is None else scaled + bias


def batch_norm(  # noqa: PLR0917 (as above)
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """As `functional.batch_norm`; running statistics stay as they are."""
    axes = (0, *range(2, input.ndim)) if training or running_mean is None else None
    return _by_channel(input, axes, running_mean, running_var, weight, bias, eps=eps)


def instance_norm(  # noqa: PLR0917 (as above)
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """As `functional.instance_norm`; running statistics stay as they are."""
    axes = tuple(range(2, input.ndim)) if use_input_stats or running_mean is None else None
    return _by_channel(input, axes, running_mean, running_var, weight, bias, eps=eps)


def weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """As `torch._weight_norm`: g v / ‖v‖, a norm for each entry of an axis, or a single one for dim = -1."""
    axes = tuple(axis for axis in range(v.ndim) if dim == -1 or axis != dim)
    return v * (g / v.square().sum(axes, keepdim=True).sqrt())


def _by_channel(x: Tensor, axes: tuple[int, ...] | None, *given: Tensor | None, eps: float) -> Tensor:
    """Normalised by the statistics along these axes, or else by the mean and variance given, then scaled and shifted.

    The channels are axis 1.
    """
    mean, variance, weight, bias = (
        None if part is None else part.reshape(1, -1, *[1] * (x.ndim - 2)) for part in given
    )
    if axes is not None:
        mean, variance = x.mean(axes, keepdim=True), _variance(x, axes)
    assert mean is not None  # with running means come running variances
    assert variance is not None
    scaled = _standard(x, mean, variance, eps)
    scaled = scaled if weight is None else scaled * weight
    return scaled if bias is None else scaled + bias


def _variance(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return (x - x.mean(axes, keepdim=True)).square().mean(axes, keepdim=True)


def _standard(x: Tensor, mean: Tensor, variance: Tensor, eps: float) -> Tensor:
    return (x - mean) * (variance + eps).rsqrt()


def _from_below(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Below Python, weight and bias come before the statistics."""
    return lambda x, weight, bias, mean, variance, *rest: function(x, mean, variance, weight, bias, *rest)


COMPOSITE: Replacements = {
    functional.layer_norm: layer_norm,
    torch.layer_norm: layer_norm,
    functional.batch_norm: batch_norm,
    functional.instance_norm: instance_norm,
    torch.batch_norm: _from_below(batch_norm),
    torch.instance_norm: _from_below(instance_norm),
    torch._weight_norm: weight_norm,
}
"""Normalisations computed from sums, products and roots."""
