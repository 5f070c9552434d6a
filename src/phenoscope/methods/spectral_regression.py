"""Least squares that fits its noise exactly, on features of several spectra: is that harmless, or how bad is it?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.drawing import normal
from phenoscope.theory import effective_ranks, ridge_risk

SPECTRA = ("spikes", "power", "exponential")


@spec
class SpectralRegression:
    """Regression of the smallest norm on n examples with more features than those, Gaussian with a given spectrum.

    The eigenvalues of their covariance are

    - "spikes": 5 of 1, then n^`growth` small ones that are all alike and sum to 1: many directions, each unimportant;
    - "power": i^-`decay`, for i up to 20 n;
    - "exponential": e^(-`decay` i), for i up to n + 30/`decay`.

    The target is the sum of the first 5 features, each divided by its standard deviation and √5, so that it explains a
    variance of 1; noise comes on top. `risk` is the excess risk of the estimate, in closed form of each draw's
    estimate, as the mean over draws; `predicted risk` is `theory.ridge_risk`; `rank risk` is σ² (k*/n + n/R), which the
    variance follows up to a constant, from `theory.effective_ranks`, where there is one.

    Attributes:
        examples: n.
        spectrum: "spikes", "power" or "exponential".
        decay: of the eigenvalues.
        growth: of the number of small ones with n, above 1.
        noise: σ².
        ridge: δ of ‖y - Xθ‖² + δ n ‖θ‖²; 0 is the smallest norm.
        steps: draws.
        seed: of all that is drawn.
    """

    examples: int
    spectrum: str = "spikes"
    decay: float = 2.0
    growth: float = 1.5
    noise: float = 0.25
    ridge: float = 0.0
    steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("spectrum", self.spectrum, SPECTRA)
        if self.examples < 5 or self.steps < 2 or not self.decay > 0 or not self.growth > 1:
            raise BadInput(f"it needs 5 examples, 2 draws, a positive decay and a growth above 1, got {self}.")
        if min(self.noise, self.ridge) < 0:
            raise BadInput(f"noise and ridge are at least 0, got {self.noise} and {self.ridge}.")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("risk", "predicted risk", "rank risk"), "1")

    @property
    def eigenvalues(self) -> np.ndarray:
        """Those of the covariance, in falling order, (p,)."""
        n = self.examples
        if self.spectrum == "spikes":
            small = round(n**self.growth)
            return np.concatenate([np.ones(5), np.full(small, 1 / small)])
        if self.spectrum == "power":
            return np.arange(1, 20 * n + 1) ** -self.decay
        return np.exp(-self.decay * np.arange(1, n + math.ceil(30 / self.decay) + 1))

    def readings(self) -> Iterator[Found]:
        generator, values = stream(self.seed, "draws"), self.eigenvalues
        target = np.zeros(len(values))
        target[:5] = 1 / np.sqrt(5 * values[:5])
        risks = np.empty(self.steps)
        for draw in range(self.steps):
            x = normal((self.examples, len(values)), generator) * np.sqrt(values)
            y = x @ target + math.sqrt(self.noise) * normal((self.examples,), generator)
            risks[draw] = (values * np.square(self._estimate(x, y) - target)).sum()
            if draw + 1 < self.steps:
                yield Found(draw + 1, {})
        n, (count, _, spread) = self.examples, effective_ranks(values, n=self.examples)
        found = {
            "risk": float(risks.mean()),
            "risk.standard error": float(risks.std(ddof=1)) / math.sqrt(self.steps),
            "predicted risk": ridge_risk(n, values, target, noise=self.noise, ridge=self.ridge * n),
        }
        if spread:  # else no tail is long enough
            found["rank risk"] = self.noise * (count / n + n / spread)
        yield Found(self.steps, found)

    def _estimate(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """By the singular values, since those of an exponential spectrum reach far down."""
        basis, triangle = np.linalg.qr(x.T)  # first to a square one, which is several times faster
        left, values, right = np.linalg.svd(triangle.T)
        return basis @ (right.T @ (values / (values**2 + self.ridge * self.examples) * (left.T @ y)))
