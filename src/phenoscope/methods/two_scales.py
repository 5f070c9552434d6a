"""Linear regression on features of two scales, along gradient descent: the test error may fall twice."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.drawing import normal
from phenoscope.theory import descent_risk


@spec
class TwoScales:
    """Gradient flow from 0 on linear regression with many features of variance 1 and a few of a smaller variance.

    The target takes `signal` from the large features together and `slow_signal` from the small ones, measured by what
    of its variance they explain; noise comes on top. All modes of one scale are learned, and their noise is fitted, in
    the time of one over their variance, so the few small ones come later. Reading k is at the time
    0.1 · (1000 · ratio)^(k/steps), long enough for both.

    `risk` is the excess risk in closed form of the flow on each draw's own examples, averaged over draws, and
    `predicted risk` what theory says of many examples (`theory.descent_risk`).

    Attributes:
        examples: n.
        features, slow_features: how many of each scale.
        ratio: of the variances, at least 1; 1 makes one scale of both.
        signal, slow_signal: explained variance.
        noise: σ².
        matched: whether each feature is descended at a rate of one over its variance, so that all take one time.
        draws: of examples and directions.
        steps: readings after the one at the start.
        seed: of all that is drawn.
    """

    examples: int = 1000
    features: int = 50
    slow_features: int = 5
    ratio: float = 1000.0
    signal: float = 1.0
    slow_signal: float = 0.5
    noise: float = 10.0
    matched: bool = False
    draws: int = 40
    steps: int = 80
    seed: int = 0

    def __post_init__(self) -> None:
        counted = min(self.examples, self.features, self.slow_features, self.steps) >= 1 and self.draws >= 2
        if not counted or not self.ratio >= 1 or min(self.signal, self.slow_signal, self.noise) < 0:
            raise BadInput(
                "two scales need examples, features of both and 2 draws at least, a ratio of at least 1, and signals "
                f"and noise of at least 0, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("risk", "predicted risk"), "1")

    @property
    def times(self) -> np.ndarray:
        """Of the readings, (steps + 1,)."""
        return 0.1 * (1000.0 * self.ratio) ** (np.arange(self.steps + 1) / self.steps)

    @property
    def modes(self) -> tuple[np.ndarray, np.ndarray]:
        """The variance of each feature, and what of the target's it explains, (p,) each."""
        counts = [self.features, self.slow_features]
        explained = np.repeat([self.signal / self.features, self.slow_signal / self.slow_features], counts)
        return np.repeat([1.0, 1 / self.ratio], counts), explained

    def readings(self) -> Iterator[Found]:
        times, (values, explained) = self.times, self.modes
        rates = 1 / values if self.matched else np.ones_like(values)
        generator = stream(self.seed, "draws")
        target = np.sqrt(explained / values)
        # a rate of each feature's own is the flow on features scaled by its root
        scale = np.sqrt(values * rates)
        risks = np.stack([self._one(scale, np.sqrt(explained), times, generator) for _ in range(self.draws)])
        predicted = descent_risk(self.examples, values, target, times, noise=self.noise, rates=rates)
        mean, error = risks.mean(axis=0), risks.std(axis=0, ddof=1) / math.sqrt(self.draws)
        for step, numbers in enumerate(zip(mean.tolist(), error.tolist(), predicted.tolist(), strict=True)):
            yield Found(step, dict(zip(("risk", "risk.standard error", "predicted risk"), numbers, strict=True)))

    def _one(
        self, scale: np.ndarray, explained: np.ndarray, times: np.ndarray, generator: torch.Generator
    ) -> np.ndarray:
        """The risk of one draw at each time, (m,), on features of these standard deviations, (p,)."""
        n, p = self.examples, len(scale)
        x, errors = normal((n, p), generator) * scale, normal((n,), generator)
        theta = explained * np.sign(normal((p,), generator)) / scale
        speeds, modes = np.linalg.eigh(x.T @ x / n)
        speeds = speeds.clip(min=np.finfo(float).tiny)
        toward = modes.T @ (x.T @ (x @ theta + math.sqrt(self.noise) * errors)) / n
        paths = -np.expm1(-np.outer(times, speeds)) / speeds * toward  # (m, p), along the modes
        return np.square((paths @ modes.T - theta) * scale).sum(axis=1)
