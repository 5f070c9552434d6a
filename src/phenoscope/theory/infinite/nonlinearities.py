r"""What a nonlinearity makes of a covariance: E φ(u)φ(v) and E φ'(u)φ'(v) for u, v normal with mean 0.

ReLU: the arc-cosine kernels of order 1 and 0 (Cho and Saul 2009, Kernel methods for deep learning). erf: Williams 1997,
Computing with infinite networks. Others by their expansion in Hermite polynomials, φ(σz) = Σ a_k(σ) h_k(z):
E φ(u)φ(v) = Σ a_k(σ_u) a_k(σ_v) ρ^k and E φ'(u)φ'(v) = Σ k a_k(σ_u) a_k(σ_v) ρ^(k-1) / σ_u σ_v.
"""

import functools
import math

import torch
from scipy.special import roots_hermitenorm
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.theory.infinite.layers import Nonlinearity

Pair = tuple[Tensor, Tensor]
NODES = 800
"""Of the quadrature, which is exact for polynomials of twice that degree."""
LEFT_OUT = 1e-5
"""The share of E φ² or E φ'² that an expansion may leave out."""
SMALLEST = 1e-150
"""Deviations below count as this: squares must not underflow."""


def after(layer: Nonlinearity, between: Tensor, one: Tensor, two: Tensor) -> Pair:
    """The covariance of φ(u), φ(v) and that of φ'(u), φ'(v), entry by entry.

    Args:
        layer: φ.
        between: the covariance of u and v.
        one: the variance of u, of a shape that fits.
        two: the variance of v.
    """
    if layer.function is not None:
        return _expanded(layer, between, one, two)
    if layer.name == "identity":
        return between, torch.ones_like(between)
    if layer.name == "erf":
        return _erf(between, one, two)
    return _leaky(between, one, two, layer.slope)


def _leaky(between: Tensor, one: Tensor, two: Tensor, slope: float) -> Pair:
    """φ(x) = max(x, 0) + slope · min(x, 0): with b = slope, the part ((1 - b)² arc-cosine + b x) is closed."""
    sizes = (one * two).clamp_min_(0).sqrt_()  # of a square, the root is exact
    cosine = (between / sizes.clamp_min(SMALLEST)).clamp_(-1, 1)
    rest = math.pi - torch.acos(cosine)  # π - θ
    sine = (1 - cosine.square()).clamp_min_(0).sqrt_()
    share = (1 - slope) ** 2 / (2 * math.pi)
    first = sine.addcmul_(rest, cosine).mul_(sizes).mul_(share)
    slopes = rest.mul_(share)
    return (first, slopes) if slope == 0 else (first.add_(between, alpha=slope), slopes.add_(slope))


def _erf(between: Tensor, one: Tensor, two: Tensor) -> Pair:
    scales = ((1 + 2 * one) * (1 + 2 * two)).sqrt()
    sine = (2 * between / scales).clamp(-1, 1)
    slopes = (4 / math.pi) / (scales * (1 - sine.square()).clamp_min(0).sqrt())
    return sine.asin() * (2 / math.pi), slopes


def _expanded(layer: Nonlinearity, between: Tensor, one: Tensor, two: Tensor) -> Pair:
    assert layer.function is not None
    deviations = [side.clamp_min(SMALLEST).sqrt() for side in (one, two)]
    (a, a_left, a_slope_left), (b, b_left, b_slope_left) = (_series(layer, each) for each in deviations)
    scales = 1 / (deviations[0] * deviations[1])
    cosine = (between / (one * two).sqrt().clamp_min(SMALLEST)).clamp(-1, 1)
    # What is left out is added as one more term, so that both are exact where u = v.
    first, slopes = ((x * y).sqrt().expand_as(cosine) for x, y in ((a_left, b_left), (a_slope_left, b_slope_left)))
    for k in range(_needed(a, b) - 1, -1, -1):
        term = a[k] * b[k]
        first = first * cosine + term
        if k:
            slopes = slopes * cosine + k * scales * term
    return first, slopes


def _needed(a: Tensor, b: Tensor) -> int:
    """How many terms are above the rounding of their sum."""
    sizes = a.abs().flatten(1).amax(1) * b.abs().flatten(1).amax(1) * torch.arange(1, len(a) + 1)
    large = (sizes > torch.finfo(a.dtype).eps / len(a) * sizes.max()).nonzero()
    return int(large[-1]) + 1 if len(large) else 1


def _series(layer: Nonlinearity, deviations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """a_k(σ) (K, ...), and what is missing of E φ² and of E φ'² (...)."""
    nodes, weights, basis = _rule(layer.terms)
    flat = deviations.flatten()
    at = (flat[:, None] * nodes).requires_grad_()
    with torch.enable_grad():
        values = layer.function(at)  # type: ignore[misc]
        (derivatives,) = torch.autograd.grad(values.sum(), at)
    values = values.detach()
    roots = weights.sqrt()
    found = (values * roots) @ basis.mT  # (n, K)
    k = torch.arange(layer.terms, dtype=torch.float64)
    whole = ((values.square() * weights).sum(1), (derivatives.square() * weights).sum(1))
    held = (found.square().sum(1), (found.square() * k).sum(1) / flat.square())
    left = [(a - b).clamp_min(0) for a, b in zip(whole, held, strict=True)]
    worst = max(float((part / all_.clamp_min(SMALLEST)).max()) for part, all_ in zip(left, whole, strict=True))
    if worst > LEFT_OUT:
        raise BadInput(
            f"{layer.terms} terms leave out {worst:.1e} of the mean square of {layer.name} or its derivative at a "
            f"deviation of up to {float(flat.max()):.3g}. Allow more `terms`, lower the weights, or, for a kink, use "
            "`relu` or `leaky_relu`."
        )
    shape = deviations.shape
    return found.mT.reshape(-1, *shape), left[0].reshape(shape), left[1].reshape(shape)


@functools.cache
def _rule(terms: int) -> tuple[Tensor, Tensor, Tensor]:
    """Nodes z and weights w (Q,) of the normal distribution, and √w h_k(z) (K, Q), h_k orthonormal."""
    nodes, weights = (torch.from_numpy(part) for part in roots_hermitenorm(NODES))
    weights = weights / weights.sum()
    rows = [weights.sqrt(), weights.sqrt() * nodes]
    for k in range(1, terms - 1):
        rows.append((nodes * rows[k] - math.sqrt(k) * rows[k - 1]) / math.sqrt(k + 1))
    return nodes, weights, torch.stack(rows[:terms])
