"""The layers of an infinitely wide network, as values: an architecture is a list of them.

Weights are independent normal with deviation 1, multiplied in the forward pass by `weight_std` over the root of the
fan-in; biases by `bias_std` (the NTK parametrisation, Jacot et al. 2018, arXiv:1806.07572).
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of

Padding = Literal["same", "valid"]
MOST = 350
"""Terms of an expansion: beyond, the polynomials are large where the normal density is no number of float64."""


@dataclasses.dataclass(frozen=True)
class Dense:
    """A dense layer; of images, one at each pixel."""

    weight_std: float
    bias_std: float


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution over all axes of space."""

    weight_std: float
    bias_std: float
    kernel: int
    stride: int
    padding: Padding


@dataclasses.dataclass(frozen=True)
class Nonlinearity:
    """An activation function: a closed form by name, or the coefficients of any function.

    Attributes:
        name: of the closed form, or of the function.
        slope: of the negative side of a leaky ReLU.
        function: to be expanded in Hermite polynomials; none for a closed form.
        terms: of that expansion.
    """

    name: str
    slope: float = 0.0
    function: Callable[[Tensor], Tensor] | None = None
    terms: int = 0


@dataclasses.dataclass(frozen=True)
class Flatten:
    """All pixels become inputs of the next layer."""


@dataclasses.dataclass(frozen=True)
class Pool:
    """The mean over windows of pixels, or over all of them."""

    window: int | None


@dataclasses.dataclass(frozen=True)
class Residual:
    """The sum of a shortcut and a branch."""

    branch: "tuple[Layer, ...]"
    shortcut: "tuple[Layer, ...]"


Layer = Dense | Convolution | Nonlinearity | Flatten | Pool | Residual


def dense(weight_std: float = 1.0, bias_std: float = 0.0) -> Dense:
    """A dense layer: y = weight_std · W x / √fan-in + bias_std · b."""
    _check(weight_std, bias_std)
    return Dense(weight_std, bias_std)


def conv(
    weight_std: float = 1.0, bias_std: float = 0.0, *, kernel: int = 3, stride: int = 1, padding: Padding = "same"
) -> Convolution:
    """A convolution over one or two axes of space, whose fan-in counts the kernel's entries.

    Args:
        weight_std: of the weights, over the root of the fan-in.
        bias_std: of the biases, one a channel.
        kernel: its side, odd where the padding is "same".
        stride: pixels from one window to the next.
        padding: "same" surrounds the image by zeros, "valid" leaves out windows that would need any.
    """
    _check(weight_std, bias_std)
    one_of("`padding`", padding, ("same", "valid"))
    if kernel < 1 or stride < 1 or (padding == "same" and kernel % 2 == 0):
        raise BadInput(f"a convolution needs a positive kernel, odd for 'same', and a stride; got {kernel}, {stride}.")
    return Convolution(weight_std, bias_std, kernel, stride, padding)


def relu() -> Nonlinearity:
    """max(x, 0)."""
    return Nonlinearity("relu")


def leaky_relu(slope: float = 0.01) -> Nonlinearity:
    """X where it is positive, else slope · x."""
    return Nonlinearity("leaky_relu", slope)


def erf() -> Nonlinearity:
    """The error function of x itself, not of x/√2."""
    return Nonlinearity("erf")


def identity() -> Nonlinearity:
    """X."""
    return Nonlinearity("identity")


def activation(function: Callable[[Tensor], Tensor], *, terms: int = 300) -> Nonlinearity:
    """Any smooth function, applied entry by entry, by quadrature: its expansion in Hermite polynomials.

    What the expansion leaves out is known, from the mean square of the function; where it would matter the kernel is
    refused, as it is for functions with a kink (`relu` and `leaky_relu` have closed forms).

    Args:
        function: of a tensor in float64, and differentiable by PyTorch.
        terms: of the expansion, from 2 to 350; steep functions of large inputs need many.
    """
    if not 2 <= terms <= MOST:
        raise BadInput(f"an expansion has from 2 to {MOST} terms, got {terms}.")
    return Nonlinearity(getattr(function, "__name__", "function"), function=function, terms=terms)


def tanh() -> Nonlinearity:
    """The hyperbolic tangent, by quadrature."""
    return activation(torch.tanh)


def gelu() -> Nonlinearity:
    """X Φ(x), by quadrature."""
    return activation(torch.nn.functional.gelu)


def flatten() -> Flatten:
    """All pixels and channels become inputs of the next layer."""
    return Flatten()


def global_average_pool() -> Pool:
    """The mean over all pixels."""
    return Pool(None)


def average_pool(window: int = 2) -> Pool:
    """The mean over windows of pixels that do not overlap; what does not fill a window is dropped."""
    if window < 1:
        raise BadInput(f"a window of a pool has at least one pixel, got {window}.")
    return Pool(window)


def residual(*branch: Layer, shortcut: tuple[Layer, ...] = ()) -> Residual:
    """shortcut(x) + branch(x): kernels add up, as the branch's last layer has weights of its own with mean 0.

    Args:
        branch: layers, of which the last is dense or a convolution.
        shortcut: layers; x itself unless given.
    """
    if not branch or not isinstance(branch[-1], Dense | Convolution):
        raise BadInput(
            "the kernels of shortcut and branch add up only if the branch ends in a dense layer or a convolution: else "
            f"its outputs go together with its inputs. Got {branch[-1] if branch else 'no layers'} at its end."
        )
    return Residual(branch, shortcut)


def _check(weight_std: float, bias_std: float) -> None:
    if not (0 <= weight_std < math.inf and 0 <= bias_std < math.inf):
        raise BadInput(f"deviations of weights and biases are finite and not negative, got {weight_std}, {bias_std}.")
