"""Least squares past the point where it fits exactly: the risk of the estimates themselves, draw by draw."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.theory import optimal_ridge, ridgeless_risk


@spec
class LeastSquares:
    """Linear regression on n examples with p independent standard features, many times over, with its exact risk.

    The target is ⟨θ, x⟩ with ‖θ‖² = `signal` along all features there are, plus noise. There are p of them that the
    regression sees; with a `decay` a > 0 it sees those that matter most of more, so that the first p carry
    1 - (1 + p/n)^-a of the signal, and the rest acts as noise. Each draw takes new features, noise and direction of θ.
    The risk of an estimate is ‖θ̂ - θ‖², without error, since the features are independent: no test examples are drawn.

    `risk` is its mean over draws and `median risk` the median, which few draws near n = p do not rule. Beside it stands
    what theory says, where that is finite: `exact risk` of this estimate, `exact risk of the smallest norm`
    (`theory.ridgeless_risk`), and `risk by one numerator`, a formula in circulation that has n in the numerator of the
    variance on both sides of n = p.

    Attributes:
        features: p.
        examples: n.
        noise: σ², its variance.
        signal: ‖θ‖².
        decay: a; 0 shows the regression all features.
        tuned: whether it has the best ridge (`theory.optimal_ridge`), instead of the estimate of the smallest norm.
        start: the root mean square coordinate of the point that gradient descent starts from: what of that no example
            touches is kept. 0 is the smallest norm.
        steps: draws.
        seed: of all that is drawn.
    """

    features: int
    examples: int = 60
    noise: float = 0.25
    signal: float = 1.0
    decay: float = 0.0
    tuned: bool = False
    start: float = 0.0
    steps: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        counted = self.features >= 1 and self.examples >= 1 and self.steps >= 2
        if not counted or not self.signal > 0 or min(self.noise, self.decay, self.start) < 0:
            raise BadInput(
                "least squares needs features, examples and 2 draws at least, a signal above 0, and noise, decay and "
                f"start of at least 0, got {self}."
            )
        if self.tuned and self.start > 0:
            raise BadInput("a ridge regression has no start: leave `tuned` or `start` out.")

    @property
    def units(self) -> Mapping[str, str]:
        names = ["risk", "median risk", "norm"]
        if not self.tuned:
            names += ["exact risk", "exact risk of the smallest norm", "risk by one numerator"]
        return dict.fromkeys(names, "1")

    @property
    def omitted(self) -> float:
        """What of ‖θ‖² lies in features that are not seen."""
        return self.signal * (1 + self.features / self.examples) ** -self.decay if self.decay else 0.0

    @property
    def least(self) -> float:
        """The expected risk of the estimate of the smallest norm."""
        seen = self.signal - self.omitted
        return ridgeless_risk(self.examples, self.features, signal=seen, noise=self.noise, omitted=self.omitted)

    def readings(self) -> Iterator[Found]:
        generator = stream(self.seed, "draws")
        risks, norms = np.empty(self.steps), np.empty(self.steps)
        for draw in range(self.steps):
            risks[draw], norms[draw] = self._one(generator)
            if draw % 20 == 19 and draw + 1 < self.steps:
                yield Found(draw + 1, {})
        values = {
            "risk": float(risks.mean()),
            "risk.standard error": float(risks.std(ddof=1)) / math.sqrt(self.steps),
            "median risk": float(np.median(risks)),
            "norm": float(np.median(norms)),
        }
        yield Found(self.steps, values | self._theory())

    def _one(self, generator: torch.Generator) -> tuple[float, float]:
        """The risk and the squared norm of one estimate."""
        n, p = self.examples, self.features
        drawn = torch.randn(n * (p + 1) + 2 * p, generator=generator, dtype=torch.float64).numpy()
        x, errors, theta, start = np.split(drawn, [n * p, n * (p + 1), n * (p + 1) + p])
        x, start = x.reshape(n, p), self.start * start
        theta = theta * math.sqrt(self.signal - self.omitted) / np.linalg.norm(theta)
        # what is omitted is a sum over features of its own, so it is one more independent noise
        y = x @ theta + math.sqrt(self.noise + self.omitted) * errors
        if self.tuned:
            ridge = optimal_ridge(p, signal=self.signal - self.omitted, noise=self.noise + self.omitted)
            found = _ridge(x, y, ridge)
        else:
            found = start + np.linalg.lstsq(x, y - x @ start, rcond=None)[0]
        return float(np.square(found - theta).sum()) + self.omitted, float(np.square(found).sum())

    def _theory(self) -> dict[str, float]:
        if self.tuned or not math.isfinite(self.least):
            return {}
        n, p, spread = self.examples, self.features, self.noise + self.omitted
        return {
            "exact risk": self.least + self.start**2 * max(0, p - n),  # the share 1 - n/p of the start is kept
            "exact risk of the smallest norm": self.least,
            "risk by one numerator": self.omitted + spread * n / (n - p - 1) if p < n - 1 else self.least,
        }


def _ridge(x: np.ndarray, y: np.ndarray, ridge: float) -> np.ndarray:
    """On the smaller side; without noise the ridge is 0, and the estimate that of the smallest norm."""
    if ridge == 0:
        return np.linalg.lstsq(x, y, rcond=None)[0]
    n, p = x.shape
    if p <= n:
        return np.linalg.solve(x.T @ x + ridge * np.eye(p), x.T @ y)
    return x.T @ np.linalg.solve(x @ x.T + ridge * np.eye(n), y)
