"""A regression with fewer examples than inputs, fitted by any rule and in any metric: which solution is it?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.methods.computation import Found
from phenoscope.training.rules import Rule

METRICS = ("plain", "population", "sample")
DAMPING = 0.01
"""Added to a covariance, in units of its mean eigenvalue."""


@spec
class InterpolatingDescent:
    """Any rule on ‖Xβ - y‖² / 2n with the inputs that vary most, scaled so that the largest curvature is 1.

    With the metric "plain" the rule gets the gradient; with "population" the gradient times the inverse covariance of
    inputs in the test part (natural gradient of a model with Gaussian errors), with "sample" that of the training
    inputs, both with 0.01 of their mean eigenvalue added. The start is normal. Step k of the record comes after 2^k
    updates.

    `relative loss` is the loss over that of β = 0, `distance` that from the solution nearest to the start (of least
    squares, where examples are many), over its distance from the start; `foretold distance` the same for the solution
    that is nearest in the metric; `outside` the share of the way from the start that no combination of training inputs
    makes; `test error` the mean square error on the test part, and `error ratio` that over the one of the solution
    nearest to the start.

    Attributes:
        data: with a test part; targets are one number.
        rule: that makes the updates; rates are in units of one over the largest curvature.
        metric: one of the above.
        inputs: that vary most in the test part.
        start: standard deviation of a coordinate of the start, in units of that of the shortest solution.
        steps: doublings of the updates.
        seed: of data and start.
    """

    data: Dataset
    rule: Rule
    metric: str = "plain"
    inputs: int = 40
    start: float = 0.5
    steps: int = 13
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("metric", self.metric, METRICS)
        fits = 1 <= self.inputs <= math.prod(self.data.shape) and self.data.outputs == 1
        if not fits or self.start < 0 or self.steps < 1:
            raise BadInput(
                "an interpolating descent needs no more inputs than there are, a start of at least 0, a doubling, and "
                f"targets that are one number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        names = ("relative loss", "distance", "foretold distance", "outside", "test error", "error ratio")
        return dict.fromkeys(names, "1")

    def problem(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """X (n, d) and y of training, the test inputs and targets in the same units, and the start."""
        draw = self.data.draw(stream(self.seed, "data"))
        parts = [(each.inputs.flatten(1).double().numpy(), each.targets.double().numpy().reshape(-1))
                 for each in (draw.train, draw.test)]  # fmt: skip
        (x, y), (others, answers) = parts
        chosen = np.sort(np.argsort(-others.var(axis=0), kind="stable")[: self.inputs])
        scale = np.linalg.norm(x[:, chosen], 2) / math.sqrt(len(y))
        x, others = x[:, chosen] / scale, others[:, chosen] / scale
        shortest = np.linalg.lstsq(x, y, rcond=None)[0]
        drawn = torch.randn(self.inputs, generator=stream(self.seed, "start"), dtype=torch.float64).numpy()
        return x, y, others, answers, self.start * drawn * float(np.sqrt(np.square(shortest).mean()))

    def readings(self) -> Iterator[Found]:
        x, y, others, answers, start = self.problem()
        inverse = self._inverse(x, others)
        near, foretold = (_nearest(x, y, start, metric) for metric in (np.eye(self.inputs), inverse))
        points = torch.from_numpy(start)[None]
        memory, done = self.rule.init(points), 0
        inputs, targets, metric = (torch.from_numpy(each) for each in (x, y, inverse))
        for step in range(self.steps + 1):
            for count in range(done, 2**step):
                gradient = (points @ inputs.mT - targets) @ inputs / len(y) @ metric
                points, memory = self.rule.update(gradient, points, memory, count)
            done, beta = 2**step, points[0].numpy()
            moved, size = beta - start, float(np.linalg.norm(near - start))
            inside = np.linalg.pinv(x) @ (x @ moved)
            found = {
                "relative loss": float(np.square(x @ beta - y).sum() / np.square(y).sum()),
                "distance": float(np.linalg.norm(beta - near)) / size,
                "foretold distance": float(np.linalg.norm(beta - foretold)) / size,
                "outside": float(np.linalg.norm(moved - inside) / np.linalg.norm(moved)),
                "test error": (error := float(np.square(others @ beta - answers).mean())),
                "error ratio": error / float(np.square(others @ near - answers).mean()),
            }
            yield Found(step, {name: value for name, value in found.items() if math.isfinite(value)})

    def _inverse(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        """What the gradient is multiplied by, its largest curvature 1 again."""
        if self.metric == "plain":
            return np.eye(self.inputs)
        seen = others if self.metric == "population" else x
        covariance = seen.T @ seen / len(seen)
        inverse = np.linalg.inv(covariance + DAMPING * np.trace(covariance) / self.inputs * np.eye(self.inputs))
        return inverse / np.linalg.norm(x @ inverse @ x.T / len(x), 2)


def _nearest(x: np.ndarray, y: np.ndarray, start: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """The solution of Xβ = y, or of least squares, with the least (β - β₀)ᵀ M (β - β₀), given the inverse of M."""
    root = np.linalg.cholesky(inverse)
    return start + root @ np.linalg.lstsq(x @ root, y - x @ start, rcond=1e-10)[0]
