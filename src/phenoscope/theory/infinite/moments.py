"""Covariances on their way through an infinitely wide network."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.theory.infinite.layers import Convolution, Dense, Flatten, Layer, Nonlinearity, Pool, Residual
from phenoscope.theory.infinite.nonlinearities import after


@dataclasses.dataclass(frozen=True)
class Moments:
    """Covariances of the inputs of a layer, and the tangent kernel of what comes before it.

    Space has d axes of S pixels in all. Where pixels are only ever compared with themselves, covariances are
    (n, m, S...); where a pool mixes them, of all pairs, (n, m, S..., S...).

    Attributes:
        between: the covariances of examples on either side.
        tangent: of the same shape; 0 where nothing was learned yet; `None` where it was not asked for.
        one, two: the covariances of each example with itself, without the axis of the other.
        space: sizes of the axes of space; () for vectors.
        pairs: whether all pairs of pixels are there.
    """

    between: Tensor
    tangent: Tensor | None
    one: Tensor
    two: Tensor
    space: tuple[int, ...]
    pairs: bool


def through(layers: Sequence[Layer], start: Moments) -> Moments:
    """The moments behind all layers."""
    return functools.reduce(_through, layers, start)


def needs_pairs(layers: Sequence[Layer]) -> bool:
    """Whether some layer mixes pixels by an average."""
    return any(
        isinstance(layer, Pool)
        or (isinstance(layer, Residual) and (needs_pairs(layer.branch) or needs_pairs(layer.shortcut)))
        for layer in layers
    )


def _through(m: Moments, layer: Layer) -> Moments:
    if isinstance(layer, Nonlinearity):
        return _nonlinear(m, layer)
    if isinstance(layer, Residual):
        return _sum(through(layer.branch, m), through(layer.shortcut, m))
    if isinstance(layer, Dense):
        return _affine(m, layer.weight_std, layer.bias_std)
    if not m.space:
        raise BadInput(f"{type(layer).__name__} needs inputs with axes of space, (n, channels, ...), got vectors.")
    if isinstance(layer, Convolution):
        return _affine(_spatial(m, functools.partial(_windows, layer=layer)), layer.weight_std, layer.bias_std)
    if isinstance(layer, Pool) and layer.window is not None:
        return _spatial(m, functools.partial(_pooled, window=layer.window))
    averaged = _spatial(m, _own_pixels if isinstance(layer, Flatten) else _all_pixels)
    return dataclasses.replace(averaged, space=(), pairs=False)


def _affine(m: Moments, weight_std: float, bias_std: float) -> Moments:
    """C -> w² C + b² for covariances, Θ -> w² Θ + C for the tangent kernel: the layer's own parameters add C."""

    def of(covariance: Tensor) -> Tensor:
        found = covariance * weight_std**2
        return found.add_(bias_std**2) if bias_std else found

    between = of(m.between)
    tangent = None if m.tangent is None else torch.add(between, m.tangent, alpha=weight_std**2)
    return dataclasses.replace(m, between=between, tangent=tangent, one=of(m.one), two=of(m.two))


def _nonlinear(m: Moments, layer: Nonlinearity) -> Moments:
    one, two = (_variances(side, len(m.space), pairs=m.pairs) for side in (m.one, m.two))
    d, n = len(m.space), one.ndim - len(m.space)
    if m.pairs:
        behind = (1,) * d
        first, second = one.reshape(*one.shape, *behind), two.reshape(*two.shape[:n], *behind, *m.space)
        between, slopes = after(layer, m.between, first[:, None], second[None])
        sides = []
        for whole, own in ((m.one, one), (m.two, two)):
            left, right = own.reshape(*own.shape, *behind), own.reshape(len(own), *behind, *m.space)
            sides.append(after(layer, whole, left, right)[0])
    else:
        between, slopes = after(layer, m.between, one[:, None], two[None])
        sides = [after(layer, own, own, own)[0] for own in (one, two)]
    tangent = None if m.tangent is None else m.tangent * slopes
    return dataclasses.replace(m, between=between, tangent=tangent, one=sides[0], two=sides[1])


def _variances(covariance: Tensor, axes: int, *, pairs: bool) -> Tensor:
    """Of each pixel, (n, S...)."""
    if not pairs:
        return covariance
    space = covariance.shape[1 : 1 + axes]
    square = covariance.flatten(1 + axes).flatten(1, axes)
    return square.diagonal(dim1=1, dim2=2).reshape(len(covariance), *space)


def _sum(a: Moments, b: Moments) -> Moments:
    if a.space != b.space:
        raise BadInput(f"shortcut and branch end in different shapes: {b.space} and {a.space}.")
    tangent = None if a.tangent is None or b.tangent is None else a.tangent + b.tangent
    return dataclasses.replace(a, between=a.between + b.between, tangent=tangent, one=a.one + b.one, two=a.two + b.two)


def _spatial(m: Moments, change: Callable[..., Tensor]) -> Moments:
    """The same linear map of pixels for every covariance, in both places where there are pairs."""

    def of(covariance: Tensor, examples: int) -> Tensor:
        return change(covariance, examples, len(m.space), pairs=m.pairs)

    tangent = None if m.tangent is None else of(m.tangent, 2)
    made = dataclasses.replace(m, between=of(m.between, 2), tangent=tangent, one=of(m.one, 1), two=of(m.two, 1))
    return dataclasses.replace(made, space=tuple(made.one.shape[1 : 1 + len(m.space)]))


def _windows(covariance: Tensor, examples: int, axes: int, *, pairs: bool, layer: Convolution) -> Tensor:
    """The mean over the entries of the kernel; pixels outside of the image are 0."""
    margin = layer.kernel // 2 if layer.padding == "same" else 0
    places = axes * (2 if pairs else 1)
    padded = torch.nn.functional.pad(covariance, (margin, margin) * places) if margin else covariance
    total = None
    for offsets in itertools.product(range(layer.kernel), repeat=axes):
        part = padded
        for place, offset in enumerate(offsets * (2 if pairs else 1)):
            size = padded.shape[examples + place] - layer.kernel + 1
            if size < 1:
                raise BadInput(f"a kernel of {layer.kernel} pixels is larger than what is left of the image.")
            part = part.narrow(examples + place, offset, size)
        total = part.clone() if total is None else total.add_(part)
    assert total is not None
    found = total.div_(layer.kernel**axes)
    every = slice(None, None, layer.stride)
    return found[(slice(None),) * examples + (every,) * places]


def _own_pixels(covariance: Tensor, examples: int, axes: int, *, pairs: bool) -> Tensor:
    """The mean over pixels, each with itself."""
    if not pairs:
        return covariance.flatten(examples).mean(examples)
    square = covariance.flatten(examples + axes).flatten(examples, examples + axes - 1)
    return square.diagonal(dim1=-2, dim2=-1).mean(-1)


def _all_pixels(covariance: Tensor, examples: int, axes: int, *, pairs: bool) -> Tensor:
    """The mean over all pairs of pixels."""
    assert pairs
    return covariance.flatten(examples).mean(examples)


def _pooled(covariance: Tensor, examples: int, axes: int, *, pairs: bool, window: int) -> Tensor:
    """The means over windows, on both sides."""
    assert pairs
    for place in range(2 * axes):
        axis = examples + place
        count = covariance.shape[axis] // window
        if count < 1:
            raise BadInput(f"a pool of {window} pixels is larger than what is left of the image.")
        covariance = covariance.narrow(axis, 0, count * window).unflatten(axis, (count, window)).mean(axis + 1)
    return covariance
