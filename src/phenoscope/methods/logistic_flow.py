"""Gradient flow of a linear classifier on the logistic loss, for times like 2^200."""

import math
from collections.abc import Iterator

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import log_expit

from phenoscope.core.errors import PhenoscopeError

EARLY = -20 * math.log(2)
"""The logarithm of the time until which a single step is taken: a millionth of the unit, so exact to its square."""
RELATIVE, ABSOLUTE = 1e-7, 1e-8
"""Tolerances of a step: closer ones ask Newton's method for more than rounding leaves of what has come to rest."""


def logistic_flow(
    signed: np.ndarray,
    weights: np.ndarray,
    *,
    scale: float,
    steps: int,
    start: np.ndarray,
    against: np.ndarray | None = None,
    decay: float = 0.0,
) -> Iterator[tuple[float, np.ndarray]]:
    """The logarithm of the time and w, at the times 2^0, 2^1, ..., 2^steps of dw/dt = -scale ∇L from t = 0.

    L = Σ cᵢ log(1 + exp(-⟨zᵢ, w⟩)) + kᵢ log(1 + exp(⟨zᵢ, w⟩)) + ½ decay ‖w‖². In s = log t the terms of dw/ds stay of
    order 1 however small the loss, and what has come to its minimum is stiff, so the integration is implicit. It is
    done in coordinates in which example i has no entry beyond the i-th: where pulls on the first few examples cancel,
    what rounding leaves of them, which at late times is large, cannot leak into other directions.

    Args:
        signed: zᵢ, (n, d); those with both labels first.
        weights: cᵢ, (n,).
        scale: of the gradient.
        steps: doublings of the time.
        start: w at the time 0, (d,).
        against: kᵢ, (n,), of the other label.
        decay: of the weights.
    """
    basis, upper = np.linalg.qr(signed.T)
    z = upper.T
    against = np.zeros(len(z)) if against is None else against

    def velocity(log_time: float, w: np.ndarray) -> np.ndarray:
        right, wrong = _shares(z @ w, log_time)
        return scale * ((weights * wrong - against * right) @ z - math.exp(log_time) * decay * w)

    def jacobian(log_time: float, w: np.ndarray) -> np.ndarray:
        right, wrong = _shares(z @ w, log_time / 2)
        bend = (weights + against) * right * wrong
        return -scale * ((z.T * bend) @ z + math.exp(log_time) * decay * np.eye(z.shape[1]))

    inside = start @ basis
    beyond = start - basis @ inside  # no example pulls there
    times = np.arange(steps + 1) * math.log(2)
    flow = solve_ivp(
        velocity, (EARLY, times[-1]), inside + velocity(EARLY, inside), method="Radau", t_eval=times, jac=jacobian,
        first_step=1e-3, rtol=RELATIVE, atol=ABSOLUTE,
    )  # fmt: skip
    if not flow.success:
        raise PhenoscopeError(f"the flow could not be integrated up to the time 2^{steps}: {flow.message}")
    for log_time, w in zip(times.tolist(), flow.y.T, strict=True):
        yield log_time, basis @ w + math.exp(-scale * decay * math.exp(log_time)) * beyond


def _shares(margins: np.ndarray, log_factor: float) -> tuple[np.ndarray, np.ndarray]:
    """What a logistic model says of each example's own label and of the other one, times a factor."""
    return np.exp(log_factor + log_expit(margins)), np.exp(log_factor + log_expit(-margins))
