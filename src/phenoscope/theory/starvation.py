"""How large do two features of the same examples become, if each example gives a gradient only while it is not fitted?

Regularised logistic regression in its dual variables: αᵢ is what example i still gives, the derivative of its loss.
"""

import numpy as np

from phenoscope.core.errors import BadInput

STEPS, ENOUGH = 200, 1e-13


def logistic_responses(features: np.ndarray, decay: float) -> np.ndarray:
    r"""What each feature adds to the answers at the minimum of (1/n) Σ log(1 + exp(-(Φθ)ᵢ)) + ½ `decay` ‖θ‖².

    The features are those of the tangent kernel, each example's multiplied by its label ±1, so that an answer is right
    where (Φθ)ᵢ > 0. At the minimum n · decay · θ = Φᵀα, where αᵢ = 1/(1 + exp((Φθ)ᵢ)): a feature grows by what the
    examples that have it still give. So a strong feature, which fits them, starves a weak one that the same examples
    have, and not one that other examples have. Returned are the responses zⱼ = ‖Φⱼ‖ θⱼ / √n, (k,): the root mean
    squares of what the features add to the answers, with their signs. Found by Newton's method on the dual.

    Units: those of the answers. Source: Pezeshki et al. 2020, Gradient starvation: a learning proclivity in neural
    networks, arXiv:2011.09468.

    Args:
        features: Φ, (n, k).
        decay: positive.

    Raises:
        BadInput: no such matrix, or another decay.

    Example:
        >>> together = np.array([[2.0, 1.0], [2.0, -0.5]])
        >>> weaker = np.array([[0.5, 1.0], [0.5, -0.5]])
        >>> bool(logistic_responses(together, 0.1)[1] < logistic_responses(weaker, 0.1)[1])
        True
    """
    if features.ndim != 2 or not features.size or not np.isfinite(features).all() or not decay > 0:
        raise BadInput(
            f"responses need features (n, k) and a positive decay, got shape {features.shape} and decay={decay}."
        )
    n = len(features)
    kernel = features @ features.T / (n * decay)
    dual = np.full(n, 0.5)
    for _ in range(STEPS):
        # stationary where Kα = log((1 - α)/α); the dual objective is convex on (0, 1)ⁿ
        slope = kernel @ dual - np.log1p(-dual) + np.log(dual)
        step = np.linalg.solve(kernel + np.diag(1 / (dual * (1 - dual))), slope)
        size = _longest(dual, step)
        while size > 1e-12 and _cost(kernel, dual - size * step) > _cost(kernel, dual) + 1e-14:
            size /= 2
        dual = dual - size * step
        if np.abs(step).max() < ENOUGH:
            break
    weights = features.T @ dual / (n * decay)
    return np.linalg.norm(features, axis=0) * weights / np.sqrt(n)


def _cost(kernel: np.ndarray, dual: np.ndarray) -> float:
    """½ αᵀKα less the entropy of α."""
    return float(dual @ kernel @ dual / 2 + (dual * np.log(dual) + (1 - dual) * np.log1p(-dual)).sum())


def _longest(dual: np.ndarray, step: np.ndarray) -> float:
    """The largest part of a step that stays inside (0, 1), short of its edge."""
    moving = np.where(step > 0, dual, dual - 1) / np.where(step == 0, np.inf, step)
    inside = moving[step != 0]
    return min(1.0, 0.95 * float(inside.min())) if len(inside) else 1.0
