"""Linear regression on random features of real data: the simplest model that grows from too small to far too large."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Generator

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Draw
from phenoscope.methods.computation import Found

FITS = ("smallest norm", "tuned ridge", "stopped early", "elsewhere")
RIDGES = np.logspace(-8, 2, 61)
"""Tried by leaving out one example at a time, in units of the largest squared singular value."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """Features of the training and test examples, with targets less their training mean.

    Attributes:
        train, test: (n, P) and (m, P).
        targets, truth: (n, K) and (m, K).
        mean: (K,), of the training targets.
    """

    train: np.ndarray
    test: np.ndarray
    targets: np.ndarray
    truth: np.ndarray
    mean: np.ndarray


@spec
class RandomFeatures:
    """Least squares from P random ReLU features onto classes, on n examples; each seed draws data and features.

    A feature is max(0, ⟨w, x⟩) with w normal and x divided by its root mean length; all are divided by √P. Targets are
    1 for the class and 0 for the others, less their mean over the training labels. Training labels may be noisy
    (`data.label_noise`), those of the test are not. The model fits its data exactly from P = n features on, whatever
    the number of classes, since each has its own weights.

    `test loss` is the mean over test examples of the squared distance from the true class, `test error` the share of
    them whose largest output is another class, `train loss` the former on the noisy training labels, and `norm` the
    squared length of all weights; each is the median over `steps` draws of features on the seed's data.

    Attributes:
        data: what is learned from.
        features: P.
        fit: "smallest norm", of all that fit best; "tuned ridge", by leaving out one example at a time; "stopped
            early", gradient flow until the `time`; "elsewhere", the fit that gradient descent comes to from normal
            weights of standard deviation `start`, instead of from 0.
        time: of the flow, in units of the inverse of the largest squared singular value.
        start: where the fit is elsewhere.
        steps: draws of features.
        seed: of the data and the features.
    """

    data: Dataset
    features: int
    fit: str = "smallest norm"
    time: float = 1000.0
    start: float = 3.0
    steps: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("fit", self.fit, FITS)
        if min(self.features, self.steps) < 1 or not self.time > 0 or self.start < 0 or self.data.outputs < 2:
            raise BadInput(
                "random features need at least 1 feature, 1 draw and 2 classes, a positive time and no negative "
                f"start, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return {"test loss": "1", "test error": "share of examples", "train loss": "1", "norm": "1"}

    def readings(self) -> Iterator[Found]:
        draw, generator = self.data.draw(stream(self.seed, "data")), stream(self.seed, "features")
        if not len(draw.test):
            raise BadInput("random features are judged on test examples, and these data have none. Give `test`.")
        found: list[tuple[float, ...]] = []
        for number in range(self.steps):
            problem = self.problem(draw, generator)
            found.append(_judged(problem, self._weights(problem, generator)))
            if number + 1 < self.steps:
                yield Found(number + 1, {})
        yield Found(self.steps, dict(zip(self.units, np.median(found, axis=0).tolist(), strict=True)))

    def problem(self, draw: Draw, generator: Generator) -> Problem:
        """Features and targets of one draw of features.

        Args:
            draw: of the data.
            generator: of the features.
        """
        train, test = draw.train, draw.test
        inputs, held = (part.inputs.flatten(1).double().numpy() for part in (train, test))
        size = math.sqrt(np.square(inputs).sum(axis=1).mean())
        drawn = torch.randn(inputs.shape[1], self.features, generator=generator, dtype=torch.float64).numpy()
        maps = [np.maximum(part / size @ drawn, 0) / math.sqrt(self.features) for part in (inputs, held)]
        labels = [np.eye(self.data.outputs)[part.targets.numpy()] for part in (train, test)]
        mean = labels[0].mean(axis=0)
        return Problem(maps[0], maps[1], labels[0] - mean, labels[1] - mean, mean)

    def _weights(self, problem: Problem, generator: Generator) -> np.ndarray:
        """(P, K), by a filter on the singular values."""
        left, values, right = np.linalg.svd(problem.train, full_matrices=False)
        kept = values > 1e-10 * values[0]
        left, values, right = left[:, kept], values[kept], right[kept]
        begun = np.zeros((self.features, problem.targets.shape[1]))
        if self.fit == "elsewhere":
            begun += self.start * torch.randn(begun.shape, generator=generator, dtype=torch.float64).numpy()
        if self.fit == "tuned ridge":
            gains = values / (values**2 + _tuned(left, values, problem.targets))
        elif self.fit == "stopped early":
            gains = -np.expm1(-self.time * (values / values[0]) ** 2) / values
        else:
            gains = 1 / values
        return begun + right.T @ (gains[:, None] * (left.T @ (problem.targets - problem.train @ begun)))


def _tuned(left: np.ndarray, values: np.ndarray, targets: np.ndarray) -> float:
    """The ridge with the smallest error on examples left out: each residual over 1 less its own leverage."""
    seen, best, found = left.T @ targets, math.inf, 0.0
    for ridge in RIDGES * values[0] ** 2:
        shrunk = values**2 / (values**2 + ridge)
        leverage = np.square(left) @ shrunk
        error = np.square((targets - left @ (shrunk[:, None] * seen)) / (1 - leverage)[:, None]).mean()
        if error < best:
            best, found = error, float(ridge)
    return found


def _judged(problem: Problem, weights: np.ndarray) -> tuple[float, ...]:
    """Test loss, test error, train loss and norm."""
    outputs = problem.test @ weights
    wrong = (outputs + problem.mean).argmax(axis=1) != problem.truth.argmax(axis=1)
    losses = [float(np.square(made - wanted).sum(axis=1).mean()) for made, wanted in
              ((outputs, problem.truth), (problem.train @ weights, problem.targets))]  # fmt: skip
    return losses[0], float(wrong.mean()), losses[1], float(np.square(weights).sum())
