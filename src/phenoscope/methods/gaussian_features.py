"""Random features of Gaussian inputs: a linear model inside a larger one, and so two sizes at which it just fits."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.polynomial.hermite_e import hermegauss

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.drawing import normal
from phenoscope.theory import random_feature_risk

FUNCTIONS = {"tanh": np.tanh, "abs": lambda z: np.abs(z) - math.sqrt(2 / math.pi), "identity": lambda z: z}
"""Without a mean over normal numbers."""
HELD_OUT, BEYOND = 500, 20_000
"""Test examples; and eigenvalues that stand for the infinitely many of the nonlinear part."""


@spec
class GaussianFeatures:
    """Ridge regression on P features φ(⟨w, x⟩/√D) of n inputs with D standard normal entries; w is normal, too.

    The target is ⟨β, x⟩ with ‖β‖ = 1, plus noise. The features hold a linear model with D inputs, of the strength of
    φ's linear part, and a nonlinear rest that looks like noise to it: so the test error can peak both at n = D, where
    the linear part just fits, and at n = P, where all features do. The fit minimises ‖y - Fa‖² + δ‖a‖², where F are the
    features over √P. `risk` is the mean over draws of the mean squared distance from the target on test inputs, and
    `predicted risk` what `theory.random_feature_risk` says of the eigenvalues of φ's kernel, for one member.

    Attributes:
        examples: n.
        features: P.
        dimensions: D.
        function: φ, "tanh", "abs" (less its mean) or "identity".
        noise: variance of the noise.
        ridge: δ, above 0.
        members: predictions of so many draws of w are averaged.
        steps: draws.
        seed: of all that is drawn.
    """

    examples: int
    features: int = 200
    dimensions: int = 20
    function: str = "tanh"
    noise: float = 1.0
    ridge: float = 1e-4
    members: int = 1
    steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("function", self.function, tuple(FUNCTIONS))
        if min(self.examples, self.features, self.dimensions, self.members, self.steps - 1) < 1:
            raise BadInput(
                f"Gaussian features need an example, a feature, a dimension, a member and 2 draws, got {self}."
            )
        if self.noise < 0 or not self.ridge > 0:
            raise BadInput(f"the noise must be at least 0 and the ridge above 0, got {self.noise} and {self.ridge}.")

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("risk", "predicted risk") if self.members == 1 else ("risk",), "1")

    @property
    def parts(self) -> tuple[float, float]:
        """The variance of φ of a normal number that is linear, and the rest of it."""
        places, weights = hermegauss(200)
        weights = weights / weights.sum()
        values = FUNCTIONS[self.function](places)
        linear = float((weights * values * places).sum()) ** 2
        return linear, max(0.0, float((weights * values**2).sum()) - linear)

    def readings(self) -> Iterator[Found]:
        generator, risks = stream(self.seed, "draws"), np.empty(self.steps)
        for draw in range(self.steps):
            risks[draw] = self._one(generator)
            if draw + 1 < self.steps:
                yield Found(draw + 1, {})
        found = {"risk": float(risks.mean()), "risk.standard error": float(risks.std(ddof=1)) / math.sqrt(self.steps)}
        if self.members == 1:
            found["predicted risk"] = self._predicted()
        yield Found(self.steps, found)

    def _one(self, generator: torch.Generator) -> float:
        n, d = self.examples, self.dimensions
        beta = normal((d,), generator)
        beta /= np.linalg.norm(beta)
        inputs, held = normal((n, d), generator), normal((HELD_OUT, d), generator)
        targets = inputs @ beta + math.sqrt(self.noise) * normal((n,), generator)
        made = np.mean([self._member(inputs, held, targets, generator) for _ in range(self.members)], axis=0)
        return float(np.square(made - held @ beta).mean())

    def _member(
        self, inputs: np.ndarray, held: np.ndarray, targets: np.ndarray, generator: torch.Generator
    ) -> np.ndarray:
        """The predictions with one draw of w, (m,)."""
        weights = normal((self.dimensions, self.features), generator) / math.sqrt(self.dimensions)
        here, there = (FUNCTIONS[self.function](part @ weights) / math.sqrt(self.features) for part in (inputs, held))
        n, p = here.shape
        if p <= n:
            return there @ np.linalg.solve(here.T @ here + self.ridge * np.eye(p), here.T @ targets)
        return there @ (here.T @ np.linalg.solve(here @ here.T + self.ridge * np.eye(n), targets))

    def _predicted(self) -> float:
        (linear, rest), d = self.parts, self.dimensions
        values = np.full(d, max(linear, 1e-12) / d)
        target = np.full(d, 1 / math.sqrt(d))
        if rest > 1e-9:
            values = np.concatenate([values, np.full(BEYOND, rest / BEYOND)])
            target = np.concatenate([target, np.zeros(BEYOND)])
        order = np.argsort(-values, kind="stable")
        return random_feature_risk(
            self.examples, self.features, values[order], target[order], noise=self.noise, ridge=self.ridge
        )
