"""What is the risk of a linear regression while gradient descent is on its way? Each mode in its own time.

Conventions as in `least_squares`: targets y = ⟨θ, x⟩ + noise of variance σ², and the risk is the excess over the noise.
"""

import math

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.theory.least_squares import Numbers


def descent_risk(
    n: int,
    eigenvalues: Numbers,
    coefficients: Numbers,
    times: Numbers,
    *,
    noise: float = 1.0,
    rates: Numbers | None = None,
) -> np.ndarray:
    r"""Expected excess risk along gradient flow on mean squares from 0, with many more examples than features.

    $$R(t) = \sum_i \lambda_i \theta_i^2 e^{-2 r_i \lambda_i t} + \frac{\sigma^2}{n} (1 - e^{-r_i \lambda_i t})^2$$

    Each mode is a curve of its own: its signal is learned and its noise is fitted, both in the time 1/(rᵢ λᵢ). Modes
    of one time make a single valley; those of very different ones can make several, one after the other: descent in
    epochs, and again. It is exact in the limit of n much larger than the number of features, and in error by their
    ratio otherwise. The flow is on ½ the mean of squares; k steps of gradient descent with a small rate η are the time
    ηk. Sources: Heckel and Yilmaz 2020, arXiv:2007.10099; Pezeshki et al. 2021, arXiv:2112.03215.

    Args:
        n: examples.
        eigenvalues: λᵢ > 0 of the inputs' covariance, (p,).
        coefficients: θᵢ along its eigenvectors, (p,).
        times: t >= 0, (m,).
        noise: σ².
        rates: rᵢ >= 0, how fast each mode is descended, (p,); 1 by default. With 1/λᵢ all modes share one time.

    Returns:
        The risk at each time, (m,).

    Example:
        >>> descent_risk(100, [1.0], [1.0], [0.0, 40.0], noise=4.0).round(3).tolist()  # from ‖θ‖² to σ² p/n
        [1.0, 0.04]
    """
    values, target, time = (np.asarray(part, dtype=np.float64) for part in (eigenvalues, coefficients, times))
    speeds = values if rates is None else values * np.asarray(rates, dtype=np.float64)
    vectors = values.ndim == time.ndim == 1 and values.shape == target.shape == speeds.shape
    if not vectors or n < 1 or not (noise >= 0 and math.isfinite(noise)) or not (values > 0).all():
        raise BadInput(
            "the risk along a descent needs positive eigenvalues with a coefficient (and a rate) each, a vector of "
            f"times, an example and noise of at least 0; got shapes {values.shape}, {target.shape}, {time.shape}, "
            f"n={n} and noise={noise}."
        )
    if not (speeds >= 0).all() or not (time >= 0).all():
        raise BadInput("the rates and the times of a descent are at least 0. Take those after its start.")
    fitted = -np.expm1(-time[:, None] * speeds)  # (m, p)
    return (np.square(1 - fitted) * values * target**2).sum(axis=1) + noise / n * np.square(fitted).sum(axis=1)
