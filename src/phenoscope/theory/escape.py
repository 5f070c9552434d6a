"""How long does a noisy iterate stay in a well, and which well does it prefer? One dimension, by quadrature.

The diffusion dx = f(x) dt + √(2 D(x)) dW (Itô) forgets where it began: its density settles at

    p(x) ∝ exp(-Φ(x)) / D(x),   Φ(x) = -∫ f/D dx,

and from a it first reaches b > a after ∫_a^b dy exp(Φ(y)) ∫_{-∞}^y dz exp(-Φ(z)) / D(z) on average. With f = -U' and a
constant D = T that is Boltzmann's weight exp(-U/T), and the barrier counts in units of T; where the noise depends on
the place, what counts is Φ and no longer U. Source: textbook, such as Gardiner, Handbook of stochastic methods.

Functions are given by their values on a grid (m,), ascending, from where the walk never comes to where it never comes;
integrals are by the trapezoidal rule, so the error falls as the square of the grid's gaps.
"""

import math

import numpy as np
from scipy.integrate import cumulative_trapezoid, trapezoid

from phenoscope.core.errors import BadInput


def kramers_time(barrier: float, temperature: float, minimum: float, top: float) -> float:
    """2π / √(k₀ |k₁|) · exp(h/T): the mean time from one well to the next over a barrier that is high, h ≫ T.

    Units: those of time where dx = -U' dt + √(2T) dW. It is the limit of `first_passage_time` from minimum to minimum
    in the parabolas of well and top, below it by a relative error of the order of T/h. Where the two sides of the top
    are bent differently, 1/√|k₁| is the mean of 1/√ of both. Source: Kramers 1940, Brownian motion in a field of force
    and the diffusion model of chemical reactions, Physica 7:284.

    Args:
        barrier: h, by how much the loss must rise, at least 0.
        temperature: T, the noise.
        minimum: k₀, the curvature at the minimum that is left.
        top: |k₁|, the size of the curvature at the top.

    Example:
        >>> round(kramers_time(3.0, 1.0, 1.0, 1.0), 3)
        126.201
    """
    if not barrier >= 0 or not min(temperature, minimum, top) > 0:
        raise BadInput(
            "Kramers' formula needs a barrier of at least 0, a positive temperature and positive sizes of both "
            f"curvatures, got {barrier}, {temperature}, {minimum} and {top}."
        )
    return 2 * math.pi / math.sqrt(minimum * top) * math.exp(barrier / temperature)


def first_passage_time(x: np.ndarray, drift: np.ndarray, diffusion: np.ndarray, start: float, end: float) -> float:
    """The mean time until the diffusion that begins at `start` first reaches `end`, on either side.

    Infinite where it is beyond the largest number, as over barriers above some 700 T.

    Args:
        x: the grid, (m,).
        drift: f on it, (m,).
        diffusion: D on it, (m,), positive.
        start: where it begins.
        end: where the clock stops.

    Example:
        >>> x = np.linspace(-9, 9, 10_001)
        >>> round(first_passage_time(x, -x, np.ones_like(x), 0.0, 1.0), 4)  # an Ornstein-Uhlenbeck process
        2.0934
    """
    x, drift, diffusion = _checked(x, drift, diffusion)
    if not (x[0] <= min(start, end) and max(start, end) <= x[-1]):
        raise BadInput(f"the grid from {x[0]:g} to {x[-1]:g} does not hold both {start:g} and {end:g}.")
    if end < start:  # seen in a mirror
        x, drift, diffusion, start, end = -x[::-1], -drift[::-1], diffusion[::-1], -start, -end
    height, density = _settled(x, drift, diffusion)
    inner = cumulative_trapezoid(density, x, initial=0.0)
    # beyond the two places the height may be anything, and too much for an exponential
    between = slice(max(0, np.searchsorted(x, start, "right") - 1), np.searchsorted(x, end, "left") + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        total = cumulative_trapezoid(np.exp(height[between]) * inner[between], x[between], initial=0.0)
    if not np.isfinite(total).all():
        return math.inf
    return float(np.interp(end, x[between], total) - np.interp(start, x[between], total))


def stationary_density(x: np.ndarray, drift: np.ndarray, diffusion: np.ndarray) -> np.ndarray:
    """The density at which the diffusion settles, on the grid, (m,); it integrates to 1.

    Args:
        x: the grid, (m,).
        drift: f on it, (m,).
        diffusion: D on it, (m,), positive.

    Example:
        >>> x = np.linspace(-9, 9, 2001)
        >>> round(float(stationary_density(x, -x, np.ones_like(x))[1000]), 6)  # a Gaussian of variance 1
        0.398942
    """
    x, drift, diffusion = _checked(x, drift, diffusion)
    density = _settled(x, drift, diffusion)[1]
    return density / trapezoid(density, x)


def _settled(x: np.ndarray, drift: np.ndarray, diffusion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Φ, 0 where it is lowest, and exp(-Φ)/D."""
    height = -cumulative_trapezoid(drift / diffusion, x, initial=0.0)
    height -= height.min()
    return height, np.exp(-height) / diffusion


def _checked(x: np.ndarray, drift: np.ndarray, diffusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, drift, diffusion = (np.asarray(each, dtype=np.float64) for each in (x, drift, diffusion))
    alike = x.ndim == 1 and len(x) > 1 and x.shape == drift.shape == diffusion.shape
    if not alike or not (np.diff(x) > 0).all() or not (np.isfinite(drift) & (diffusion > 0)).all():
        raise BadInput(
            "a diffusion is given on an ascending grid (m,), with a finite drift and a positive diffusion at each of "
            f"its points; got the shapes {x.shape}, {drift.shape} and {diffusion.shape}."
        )
    return x, drift, diffusion
