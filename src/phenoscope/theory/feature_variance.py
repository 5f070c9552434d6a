"""Where the variance of regression on random features comes from, for many examples and many features."""

import dataclasses
import math

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.theory.least_squares import Numbers, feature_ridges


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureVariance:
    """What is foretold of the mean prediction and of the variance around it, by what was drawn.

    Attributes:
        learned: (m,), Lᵢ, the part of each coefficient that is in the mean prediction.
        bias: its squared distance from the target.
        features: the variance that the draw of the features makes alone.
        examples: that which the examples make alone.
        examples_features: that which the two make together.
        noise: that which the noise of the labels makes with the examples that they belong to.
        noise_features: that which all three make together. Noise makes none without the examples.
    """

    learned: np.ndarray
    bias: float
    features: float
    examples: float
    examples_features: float
    noise: float
    noise_features: float

    @property
    def variance(self) -> float:
        """All of it."""
        return self.examples + self.noise + self.with_features

    @property
    def with_features(self) -> float:
        """What the mean over many draws of the features does away with."""
        return self.features + self.examples_features + self.noise_features


def random_feature_variance(
    n: int, k: int, eigenvalues: Numbers, coefficients: Numbers, *, noise: float = 1.0, ridge: float = 0.0
) -> FeatureVariance:
    r"""The squared bias and the parts of the variance of ridge regression on k random features of a kernel.

    With γ and κ as in `random_feature_risk`, Lᵢ = λᵢ/(λᵢ + γ), z = Σ Lᵢ and q = Σ Lᵢ² the squared bias is
    B = Σ (1 - Lᵢ)² vᵢ². Alone

    - the features make F = (z - q)/(k - q) Σ Lᵢ (1 - Lᵢ) vᵢ², since k features drawn at random are to the kernel
      what k noiseless examples are;
    - the examples make B q/(n - q), since the mean over features is regression with the kernel itself;

    and together with the features they make (B + F) Q/(n - Q) less that, with Q = (q (k - 2z) + z²)/(k - q) the
    squared degrees of freedom of those features. Noise of variance σ² makes σ² q/(n - q) with the examples, and what
    σ² Q/(n - Q) has beyond that with both. All of it sums to `random_feature_risk`. At n = k and without a ridge the
    parts in which examples and features meet grow without bounds, the others do not: the peak is an interaction.

    Derived here from deterministic equivalents of resolvents and held against simulation; for Gaussian inputs and
    n, k and inputs in proportion the decomposition is that of Adlam and Pennington 2020, arXiv:2011.03321, and of
    d'Ascoli et al. 2020, arXiv:2003.01054. The order of no two draws matters.

    Args:
        n: examples.
        k: features, each a random function with the kernel's covariance.
        eigenvalues: λᵢ > 0 of the kernel, (m,).
        coefficients: vᵢ of the target along its eigenfunctions of norm one, (m,).
        noise: σ².
        ridge: δ > 0; a small one stands for none.

    Raises:
        BadInput: coefficients that do not go with the eigenvalues, or what `random_feature_risk` refuses.

    Example:
        >>> values = np.arange(1, 2001) ** -1.5
        >>> found = random_feature_variance(100, 110, values, values**0.5, noise=0.1, ridge=1e-6)
        >>> round((found.examples_features + found.noise_features) / found.variance, 2)
        0.93
    """
    values, target = np.asarray(eigenvalues, dtype=np.float64), np.asarray(coefficients, dtype=np.float64)
    if values.shape != target.shape or not np.isfinite(target).all() or not (noise >= 0 and math.isfinite(noise)):
        raise BadInput(
            f"a variance by source needs a finite coefficient for each eigenvalue and a noise of at least 0, got "
            f"shapes {values.shape} and {target.shape}, and {noise}."
        )
    gamma, _ = feature_ridges(n, k, values, ridge=ridge)
    learned, energy = values / (values + gamma), np.square(target)
    z, q = float(learned.sum()), float(np.square(learned).sum())
    bias = float((np.square(1 - learned) * energy).sum())
    features = (z - q) / (k - q) * float((learned * (1 - learned) * energy).sum())
    of_features = (q * (k - 2 * z) + z**2) / (k - q)
    alone, both = q / (n - q), of_features / (n - of_features)
    return FeatureVariance(
        learned=learned,
        bias=bias,
        features=features,
        examples=bias * alone,
        examples_features=(bias + features) * both - bias * alone,
        noise=noise * alone,
        noise_features=noise * (both - alone),
    )
