"""Activations whose derivatives are computed once, and not anew in every product with the Hessian.

PyTorch (2.13) differentiates its GELU twice in a dozen passes over the layer, exponentials among them, each time that
it goes through the graph. With g for what comes back to f(x), the first pass backwards gives g f'(x); of that a
product needs f'(x) and g f''(x), which are kept. Tanh and sigmoid are known by their values, and gain nothing from it.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from phenoscope.objective.evaluation.replaced import Replacements, is_plain

Elementwise = Callable[[Tensor], Tensor]


class Activation(NamedTuple):
    """f as PyTorch computes it, and f' and f'' in functions that it differentiates further."""

    value: Elementwise
    first: Elementwise
    second: Elementwise

    def __call__(self, x: Tensor) -> Tensor | None:
        """f(x) with derivatives that are kept, or nothing where PyTorch's own are to be had or wanted."""
        if not (x.requires_grad and x.dtype in (torch.float32, torch.float64) and is_plain()):
            return None
        return _Kept.apply(x, self)


class _Kept(Function):
    """f(x)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, activation: Activation) -> Tensor:
        ctx.activation, ctx.first = activation, None
        ctx.save_for_backward(x)
        return activation.value(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Any, ...]:
        (slope,), (x,) = grad_outputs, ctx.saved_tensors
        first = ctx.first
        if first is None:
            with torch.no_grad():
                first = ctx.activation.first(x)
        if not torch.is_grad_enabled():
            return slope * first, None
        ctx.first = first  # of the graph that is made now, which holds it anyway
        return _Pulled.apply(slope, x, first, ctx.activation), None


class _Pulled(Function):
    """g f'(x), to the last bit as PyTorch has it: a training must not change because its curvature is looked at."""

    @staticmethod
    def forward(ctx: Any, slope: Tensor, x: Tensor, first: Tensor, activation: Activation) -> Tensor:
        ctx.activation = activation
        ctx.save_for_backward(slope, x, first, slope * activation.second(x))
        with torch.enable_grad():
            again = x.detach().requires_grad_()
            return torch.autograd.grad(activation.value(again), again, slope)[0]

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Any, ...]:
        (pushed,), (slope, x, first, bent) = grad_outputs, ctx.saved_tensors
        if not torch.is_grad_enabled():
            return pushed * first, pushed * bent, None, None
        bent = slope * ctx.activation.second(x)
        return _Pulled.apply(pushed, x, first, ctx.activation), pushed * bent, None, None


# The derivatives. -----------------------------------------------------------------------------------------------------


def _bell(x: Tensor) -> Tensor:
    """σ'(x), with all its digits far out."""
    return torch.sigmoid(x) * torch.sigmoid(-x)


def _normal(x: Tensor) -> Tensor:
    """φ(x), the density of the standard normal distribution."""
    return (x.square() / -2).exp() / math.sqrt(2 * math.pi)


def _gated(value: Elementwise, gate: Callable[[Tensor], tuple[Tensor, Tensor | float, Tensor | float]]) -> Activation:
    """The function x σ(q), from q(x) and its two derivatives."""

    def first(x: Tensor) -> Tensor:
        q, slope, _ = gate(x)
        return torch.sigmoid(q) + x * _bell(q) * slope

    def second(x: Tensor) -> Tensor:
        q, slope, bend = gate(x)
        change = (torch.sigmoid(-q) - torch.sigmoid(q)) * slope  # of the bell's logarithm
        return _bell(q) * (2 * slope + x * (change * slope + bend))

    return Activation(value, first, second)


def _cubic(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """√(8/π) (x + 0.044715 x³), for x σ of it is x (1 + tanh of half of it) / 2."""
    scale, cubed = math.sqrt(8 / math.pi), 0.044715
    return scale * (x + cubed * x**3), scale * (1 + 3 * cubed * x**2), scale * 6 * cubed * x


def _mish_parts(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """tanh(log(1 + eˣ)), its derivative, and σ(x)."""
    height, gate = functional.softplus(x).tanh(), torch.sigmoid(x)
    return height, (1 - height.square()) * gate, gate


def _first_of_mish(x: Tensor) -> Tensor:
    height, slope, _ = _mish_parts(x)
    return height + x * slope


def _second_of_mish(x: Tensor) -> Tensor:
    height, slope, gate = _mish_parts(x)
    return slope * (2 + x * (1 - gate - 2 * height * gate))


GELU = Activation(
    functional.gelu, lambda x: torch.special.ndtr(x) + x * _normal(x), lambda x: _normal(x) * (2 - x.square())
)
GELU_BY_TANH = _gated(functools.partial(functional.gelu, approximate="tanh"), _cubic)
SILU = _gated(functional.silu, lambda x: (x, 1.0, 0.0))
MISH = Activation(functional.mish, _first_of_mish, _second_of_mish)


# As PyTorch calls them. -----------------------------------------------------------------------------------------------


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor | None:
    """GELU, x Φ(x), or its approximation by tanh (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    return (GELU_BY_TANH if approximate == "tanh" else GELU)(input)


def silu(input: Tensor, inplace: bool = False) -> Tensor | None:
    """SiLU, x σ(x)."""
    return None if inplace else SILU(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor | None:
    """Mish, x tanh(log(1 + eˣ))."""
    return None if inplace else MISH(input)


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor | None:
    """Softplus, log(1 + exp(βx)) / β, and x itself beyond the threshold."""

    def first(x: Tensor) -> Tensor:
        return torch.where(x * beta > threshold, 1.0, torch.sigmoid(beta * x))

    def second(x: Tensor) -> Tensor:
        return torch.where(x * beta > threshold, 0.0, beta * _bell(beta * x))

    return Activation(lambda x: functional.softplus(x, beta, threshold), first, second)(input)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor | None:
    """ELU, x above zero, α (eˣ - 1) below."""

    def derivative(above: float) -> Elementwise:
        return lambda x: torch.where(x > 0, above, alpha * x.clamp(max=0).exp())

    made = Activation(lambda x: functional.elu(x, alpha), derivative(1.0), derivative(0.0))
    return None if inplace else made(input)


ACTIVATIONS: Replacements = {
    functional.gelu: gelu,
    functional.silu: silu,
    functional.mish: mish,
    functional.softplus: softplus,
    functional.elu: elu,
}
