"""The matrix of least nuclear norm among all that have the observed entries, with the duality gap as its proof."""

import dataclasses

import numpy as np

from phenoscope.core.errors import BadInput

ITERATIONS = 50_000
"""Of Douglas and Rachford's splitting, at most."""
CHECK = 50
"""Iterations from one look at the gap to the next."""


@dataclasses.dataclass(frozen=True, eq=False)
class Completion:
    """A matrix with the observed entries, and what proves that its nuclear norm is the least.

    Attributes:
        matrix: (k, m).
        value: its nuclear norm, the sum of its singular values.
        bound: no matrix with these entries has a smaller one.
    """

    matrix: np.ndarray
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """How much smaller the least may be, relative to the value."""
        return (self.value - self.bound) / self.value if self.value else 0.0


def least_nuclear_norm(target: np.ndarray, observed: np.ndarray, *, tol: float = 1e-6) -> Completion:
    """The matrix of least nuclear norm, the sum of the singular values, among those with the observed entries.

    By the splitting of Douglas and Rachford, in turns with the singular values made smaller and the entries put back.
    Any matrix Y that is 0 off the observed entries and has no singular value above 1 bounds the least norm from below
    by ⟨Y, M⟩; the splitting gives one.

    Args:
        target: M, (k, m); only its observed entries count.
        observed: (k, m), true where an entry is observed.
        tol: stop once the gap is below.

    Returns:
        `Completion`: matrix, value, bound; `gap` says how far it came.

    Raises:
        BadInput: shapes that differ, or a `tol` that is not positive.

    Example:
        >>> found = least_nuclear_norm(np.array([[9.0, 1.0], [1.0, 0.0]]), np.array([[False, True], [True, True]]))
        >>> round(found.value, 4), np.abs(found.matrix).round(2).tolist()
        (2.0, [[0.0, 1.0], [1.0, 0.0]])
    """
    seen = np.asarray(observed, dtype=bool)
    if target.ndim != 2 or seen.shape != target.shape or not tol > 0:
        raise BadInput(
            f"a completion needs a matrix, which of its entries are observed, and a positive `tol`, got the shapes "
            f"{target.shape} and {seen.shape} and tol={tol}."
        )
    known = np.where(seen, target, 0.0)
    step = float(np.linalg.norm(known, 2)) or 1.0
    state, best = known.copy(), Completion(known, nuclear_norm(known), 0.0)
    for iteration in range(ITERATIONS):
        matrix = np.where(seen, known, state)
        left, values, right = np.linalg.svd(2 * matrix - state, full_matrices=False)
        shrunk = (left * np.maximum(values - step, 0)) @ right
        state = state + shrunk - matrix
        if iteration % CHECK == 0:
            bound = max(best.bound, _bound((matrix - state) / step, known, seen))
            value = nuclear_norm(matrix)
            best = Completion(matrix, value, bound) if value <= best.value else dataclasses.replace(best, bound=bound)
            if best.gap <= tol:
                break
    return best


def nuclear_norm(matrix: np.ndarray) -> float:
    """The sum of the singular values.

    Example:
        >>> nuclear_norm(np.diag([3.0, -4.0]))
        7.0
    """
    return float(np.linalg.svd(matrix, compute_uv=False).sum())


def _bound(dual: np.ndarray, known: np.ndarray, seen: np.ndarray) -> float:
    """⟨Y, M⟩ of the nearest Y that is allowed."""
    kept = np.where(seen, dual, 0.0)
    size = float(np.linalg.norm(kept, 2))
    return abs(float((kept * known).sum())) / size if size else 0.0
