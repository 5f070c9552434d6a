"""What a network of infinite width is: a Gaussian process at its start, and a fixed tangent kernel in training."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.theory.infinite.layers import Layer
from phenoscope.theory.infinite.moments import Moments, needs_pairs, through

BLOCK = 2**16
"""Covariances that go through all layers together: as many as lie near the processor."""


def infinite_kernel(
    architecture: Sequence[Layer], x1: Tensor, x2: Tensor | None = None, kind: Literal["ntk", "nngp"] = "ntk"
) -> Float[Tensor, "n m"]:
    r"""Kernel of one output of an infinitely wide network: tangent, or that of the outputs at the start ("nngp").

    With the covariance Σ of a layer's inputs, an activation gives E φφ and a dense layer σ_w² E φφ + σ_b², and the
    tangent kernel goes along: Θ -> σ_w² Θ E φ'φ' + Σ (Jacot et al. 2018, arXiv:1806.07572; Lee et al. 2018,
    arXiv:1711.00165; for convolutions Arora et al. 2019, arXiv:1904.11955). Inputs come in as x·x'/d, d their entries
    or, for images, channels. Units: squared output, for weights of unit variance (NTK parametrisation); in the
    standard parametrisation the tangent kernel has no limit. Holds if the readout is independent of what comes before.

    Args:
        architecture: layers made by `ps.infinite.dense`, `relu`, `erf`, `conv` and so on, the readout last.
        x1: vectors (n, d), or images (n, channels, height, width), or (n, channels, length).
        x2: others, (m, ...); without them the kernel is that of x1 with itself, symmetric to the last bit.
        kind: "ntk" or "nngp".

    Returns:
        (n, m) in float64.

    Raises:
        BadInput: no layers, images that are not flattened or pooled at the end, an expansion that is too short.

    Example:
        >>> from phenoscope.theory import infinite
        >>> x = torch.eye(2, dtype=torch.float64)
        >>> infinite_kernel([infinite.dense(), infinite.relu(), infinite.dense()], x).round(decimals=4)
        tensor([[0.5000, 0.0796],
                [0.0796, 0.5000]], dtype=torch.float64)
    """
    one_of("`kind`", kind, ("ntk", "nngp"))
    if not architecture:
        raise BadInput("an architecture needs layers, such as `ps.infinite.dense()`, and got none.")
    same = x2 is None
    first, second = (part.detach().double() for part in (x1, x1 if x2 is None else x2))
    if first.ndim < 2 or first.shape[1:] != second.shape[1:]:
        raise BadInput(f"inputs are (n, d) or (n, channels, ...), alike; got {first.shape} and {second.shape}.")
    pairs = needs_pairs(architecture)
    pixels = math.prod(first.shape[2:])
    n, m = len(first), len(second)
    size = max(8, BLOCK // max(1, m * pixels ** (2 if pairs else 1)))
    whole = first.new_empty(n, m)
    for start in range(0, n, size):
        rows, columns = slice(start, start + size), slice(start if same else 0, None)
        block = _block(architecture, first[rows], second[columns], kind, pairs=pairs, same=same)
        whole[rows, columns] = block
        if same:
            whole[start + len(block) :, rows] = block[:, len(block) :].mT
            own = whole[rows, rows]
            whole[rows, rows] = (own + own.mT) / 2
    return whole


def _block(
    architecture: Sequence[Layer], one: Tensor, two: Tensor, kind: str, *, pairs: bool, same: bool
) -> Float[Tensor, "n m"]:
    """Some rows; of one set, the examples of `one` are the first of `two`."""
    start = _start(one, two, pairs=pairs, tangent=kind == "ntk")
    if same:  # an example is itself exactly: the functions that follow are steep there
        own = torch.arange(len(one))
        start.between[own, own] = start.one
    end = through(architecture, start)
    if end.space:
        raise BadInput(
            f"the architecture ends with images of {end.space} pixels. Put `ps.infinite.flatten()` or a global pool "
            "before the readout."
        )
    found = end.between if kind == "nngp" else end.tangent
    assert found is not None
    return found


def _start(one: Tensor, two: Tensor, *, pairs: bool, tangent: bool) -> Moments:
    """x·x'/d of every example, pixel by pixel."""
    space = tuple(one.shape[2:])
    channels = one.shape[1]
    a, b = (side.reshape(len(side), channels, -1) for side in (one, two))  # (n, channels, pixels)
    if not space:
        between = one @ two.mT / channels
        sides = [side.square().sum(1) / channels for side in (one, two)]
    elif pairs:
        between = torch.einsum("ncp,mcq->nmpq", a, b).reshape(len(a), len(b), *space, *space) / channels
        sides = [(side.mT @ side).reshape(len(side), *space, *space) / channels for side in (a, b)]
    else:
        between = torch.einsum("ncp,mcp->nmp", a, b).reshape(len(a), len(b), *space) / channels
        sides = [side.square().sum(1).reshape(len(side), *space) / channels for side in (a, b)]
    return Moments(between, torch.zeros_like(between) if tangent else None, sides[0], sides[1], space, pairs)
