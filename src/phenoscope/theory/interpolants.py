"""Which of all solutions of an underdetermined regression is it? Those of the smallest norm, or nearest to the start.

Mirror descent moves ∇ψ(β) against the gradient, which lies in the span of the examples. So where it fits them it has
come to the one solution with ∇ψ(β) - ∇ψ(β₀) in that span, and that is the solution of the smallest Bregman divergence
D(β, β₀) = ψ(β) - ψ(β₀) - ⟨∇ψ(β₀), β - β₀⟩ from the start.
"""

import dataclasses
from abc import ABC, abstractmethod

import numpy as np
from scipy.optimize import linprog, minimize

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of

NEWTON_STEPS = 500
"""At most, of the dual problem; each is a system of as many equations as examples."""
FITTED = 1e-12
"""Relative residual of a solution."""
POLISHING = 5
"""Plain Newton steps at the end."""


class Mirror(ABC):
    """A potential ψ that is a sum over coordinates, by its gradient, the inverse of that, and its conjugate ψ*."""

    @abstractmethod
    def to_dual(self, point: np.ndarray) -> np.ndarray:
        """∇ψ(β)."""

    @abstractmethod
    def to_primal(self, dual: np.ndarray) -> np.ndarray:
        """The β with this ∇ψ(β)."""

    @abstractmethod
    def conjugate(self, dual: np.ndarray) -> np.ndarray:
        """ψ* of each coordinate, whose derivative is the inverse."""

    @abstractmethod
    def slope(self, dual: np.ndarray) -> np.ndarray:
        """dβ/d∇ψ of each coordinate there."""


@dataclasses.dataclass(frozen=True, eq=False)
class Euclidean(Mirror):
    """ψ = ½ ‖β‖²: gradient descent."""

    def to_dual(self, point: np.ndarray) -> np.ndarray:
        return point

    def to_primal(self, dual: np.ndarray) -> np.ndarray:
        return dual

    def conjugate(self, dual: np.ndarray) -> np.ndarray:
        return np.square(dual) / 2

    def slope(self, dual: np.ndarray) -> np.ndarray:
        return np.ones_like(dual)


@dataclasses.dataclass(frozen=True, eq=False)
class Entropy(Mirror):
    """ψ = Σ β log β - β of positive β: exponentiated gradient."""

    def to_dual(self, point: np.ndarray) -> np.ndarray:
        return np.log(point)

    def to_primal(self, dual: np.ndarray) -> np.ndarray:
        return np.exp(dual)

    def conjugate(self, dual: np.ndarray) -> np.ndarray:
        return np.exp(dual)

    def slope(self, dual: np.ndarray) -> np.ndarray:
        return np.exp(dual)


@dataclasses.dataclass(frozen=True, eq=False)
class Power(Mirror):
    """ψ = Σ |β|^p / p for 1 < p <= 2.

    Attributes:
        p: the power; near 1 it prefers sparse solutions.
    """

    p: float = 1.5

    def __post_init__(self) -> None:
        if not 1 < self.p <= 2:
            raise BadInput(f"the power of a mirror lies above 1 and is at most 2, got {self.p}.")

    def to_dual(self, point: np.ndarray) -> np.ndarray:
        return np.sign(point) * np.abs(point) ** (self.p - 1)

    def to_primal(self, dual: np.ndarray) -> np.ndarray:
        return np.sign(dual) * np.abs(dual) ** (1 / (self.p - 1))

    def conjugate(self, dual: np.ndarray) -> np.ndarray:
        return np.abs(dual) ** (self.p / (self.p - 1)) * (self.p - 1) / self.p

    def slope(self, dual: np.ndarray) -> np.ndarray:
        return np.abs(dual) ** (1 / (self.p - 1) - 1) / (self.p - 1)


@dataclasses.dataclass(frozen=True, eq=False)
class HyperbolicEntropy(Mirror):
    """ψ = Σ β asinh(β/2a) - √(β² + 4a²), so that β = 2a sinh(∇ψ): from an l1 norm (small a) to an l2 norm (large a).

    Gradient flow on u∘u - v∘v is mirror flow of this potential, with a the product uv that it keeps: α² from u = v = α.
    Source: Woodworth et al. 2020, arXiv:2002.09277.

    Attributes:
        scale: a, one for all coordinates or one each, (d,), positive.
    """

    scale: float | np.ndarray

    def __post_init__(self) -> None:
        if not (np.asarray(self.scale) > 0).all():
            raise BadInput(f"the scale of a hyperbolic entropy is positive, got {self.scale}.")

    def to_dual(self, point: np.ndarray) -> np.ndarray:
        return np.arcsinh(point / (2 * self.scale))

    def to_primal(self, dual: np.ndarray) -> np.ndarray:
        return 2 * self.scale * np.sinh(dual)

    def conjugate(self, dual: np.ndarray) -> np.ndarray:
        return 2 * self.scale * np.cosh(dual)

    def slope(self, dual: np.ndarray) -> np.ndarray:
        return 2 * self.scale * np.cosh(dual)


