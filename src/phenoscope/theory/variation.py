"""The largest margin of all wide networks with one hidden layer of rectified units, in the norm of their variation.

A function f = Σ cⱼ max(0, ⟨vⱼ, x⟩) with directions vⱼ of length 1 has the variation norm Σ |cⱼ|, the least over all
ways to write it. The largest margin is a linear program with one variable for every direction, of which there are
infinitely many; but its dual names the direction that is lacking most.
"""

import dataclasses

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.theory.margins import LargestMargin, largest_margin

ROUNDS = 20
"""Of added directions, at most."""
BEST, TRIES, HALVINGS = 40, 30, 12
"""Of a search: directions it goes out from, those tried around each, and how often their distance is halved."""


@dataclasses.dataclass(frozen=True, eq=False)
class VariationMargin:
    """The network of the largest margin, and how much larger it may be.

    Attributes:
        directions: vⱼ of length 1, (k, d).
        coefficients: cⱼ, (k,), whose absolute values sum to 1.
        value: the margin of this network; 0 where no network is right on all examples.
        bound: no network has a larger one, as far as the search for directions sees.
    """

    directions: np.ndarray
    coefficients: np.ndarray
    value: float
    bound: float


def variation_margin(
    inputs: np.ndarray, targets: np.ndarray, *, directions: int = 1000, tol: float = 1e-3
) -> VariationMargin:
    """The largest min yᵢ f(xᵢ) of networks Σ cⱼ max(0, ⟨vⱼ, x⟩), ‖vⱼ‖ = 1, Σ |cⱼ| = 1, of any width.

    A linear program over directions spread over the sphere, to which those are added that its dual solution p asks for:
    where |Σ pᵢ yᵢ max(0, ⟨v, xᵢ⟩)| is largest, found by a random search around the best of them. In few dimensions,
    where the first directions are dense, none is overlooked. It is where gradient flow takes wide networks from a
    vanishing start on losses with an exponential tail (Chizat and Bach 2020, arXiv:2002.04486).

    Args:
        inputs: xᵢ, (n, d).
        targets: yᵢ, 1 or -1, (n,).
        directions: to begin with.
        tol: of the relative gap between bound and value at which no more are added.

    Raises:
        BadInput: shapes that do not go together, or other targets.

    Example:
        >>> found = variation_margin(np.array([[3.0, 4.0], [-3.0, -4.0]]), np.array([1.0, 1.0]))
        >>> round(found.value, 3), np.abs(found.coefficients).round(3).tolist()
        (2.5, [0.5, 0.5])
    """
    x, y = np.asarray(inputs, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1] or not (np.abs(y) == 1).all():
        raise BadInput(f"a margin needs inputs (n, d) and a target of 1 or -1 each, got {x.shape} and {targets}.")
    v, random = _spread(directions, x.shape[1]), np.random.default_rng(0)
    found, better, reached = _solved(v, x, y, random)
    for _ in range(ROUNDS):
        if max(found.bound, reached) - found.value <= tol * max(found.bound, reached):
            break
        v = np.vstack([v, better])
        found, better, reached = _solved(v, x, y, random)
    used = np.abs(found.direction) > 0
    return VariationMargin(v[used], found.direction[used], found.value, max(found.bound, reached))


def _solved(
    v: np.ndarray, x: np.ndarray, y: np.ndarray, random: np.random.Generator
) -> tuple[LargestMargin, np.ndarray, float]:
    """The program over some directions; those that its dual asks for, and how far it does."""
    found = largest_margin(y[:, None] * np.maximum(x @ v.T, 0), norm="l1")
    return found, *_searched(v, x, found.weights * y, random)


def _spread(count: int, d: int) -> np.ndarray:
    """Directions of length 1, (count, d): on the circle and the sphere evenly, beyond that at random."""
    if d == 2:
        angles = 2 * np.pi * np.arange(count) / count
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if d == 3:
        heights = 1 - (2 * np.arange(count) + 1) / count
        angles, radii = np.pi * (3 - np.sqrt(5)) * np.arange(count), np.sqrt(1 - heights**2)
        return np.stack([radii * np.cos(angles), radii * np.sin(angles), heights], axis=1)
    drawn = np.random.default_rng(0).standard_normal((count, d))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def _searched(v: np.ndarray, x: np.ndarray, pull: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """Directions near the best of those given, and the largest |Σ pullᵢ max(0, ⟨v, xᵢ⟩)| among them.

    It is largest at a kink as a rule, where a unit turns on, so that no step along a gradient gets there.
    """

    def height(v: np.ndarray) -> np.ndarray:
        return np.abs(np.maximum(v @ x.T, 0) @ pull)

    best = v[np.argsort(-height(v))[:BEST]]
    distance = len(v) ** (-1 / (v.shape[1] - 1 or 1))
    for _ in range(HALVINGS):
        tried = best[:, None] + 3 * distance * random.standard_normal((len(best), TRIES, v.shape[1]))
        tried = np.concatenate([best[:, None], tried / np.linalg.norm(tried, axis=2, keepdims=True)], axis=1)
        best = tried[np.arange(len(best)), height(tried).argmax(axis=1)]
        distance /= 2
    return best, float(height(best).max())
