"""At what learning rate does SGD leave an interpolating minimum? Thresholds from the Hessians of single examples.

At a minimum that fits every example, with losses ½ (xᵢᵀw)² around it (squared error: xᵢ is the gradient of the output),
a step of SGD multiplies w by I - η H_B, H_B = Σ xᵢxᵢᵀ / B over the mini-batch. Here every example is in the mini-batch
with probability B/n, independently of the others. The second moment M = E[w wᵀ] then goes to

    T(M) = (I - ηH) M (I - ηH) + η² (1/B - 1/n) E_i[Hᵢ M Hᵢ],   Hᵢ = xᵢxᵢᵀ, H = E_i[Hᵢ],

and the minimum is stable in mean square where no eigenvalue of T exceeds 1. T is symmetric and takes positive matrices
to positive ones, so ⟨M, T(M)⟩ / ⟨M, M⟩ of any M shows instability where it exceeds 1. Vectors are rows (n, d).
"""

import math

import numpy as np
import scipy.linalg

from phenoscope.core.errors import BadInput


def sgd_threshold(vectors: np.ndarray, batch: int) -> float:
    """The largest learning rate that is stable in mean square, exactly: 2 over the largest eigenvalue of C⁺D, with

        C(M) = (HM + MH)/2,   D(M) = HMH + (1/B - 1/n) E_i[Hᵢ M Hᵢ].

    T(M) = M - 2ηC(M) + η²D(M), so an eigenvalue 1 of T at η is an eigenvalue 2/η of C⁺D. With B = n it is 2/λ₁(H), that
    of gradient descent. Source: Mulayoff and Michaeli 2023, Exact mean square linear stability analysis for SGD,
    arXiv:2306.07850, with the noise of this sampling. Cost: d⁶.

    Args:
        vectors: xᵢ, (n, d); directions in which none has a part are left out.
        batch: B, the mean size of a mini-batch, from 1 to n.

    Example:
        >>> round(sgd_threshold(np.eye(4), 1), 6)  # orthogonal examples: 2B
        2.0
        >>> round(sgd_threshold(np.eye(4), 4), 6)  # 2/λ₁ = 2/(1/4)
        8.0
    """
    x = _within(_checked(vectors, batch))
    n, d = x.shape
    hessian, unit = x.T @ x / n, np.eye(d)
    each = np.einsum("ni,nj->nij", x, x).reshape(n, d * d)  # Hᵢ as a vector; HᵢMHᵢ is Hᵢ ⟨Hᵢ, M⟩, as it has rank one
    noise = each.T @ each / n
    drift = (np.kron(hessian, unit) + np.kron(unit, hessian)) / 2
    spread = np.kron(hessian, hessian) + (1 / batch - 1 / n) * noise
    return 2 / float(scipy.linalg.eigh(spread, drift, eigvals_only=True)[-1])


def coherence(vectors: np.ndarray) -> float:
    """σ = λ₁(S) / maxᵢ λ₁(Hᵢ), S_ij = ‖Hᵢ^½ H_j^½‖_F = |xᵢᵀx_j|: 1 for orthogonal examples, n for parallel ones.

    Source: Dexter et al. 2024, A precise characterization of SGD stability using loss surface geometry,
    arXiv:2401.12332.

    Args:
        vectors: xᵢ, (n, d).

    Example:
        >>> coherence(np.eye(4)), round(coherence(np.ones((4, 2))), 6)
        (1.0, 4.0)
    """
    gram = np.abs(_checked(vectors, 1) @ np.asarray(vectors).T)
    return float(np.linalg.eigvalsh(gram)[-1] / gram.diagonal().max())


def coherence_threshold(vectors: np.ndarray, batch: int) -> float:
    """A learning rate above which SGD surely diverges: the smaller of 2/λ₁(H) and σ / (λ₁(H) √(n/B - 1)).

    The first is that of the mean. For the second, q_i = xᵢᵀMxᵢ grows at least by the matrix η²(1/B - 1/n)(xᵢᵀx_j)²/n in
    each step, so it is enough that η²(n/B - 1) maxᵢ‖xᵢ‖⁴ > n²; and nλ₁(H) = λ₁(XXᵀ) ≤ λ₁(S) = σ maxᵢ‖xᵢ‖². It need not
    be near the exact threshold. Source: Dexter et al. 2024, arXiv:2401.12332, for Hessians of rank one.

    Args:
        vectors: xᵢ, (n, d).
        batch: B, from 1 to n.

    Example:
        >>> round(coherence_threshold(np.eye(5), 1), 6)
        2.5
    """
    x = _checked(vectors, batch)
    first = float(np.linalg.eigvalsh(x @ x.T)[-1]) / len(x)
    noise = math.sqrt(len(x) / batch - 1)
    return min(2 / first, coherence(x) / (first * noise) if noise > 0 else math.inf)


def trace_threshold(vectors: np.ndarray, batch: int) -> float:
    """A learning rate above which SGD surely diverges: 2 tr H / (‖H‖_F² + (1/B - 1/n) E_i‖xᵢ‖⁴).

    It is where ⟨I, T(I)⟩ = ⟨I, I⟩. For single examples of one length, and many of them, it is near 2 / tr H: a minimum
    at which SGD stays has a trace below about 2/η. Bounds of this kind: Wu and Su 2023, The implicit regularization of
    dynamical stability in stochastic gradient descent, arXiv:2305.17490.

    Args:
        vectors: xᵢ, (n, d).
        batch: B, from 1 to n.

    Example:
        >>> trace_threshold(np.eye(4), 1)  # here M = I is the direction that grows
        2.0
    """
    x = _checked(vectors, batch)
    n, lengths = len(x), np.square(x).sum(axis=1)
    frobenius = np.square(x @ x.T).sum() / n**2
    return float(2 * lengths.mean() / (frobenius + (1 / batch - 1 / n) * np.square(lengths).mean()))


def _checked(vectors: np.ndarray, batch: int) -> np.ndarray:
    x = np.asarray(vectors, dtype=np.float64)
    if x.ndim != 2 or not np.isfinite(x).all() or not x.any() or not 1 <= batch <= len(x):
        raise BadInput(
            f"the thresholds of SGD need finite vectors (n, d), not all zero, and a batch from 1 to n; got the shape "
            f"{x.shape} and the batch {batch}."
        )
    return x


def _within(x: np.ndarray) -> np.ndarray:
    """The vectors in coordinates of the space that they span."""
    _, sizes, basis = np.linalg.svd(x, full_matrices=False)
    return x @ basis[sizes > sizes[0] * 1e-10].T
