"""The largest margin of a linear classifier in a norm, by exact solvers, with the duality gap as their certificate.

With zᵢ = yᵢ xᵢ the margin of w in a norm is min ⟨zᵢ, w⟩ / ‖w‖. The largest one is min ‖Σ pᵢ zᵢ‖* over all p of sum 1
and without negative entries, ‖·‖* being the dual norm: so any such p bounds it from above, as any w does from below.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import linprog, nnls

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of

NORMS = ("l1", "l2", "linf", "fourier l1")
ROUNDS = 60
"""Of tangents added to the polygons that stand for discs, at most."""
TANGENT_GAP = 1e-7
"""Relative gap at which no more are added; the linear programs themselves are not solved more closely."""
ROUNDING = 1e-9
"""A margin below this, relative to the largest entry, is none."""


@dataclasses.dataclass(frozen=True, eq=False)
class LargestMargin:
    """The classifier of the largest margin in a norm, and what proves it.

    Attributes:
        direction: w of norm 1, (d,); zeros where the examples cannot be separated.
        value: its margin, 0 where they cannot be separated.
        bound: no classifier has a larger margin than this; not negative.
        weights: p, (n,), of sum 1: which examples hold the margin.
    """

    direction: np.ndarray
    value: float
    bound: float
    weights: np.ndarray

    @property
    def gap(self) -> float:
        """The bound less the value: how much larger the largest margin may be, at most."""
        return self.bound - self.value


def largest_margin(signed: np.ndarray, *, norm: str = "l2") -> LargestMargin:
    """The direction w that maximises min ⟨zᵢ, w⟩ / ‖w‖: the hard-margin support vector machine of a norm of w.

    In "l2" by non-negative least squares, which is finite; in "l1" and "linf" by linear programming; in "fourier l1",
    the sum of the moduli of w's discrete Fourier transform, by linear programs with ever more tangents. Where the
    examples cannot be separated the value is 0.

    Args:
        signed: zᵢ = yᵢ xᵢ, one example a row, (n, d); yᵢ is 1 or -1.
        norm: of w, "l1", "l2", "linf" or "fourier l1". (A margin is named by the norm of w here; that of the distances
            of the examples from the boundary is the dual one.)

    Raises:
        BadInput: an unknown norm, or examples that are no finite matrix.

    Example:
        >>> square = np.array([[3.0, 1.0], [1.0, 1.0]])
        >>> [round(largest_margin(square, norm=norm).value, 6) for norm in ("l1", "l2", "linf")]
        [1.0, 1.414214, 2.0]
    """
    one_of("norm", norm, NORMS)
    z = np.asarray(signed, dtype=np.float64)
    if z.ndim != 2 or 0 in z.shape or not np.isfinite(z).all():
        raise BadInput(f"margins need examples as a finite matrix (n, d), got the shape {z.shape}.")
    if norm == "l2":
        w, p = _euclidean(z)
    elif norm == "fourier l1":
        w, p = _fourier(z)
    else:
        w, p = _linear_program(z, norm)
    return _proved(z, w, p, norm)


def margin(signed: np.ndarray, w: np.ndarray, *, norm: str = "l2") -> float:
    """The smallest ⟨zᵢ, w⟩ / ‖w‖: negative where an example is on the wrong side.

    Args:
        signed: zᵢ = yᵢ xᵢ, (n, d).
        w: the classifier, (d,), not 0.
        norm: "l1", "l2", "linf" or "fourier l1".

    Example:
        >>> margin(np.eye(2), np.array([3.0, 4.0]), norm="l2")
        0.6
    """
    return float((signed @ w).min()) / length(w, norm)


def angle(one: np.ndarray, other: np.ndarray) -> float:
    """The angle between two vectors in radian, exact also where it is small.

    Args:
        one: (d,), not 0.
        other: (d,), not 0.

    Example:
        >>> round(angle(np.array([1.0, 0.0]), np.array([1.0, 1.0])) / math.pi, 6)
        0.25
    """
    apart = np.linalg.norm(one / np.linalg.norm(one) - other / np.linalg.norm(other))
    return 2 * math.asin(min(1.0, float(apart) / 2))


def length(w: np.ndarray, norm: str) -> float:
    """‖w‖ in one of the norms that margins are taken in.

    Example:
        >>> [length(np.array([3.0, -4.0]), norm) for norm in ("l1", "l2", "linf", "fourier l1")]
        [7.0, 5.0, 4.0, 8.0]
    """
    one_of("norm", norm, NORMS)
    return float(_LENGTHS[norm](w))


def dual_length(v: np.ndarray, norm: str) -> float:
    """The largest ⟨v, w⟩ of a w with ‖w‖ = 1.

    Example:
        >>> [dual_length(np.array([3.0, -4.0]), norm) for norm in ("l1", "l2", "linf")]
        [4.0, 5.0, 7.0]
    """
    one_of("norm", norm, NORMS)
    return float(_DUALS[norm](v))


_LENGTHS: dict[str, Callable[[np.ndarray], float]] = {
    "l1": lambda w: np.abs(w).sum(),
    "l2": lambda w: math.sqrt(np.square(w).sum()),
    "linf": lambda w: np.abs(w).max(),
    "fourier l1": lambda w: np.abs(np.fft.fft(w)).sum(),
}
_DUALS: dict[str, Callable[[np.ndarray], float]] = {
    "l1": _LENGTHS["linf"],
    "l2": _LENGTHS["l2"],
    "linf": _LENGTHS["l1"],
    "fourier l1": lambda v: np.abs(np.fft.fft(v)).max() / len(v),  # as ⟨v, w⟩ is ⟨v̂, ŵ⟩ / d
}


def _proved(z: np.ndarray, w: np.ndarray, p: np.ndarray, norm: str) -> LargestMargin:
    """The direction and the weights as they are, judged by themselves and not by what a solver said of them."""
    p = np.maximum(p, 0)
    p = p / p.sum() if p.sum() > 0 else np.full(len(z), 1 / len(z))
    bound, size = dual_length(p @ z, norm), length(w, norm)
    value = margin(z, w, norm=norm) if size > 0 else 0.0
    if value <= ROUNDING * np.abs(z).max():  # rounding, where the examples cannot be separated
        return LargestMargin(np.zeros(z.shape[1]), 0.0, bound, p)
    return LargestMargin(w / size, value, bound, p)


def _euclidean(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shortest w with ⟨zᵢ, w⟩ >= 1, by non-negative least squares (Lawson and Hanson 1974, least distances)."""
    size = math.sqrt(np.square(z).sum(axis=1).mean()) or 1.0
    system = np.vstack([z.T / size, np.ones(len(z))])
    target = np.append(np.zeros(z.shape[1]), 1.0)
    p, _ = nnls(system, target, maxiter=50 * len(z))
    return system[:-1] @ p, p


