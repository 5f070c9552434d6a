"""What is the risk of a linear regression that may fit its data exactly? Isotropic, and of any covariance.

Examples x ~ N(0, Σ), targets y = ⟨θ, x⟩ + noise of variance σ². The risk of an estimate is its excess over the noise,
E(⟨θ̂ - θ, x⟩)²; with noisy targets the test error is larger by σ². A ridge δ is that of ‖y - Xθ‖² + δ‖θ‖², with sums
over examples. Without one, the estimate is that of the smallest norm among those with the smallest error.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import root_scalar

from phenoscope.core.errors import BadInput

Numbers = Sequence[float] | np.ndarray
TINY = 1e-14
"""Relative to the bracket, of the equation for κ."""


def ridgeless_risk(n: int, p: int, *, signal: float = 1.0, noise: float = 1.0, omitted: float = 0.0) -> float:
    """Expected excess risk of least squares of the smallest norm on n examples with p independent standard features.

    Exactly, at every size, of Gaussian features: the variance is σ² p/(n - p - 1) for p < n - 1, and
    σ² n/(p - n - 1) for p > n + 1, where the bias ‖θ‖² (1 - n/p) comes on top, which *grows* with p. In between the
    variance is infinite. (With n in both numerators, as it is sometimes shown, the left side is wrong.) Source: Hastie,
    Montanari, Rosset and Tibshirani 2019, arXiv:1903.08560, for the limit of large n and p; at finite sizes by the
    means of inverse Wishart matrices.

    Args:
        n: examples, at least 1.
        p: features, at least 1.
        signal: ‖θ‖² of these features.
        noise: σ².
        omitted: ‖θ‖² of further features, which the regression does not see: they act as noise, and what they would
            have explained is lost.

    Returns:
        The risk, `inf` for |n - p| <= 1 where there is noise.

    Example:
        >>> round(ridgeless_risk(60, 6), 4), round(ridgeless_risk(60, 120, noise=0.0), 4)
        (0.1132, 0.5)
    """
    _check_counts(n=n, p=p)
    _check_energies(signal=signal, noise=noise, omitted=omitted)
    spread = noise + omitted
    bias = omitted + (signal * (1 - n / p) if p > n else 0.0)
    if spread == 0:
        return bias
    if abs(n - p) <= 1:
        return math.inf
    return bias + spread * (p / (n - p - 1) if p < n else n / (p - n - 1))


def optimal_ridge(p: int, *, signal: float = 1.0, noise: float = 1.0) -> float:
    """The ridge δ = σ² p/‖θ‖² of the smallest risk for isotropic features and a θ of random direction.

    It is that of the posterior mean, so no other estimate does better on average over such θ. With it the risk falls
    with every example, at any size: Nakkiran, Venkat, Kakade and Ma 2020, arXiv:2003.01897.

    Args:
        p: features.
        signal: ‖θ‖², above 0.
        noise: σ².

    Example:
        >>> optimal_ridge(100, noise=0.25)
        25.0
    """
    _check_counts(p=p)
    _check_energies(signal=signal, noise=noise)
    if signal == 0:
        raise BadInput("without a signal no ridge is large enough: the best estimate is 0. Give `signal` above 0.")
    return noise * p / signal


def ridge_risk(n: int, eigenvalues: Numbers, coefficients: Numbers, *, noise: float = 1.0, ridge: float = 0.0) -> float:
    """Excess risk of ridge regression for features of any covariance, in the limit of large n.

    With κ from Σᵢ λᵢ/(λᵢ + κ) + δ/κ = n, and Lᵢ = λᵢ/(λᵢ + κ) of each eigenvalue of the covariance, it is
    (Σᵢ (1 - Lᵢ)² λᵢ θᵢ² + σ²) n/(n - Σᵢ Lᵢ²) - σ². Sources: Hastie et al. 2019, arXiv:1903.08560; in this form Simon
    et al. 2021, arXiv:2110.03922, whose test error is n/(n - Σ L²) times what is not learned. The same holds for kernel
    regression, with the kernel's eigenvalues and the target's coefficients in its eigenfunctions.

    Args:
        n: examples.
        eigenvalues: λᵢ > 0 of the covariance, (p,).
        coefficients: θᵢ along its eigenvectors, (p,).
        noise: σ².
        ridge: δ; 0 is the limit of the smallest norm.

    Returns:
        The risk, `inf` where n is the number of features and there is no ridge.

    Example:
        >>> flat = np.ones(4000)
        >>> round(ridge_risk(2000, flat, flat / 4000**0.5, noise=1.0), 3), ridgeless_risk(2000, 4000).__round__(3)
        (1.5, 1.501)
    """
    values, target = _spectrum(eigenvalues, coefficients)
    _check_counts(n=n)
    _check_energies(noise=noise, ridge=ridge)
    kappa = effective_ridge(n, values, ridge=ridge)
    learned = values / (values + kappa)
    left = n - float(np.square(learned).sum())
    missed = float((np.square((1 - learned) * target) * values).sum()) + noise
    if missed == 0:
        return 0.0
    return missed * n / left - noise if left > TINY * n else math.inf


def effective_ridge(n: int, eigenvalues: Numbers, *, ridge: float = 0.0) -> float:
    """κ, the ridge that regression on the whole distribution would need to act as this one on n examples does.

    Σᵢ λᵢ/(λᵢ + κ) + δ/κ = n; without a ridge and with no more features than examples it is 0.

    Args:
        n: examples.
        eigenvalues: λᵢ > 0, (p,).
        ridge: δ.

    Example:
        >>> round(effective_ridge(50, np.ones(100)), 6)  # 100/(1 + κ) = 50
        1.0
    """
    values, _ = _spectrum(eigenvalues, None)
    _check_counts(n=n)
    _check_energies(ridge=ridge)
    if ridge == 0 and len(values) <= n:
        return 0.0
    # the left side falls in κ; at this κ it is no more than n already
    most = float((values.sum() + ridge) / n)
    return _root(lambda kappa: degrees_of_freedom(values, kappa) + ridge / kappa - n, most)


def degrees_of_freedom(eigenvalues: Numbers, ridge: float) -> float:
    """Σᵢ λᵢ/(λᵢ + δ): how many parameters a ridge regression makes use of, of the eigenvalues of XᵀX.

    Args:
        eigenvalues: λᵢ >= 0, (p,).
        ridge: δ.

    Example:
        >>> degrees_of_freedom([3.0, 1.0, 0.0], 1.0)
        1.25
    """
    values = np.asarray(eigenvalues, dtype=np.float64)
    positive = values[values > 0]
    return float((positive / (positive + ridge)).sum())


def random_feature_risk(
    n: int, k: int, eigenvalues: Numbers, coefficients: Numbers, *, noise: float = 1.0, ridge: float = 0.0
) -> float:
    """Excess risk of ridge regression on k random features of a kernel, for large n and k.

    With κ and γ from Σᵢ λᵢ/(λᵢ + γ) + δ/κ = n and Σᵢ λᵢ/(λᵢ + γ) + kκ/γ = k, z = Σᵢ λᵢ/(λᵢ + γ) and
    q = Σᵢ (λᵢ/(λᵢ + γ))², the test error is

        [Σᵢ (γ/(λᵢ + γ) - κλᵢk/((λᵢ + γ)²(k - q))) vᵢ² + σ²] / (1 - (q(k - 2z) + z²)/(n(k - q))),

    and the risk is that less σ². More samples and more features do not hurt where the ridge is tuned. Source: Simon,
    Karkada, Ghosh and Belkin 2023, More is better in modern machine learning, arXiv:2311.14646.

    Args:
        n: examples.
        k: features, each a random function with the kernel's covariance.
        eigenvalues: λᵢ > 0 of the kernel, (m,).
        coefficients: vᵢ of the target along its eigenfunctions of norm one, (m,).
        noise: σ².
        ridge: δ > 0; a small one stands for none.

    Example:
        >>> values = np.arange(1, 2001) ** -1.5
        >>> many = random_feature_risk(100, 10**7, values, values**0.5, noise=0.1, ridge=1e-3)
        >>> round(many / ridge_risk(100, values, np.ones(2000), noise=0.1, ridge=1e-3), 3)  # the kernel itself
        1.0
    """
    values, target = _spectrum(eigenvalues, coefficients)
    _check_energies(noise=noise)
    gamma, kappa = feature_ridges(n, k, values, ridge=ridge)
    share = values / (values + gamma)
    z, q = float(share.sum()), float(np.square(share).sum())
    missed = float(
        ((gamma / (values + gamma) - kappa * values * k / ((values + gamma) ** 2 * (k - q))) * target**2).sum()
    )
    return (missed + noise) / (1 - (q * (k - 2 * z) + z**2) / (n * (k - q))) - noise


def feature_ridges(n: int, k: int, eigenvalues: Numbers, *, ridge: float) -> tuple[float, float]:
    """γ and κ of `random_feature_risk`: the ridges that regression on the whole distribution would need to act as that
    on k random features and n examples does, with the kernel itself and with those features.

    Args:
        n: examples.
        k: features.
        eigenvalues: λᵢ > 0 of the kernel, (m,).
        ridge: δ > 0.
    """
    values, _ = _spectrum(eigenvalues, None)
    _check_counts(n=n, k=k)
    _check_energies(ridge=ridge)
    if ridge == 0:
        raise BadInput("the risk of random features needs a ridge above 0, got 0. Give a small one for none.")

    def kappa_of(gamma: float) -> float:  # from the second equation
        return gamma * (1 - degrees_of_freedom(values, gamma) / k)

    def excess(gamma: float) -> float:
        return degrees_of_freedom(values, gamma) + ridge / kappa_of(gamma) - n

    # κ must be positive: γ above that at which z = k
    least = (
        _root(lambda gamma: degrees_of_freedom(values, gamma) - k, float(values.sum()) / k) if len(values) > k else 0.0
    )
    most = 2 * max(least, float(values.sum()) / n, ridge / n, float(values[0]))
    while excess(most) > 0:
        most *= 2
    gamma = _root(excess, most, least)
    return gamma, kappa_of(gamma)


def effective_ranks(eigenvalues: Numbers, *, n: int | None = None, factor: float = 1.0) -> tuple[int, float, float]:
    """k*, r and R of a spectrum: how many directions stand out, and how spread out the rest of it is.

    r_k = Σ_{i>k} λᵢ / λ_{k+1} and R_k = (Σ_{i>k} λᵢ)² / Σ_{i>k} λᵢ²; k* is the first k with r_k >= b n. The variance of
    least squares of the smallest norm is σ² (k*/n + n/R_{k*}) up to a constant: overfitting is benign where k* is small
    and R large against n. Source: Bartlett, Long, Lugosi and Tsigler 2019, arXiv:1906.11300.

    Args:
        eigenvalues: λᵢ > 0 in falling order, (p,).
        n: examples; without them k = 0.
        factor: b.

    Returns:
        k*, r_{k*} and R_{k*}; k* is p, with ranks 0, where no k will do.

    Example:
        >>> effective_ranks(np.ones(50))
        (0, 50.0, 50.0)
        >>> effective_ranks([10.0] * 3 + [0.1] * 1000, n=100)[0]  # three spikes, and a long flat tail
        3
    """
    values, _ = _spectrum(eigenvalues, None)
    if np.any(np.diff(values) > 0):
        raise BadInput("effective ranks need the eigenvalues in falling order. Sort them before.")
    tails = np.cumsum(values[::-1])[::-1]
    squares = np.cumsum(np.square(values)[::-1])[::-1]
    enough = np.flatnonzero(tails / values >= (0.0 if n is None else factor * n))
    if not len(enough):
        return len(values), 0.0, 0.0
    k = int(enough[0])
    return k, float(tails[k] / values[k]), float(tails[k] ** 2 / squares[k])


def _root(function: Callable[[float], float], most: float, least: float = 0.0) -> float:
    """Where a falling function crosses 0 between `least` and `most`; searched by factors, since it may be tiny."""
    low = most
    for _ in range(2000):
        low = least + (low - least) / 2
        if function(low) >= 0:
            break
    return root_scalar(function, bracket=(low, most), xtol=TINY * low, rtol=4 * np.finfo(float).eps, maxiter=500).root


def _spectrum(eigenvalues: Numbers, coefficients: Numbers | None) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(eigenvalues, dtype=np.float64)
    target = np.zeros_like(values) if coefficients is None else np.asarray(coefficients, dtype=np.float64)
    fits = values.ndim == 1 and values.shape == target.shape and len(values) > 0
    if not fits or not (np.isfinite(values).all() and (values > 0).all() and np.isfinite(target).all()):
        raise BadInput(
            f"a spectrum is a vector of positive eigenvalues with a coefficient each, got shapes {values.shape} and "
            f"{target.shape}."
        )
    return values, target


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise BadInput(f"`{name}` must be at least 1, got {count}.")


def _check_energies(**energies: float) -> None:
    for name, energy in energies.items():
        if not (energy >= 0 and math.isfinite(energy)):
            raise BadInput(f"`{name}` must be a finite number of at least 0, got {energy}.")