@dataclasses.dataclass(frozen=True, eq=False)
class Interpolant:
    """A solution of Xβ = y and what proves it.

    Attributes:
        point: β, (d,).
        residual: ‖Xβ - y‖ / ‖y‖.
        gap: for a norm, how much longer it is than the shortest solution may be, relative to it; for a mirror 0, since
            ∇ψ(β) - ∇ψ(β₀) is a combination of the examples by its making.
    """

    point: np.ndarray
    residual: float
    gap: float = 0.0


def nearest_interpolant(x: np.ndarray, y: np.ndarray, mirror: Mirror, start: np.ndarray) -> Interpolant:
    """The solution of Xβ = y of the smallest Bregman divergence from the start: where mirror descent from there ends.

    By Newton's method in a trust region on the dual problem, which is convex, with one variable an example. Source:
    Gunasekar et al. 2018, arXiv:1802.08246.

    Args:
        x: (n, d), of rank n.
        y: (n,).
        mirror: ψ.
        start: β₀, (d,).

    Returns:
        The solution; its `residual` says how well it fits.

    Raises:
        BadInput: shapes that do not go together.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([1.0])
        >>> nearest_interpolant(x, y, Euclidean(), np.zeros(2)).point.round(6).tolist()
        [0.2, 0.4]
        >>> nearest_interpolant(x, y, HyperbolicEntropy(1e-9), np.zeros(2)).point.round(2).tolist()
        [0.0, 0.5]
    """
    x, y, start = (np.asarray(each, dtype=np.float64) for each in (x, y, start))
    if x.ndim != 2 or y.shape != x.shape[:1] or start.shape != x.shape[1:]:
        raise BadInput(
            f"an interpolant needs x (n, d), y (n,) and a start (d,), got {x.shape}, {y.shape} and {start.shape}."
        )
    begun, size = mirror.to_dual(start), float(np.linalg.norm(y)) or 1.0

    def missing(nu: np.ndarray) -> np.ndarray:
        return x @ mirror.to_primal(begun + x.T @ nu) - y

    def curvature(nu: np.ndarray) -> np.ndarray:
        return (x * mirror.slope(begun + x.T @ nu)) @ x.T

    with np.errstate(over="ignore", invalid="ignore"):  # steps that go too far are refused, and made shorter
        nu = minimize(
            lambda nu: float(mirror.conjugate(begun + x.T @ nu).sum() - nu @ y),
            np.zeros(len(y)), jac=missing, hess=curvature, method="trust-exact",
            options={"gtol": FITTED * size, "maxiter": NEWTON_STEPS},
        ).x  # fmt: skip
    for _ in range(POLISHING):  # the objective itself is known to rounding only, its gradient far better
        better = nu - np.linalg.lstsq(curvature(nu), missing(nu), rcond=None)[0]
        nu = better if np.linalg.norm(missing(better)) < np.linalg.norm(missing(nu)) else nu
    return Interpolant(mirror.to_primal(begun + x.T @ nu), float(np.linalg.norm(missing(nu))) / size)


def shortest_interpolant(x: np.ndarray, y: np.ndarray, *, norm: str = "l2") -> Interpolant:
    """The solution of Xβ = y of the smallest norm.

    Args:
        x: (n, d), of rank n.
        y: (n,).
        norm: "l1" and "linf" by linear programming, with the gap to the dual problem; "l2" by the pseudo-inverse.

    Example:
        >>> x, y = np.array([[1.0, 2.0]]), np.array([1.0])
        >>> [shortest_interpolant(x, y, norm=norm).point.round(3).tolist() for norm in ("l1", "l2", "linf")]
        [[0.0, 0.5], [0.2, 0.4], [0.333, 0.333]]
    """
    one_of("norm", norm, ("l1", "l2", "linf"))
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    size, gap = float(np.linalg.norm(y)) or 1.0, 0.0
    if norm == "l2":
        point = np.linalg.lstsq(x, y, rcond=None)[0]
    else:
        point, least = _shortest(x, y, norm)
        reached = float(np.abs(point).sum() if norm == "l1" else np.abs(point).max())
        gap = (reached - least) / (least or 1.0)
    return Interpolant(point, float(np.linalg.norm(x @ point - y)) / size, gap)


def _shortest(x: np.ndarray, y: np.ndarray, norm: str) -> tuple[np.ndarray, float]:
    """The point and, from the multipliers ν of the equations, ⟨ν, y⟩ / ‖Xᵀν‖*: no solution is shorter."""
    d = x.shape[1]
    if norm == "l1":
        found = linprog(np.ones(2 * d), A_eq=np.hstack([x, -x]), b_eq=y, bounds=(0.0, None), method="highs")
    else:
        inside = np.hstack([np.vstack([np.eye(d), -np.eye(d)]), -np.ones((2 * d, 1))])
        found = linprog(
            np.append(np.zeros(d), 1.0), A_ub=inside, b_ub=np.zeros(2 * d), A_eq=np.hstack([x, np.zeros((len(y), 1))]),
            b_eq=y, bounds=[(None, None)] * d + [(0.0, None)], method="highs",
        )  # fmt: skip
    if found.x is None:
        raise BadInput(f"there is no solution of these equations: {found.message}")
    point = found.x[:d] - found.x[d:] if norm == "l1" else found.x[:d]
    seen = np.abs(x.T @ found.eqlin.marginals)
    largest = float(seen.max() if norm == "l1" else seen.sum())
    return point, float(found.eqlin.marginals @ y) / largest if largest else 0.0