def _linear_program(z: np.ndarray, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """As w = u - v with u, v >= 0 and the margin γ as a variable, ‖w‖ <= 1; the multipliers of the examples are p."""
    n, d = z.shape
    examples = np.hstack([-z, z, np.ones((n, 1))])  # γ - ⟨zᵢ, w⟩ <= 0
    objective = np.append(np.zeros(2 * d), -1.0)
    if norm == "l1":
        sphere, bounds = np.append(np.ones(2 * d), 0.0)[None], [(0.0, None)] * (2 * d)
    else:
        sphere, bounds = np.zeros((0, 2 * d + 1)), [(0.0, 1.0)] * (2 * d)
    rows = np.vstack([examples, sphere])
    limits = np.append(np.zeros(n), np.ones(len(sphere)))
    found = linprog(objective, A_ub=rows, b_ub=limits, bounds=[*bounds, (0.0, None)], method="highs")
    return found.x[:d] - found.x[d : 2 * d], -found.ineqlin.marginals[:n]


def _fourier(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least over p of max |F_k p|: a linear program over tangents to each disc, added where they are exceeded.

    The multipliers of the tangents are what w's transform has in their directions.
    """
    n, d = z.shape
    transform = np.fft.fft(z, axis=1).T / d  # (d, n): F p is the transform of pᵀz, over d
    places, angles = np.repeat(np.arange(d), 4), np.tile(np.arange(4) * math.pi / 2, d)
    p, w, scale = np.full(n, 1 / n), np.zeros(d), np.abs(z).max()
    for _ in range(ROUNDS):
        tangents = np.real(np.exp(-1j * angles)[:, None] * transform[places])
        found = linprog(
            np.append(np.zeros(n), 1.0), A_ub=np.hstack([tangents, -np.ones((len(tangents), 1))]),
            b_ub=np.zeros(len(tangents)), A_eq=np.append(np.ones(n), 0.0)[None], b_eq=np.ones(1),
            bounds=[(0.0, None)] * (n + 1), method="highs",
        )  # fmt: skip
        p = found.x[:n]
        spectrum = np.zeros(d, dtype=complex)
        np.add.at(spectrum, places, -found.ineqlin.marginals * np.exp(1j * angles))
        w = np.real(np.fft.ifft(spectrum))
        reached = transform @ p
        size = length(w, "fourier l1")
        if size == 0 or np.abs(reached).max() - margin(z, w, norm="fourier l1") <= TANGENT_GAP * scale:
            break
        places, angles = np.append(places, np.arange(d)), np.append(angles, np.angle(reached))
    return w, p
