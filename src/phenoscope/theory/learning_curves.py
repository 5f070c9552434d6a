"""What kernel regression learns of each eigenfunction from n examples, and the error that is left."""

import dataclasses
import math

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.theory.least_squares import Numbers, effective_ridge


@dataclasses.dataclass(frozen=True, eq=False)
class KernelLearning:
    """What is foretold of kernel regression, mode by mode.

    Attributes:
        kappa: κ, the ridge that regression on the whole distribution would need to act alike.
        learned: (p,), Lᵢ = λᵢ/(λᵢ + κ), the part of each coefficient that is learned on average; they sum to n without
            a ridge and to less with one.
        modes: (p,), the expected squared error of each coefficient: (1 - Lᵢ)² vᵢ² of what is not learned, and
            Lᵢ² E/n of what varies between draws of examples, where E is the test error with its noise.
        risk: their sum, the test error less the noise.
    """

    kappa: float
    learned: np.ndarray
    modes: np.ndarray
    risk: float


def kernel_learning(
    n: int, eigenvalues: Numbers, coefficients: Numbers, *, noise: float = 0.0, ridge: float = 0.0
) -> KernelLearning:
    r"""Expected errors of kernel regression on n examples along each eigenfunction of the kernel, for large n.

    With κ from Σᵢ λᵢ/(λᵢ + κ) + δ/κ = n and Lᵢ = λᵢ/(λᵢ + κ) the test error is
    E = (Σᵢ (1 - Lᵢ)² vᵢ² + σ²) n/(n - Σᵢ Lᵢ²). Modes compete for n units of learning, and those of the largest
    eigenvalues come first. Sources: Bordelon, Canatar and Pehlevan 2020, arXiv:2002.02561; Canatar, Bordelon and
    Pehlevan 2021, arXiv:2006.13198; as a conservation law Simon et al. 2021, arXiv:2110.03922. It holds where
    eigenfunctions at random points are like independent Gaussian numbers; in few dimensions they are not.

    Args:
        n: examples, drawn independently.
        eigenvalues: λᵢ > 0 of the kernel under their distribution, (p,).
        coefficients: vᵢ of the target along its eigenfunctions of norm one, (p,).
        noise: σ², the variance of noise on the targets.
        ridge: δ, that of (K + δ)⁻¹.

    Raises:
        BadInput: coefficients that do not go with the eigenvalues, or what `effective_ridge` refuses.

    Example:
        >>> found = kernel_learning(50, np.ones(100), np.full(100, 0.1))
        >>> round(float(found.learned.sum()), 6), round(found.risk, 6)
        (50.0, 0.5)
    """
    values, target = np.asarray(eigenvalues, dtype=np.float64), np.asarray(coefficients, dtype=np.float64)
    if values.shape != target.shape or not np.isfinite(target).all() or not (noise >= 0 and math.isfinite(noise)):
        raise BadInput(
            f"learning curves need a finite coefficient for each eigenvalue and a noise of at least 0, got shapes "
            f"{values.shape} and {target.shape}, and {noise}."
        )
    kappa = effective_ridge(n, values, ridge=ridge)
    learned = values / (values + kappa)
    missed, left = np.square((1 - learned) * target), n - float(np.square(learned).sum())
    energy = float(missed.sum()) + noise
    error = 0.0 if energy == 0 else energy * n / left if left > 0 else math.inf
    modes = missed + np.square(learned) * (error / n)
    return KernelLearning(kappa, learned, modes, float(modes.sum()))
