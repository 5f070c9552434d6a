"""Two features of the same examples, or of different ones, learned by descent: does the strong one starve the weak?"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.theory import logistic_responses

COSTS = ("decay", "logit penalty", "squared error")


@spec
class CoupledFeatures:
    """A linear model of a strong and a weak feature, trained by gradient descent from 0, with the minimum beside.

    Each of n examples has the answer s aᵢ θ₁ + bᵢ θ₂, times its label, with s the `strength` of the first feature. Both
    point to the label: a and b are drawn from [½, 1½]. Where they are not `together`, a is 0 in one half of the
    examples and b in the other half. The loss is the mean of log(1 + exp(-answer)), or that of half the squared
    distance of the answer from 1 ("squared error"); to it comes half the `penalty` times ‖θ‖², or times the mean square
    answer ("logit penalty").

    `strong response` and `weak response` are the root mean squares of what the features add to the answers after all
    steps, `predicted weak response` is the latter at the minimum: by the dual (`theory.logistic_responses`) or by the
    normal equations; a penalty on answers does not know how long the features are, so there it is what descent finds
    with s = 1. `slope` is the length of the gradient that is left.

    Attributes:
        strength: s, positive.
        cost: "decay", "logit penalty" or "squared error" (with decay).
        together: whether every example has both features.
        penalty: how much of it.
        examples: n, an even number.
        steps: of descent, each the inverse of the largest possible curvature.
        seed: of the features.
    """

    strength: float = 1.0
    cost: str = "decay"
    together: bool = True
    penalty: float = 0.02
    examples: int = 20
    steps: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("cost", self.cost, COSTS)
        if min(self.strength, self.penalty) <= 0 or self.examples < 4 or self.examples % 2 or self.steps < 1:
            raise BadInput(
                "coupled features need a positive strength and penalty, an even number of at least 4 examples, and a "
                f"step; got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("strong response", "weak response", "predicted weak response"), "logit") | {
            "slope": "loss"
        }

    def readings(self) -> Iterator[Found]:
        """The responses at the end."""
        features = self.features() * np.array([self.strength, 1.0])
        weights, slope = self._descended(features)
        strong, weak = np.sqrt(np.square(features).mean(axis=0)) * weights
        found = {"strong response": strong, "weak response": weak, "predicted weak response": self._predicted(features)}
        yield Found(self.steps, {name: float(value) for name, value in found.items()} | {"slope": slope})

    def features(self) -> np.ndarray:
        """A and b, (n, 2)."""
        drawn = torch.rand(self.examples, 2, generator=stream(self.seed, "features"), dtype=torch.float64)
        found = drawn.numpy() + 0.5
        if not self.together:
            found[: self.examples // 2, 1] = found[self.examples // 2 :, 0] = 0
        return found

    def _predicted(self, features: np.ndarray) -> float:
        """The weak response at the minimum."""
        n, scale = len(features), np.sqrt(np.square(features).mean(axis=0))
        if self.cost == "decay":
            return float(logistic_responses(features, self.penalty)[1])
        if self.cost == "squared error":
            ridge = features.T @ features / n + self.penalty * np.eye(2)
            return float((scale * np.linalg.solve(ridge, features.mean(axis=0)))[1])
        return float((scale * self._descended(features / np.array([self.strength, 1.0]))[0])[1])

    def _descended(self, features: np.ndarray) -> tuple[np.ndarray, float]:
        """The weights after all steps, and the length of the gradient there."""
        n = len(features)
        gram = features.T @ features / n
        shape = gram if self.cost == "logit penalty" else np.eye(2)  # of the penalty's curvature
        bend = 1.0 if self.cost == "squared error" else 0.25
        rate = 1 / np.linalg.eigvalsh(bend * gram + self.penalty * shape)[-1]
        weights = slope = np.zeros(2)
        for _ in range(self.steps):
            answers = features @ weights
            gives = 1 - answers if self.cost == "squared error" else 1 / (1 + np.exp(answers))
            slope = self.penalty * shape @ weights - features.T @ gives / n
            weights = weights - rate * slope
        return weights, float(np.linalg.norm(slope))
