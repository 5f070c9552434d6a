"""Examples with both labels among others that can be separated: is there still one direction that descent goes to?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.methods.computation import Found
from phenoscope.methods.logistic_flow import logistic_flow
from phenoscope.theory import largest_margin
from phenoscope.theory.margins import angle

SETTLED = math.log(2)
"""The output of an example that has its own label twice and the other one once: there ⅔ and ⅓ are answered."""
LONGEST = 400
"""Doublings of the time."""


@spec
class AmbiguousDescent:
    """Gradient flow on the logistic loss where a few examples stand twice with their label and once with the other.

    No classifier is right on all. Theory (Ji and Telgarsky 2018, arXiv:1803.07300) splits the weights: in the span of
    the ambiguous examples they come to the minimum that these have alone, which is an output of log 2 for each, and at
    right angles to it they grow along one ray, the largest margin of the other examples with that span taken out of
    them (`theory.largest_margin`). Inputs are divided by their root mean square length and have no bias. The flow is
    integrated in the logarithm of time; step k of the record is the time 2^k over the largest curvature at 0.

    `norm` is ‖w‖, `growth` is γ Δ`norm` / Δ log t with that margin γ (where all examples are ambiguous, that of their
    own labels), `angle` that of the part of w beyond the span to the ray, `angle to the plain margin` that of w to the
    largest margin without the ambiguous examples and with nothing taken out, and `unsettled` the largest distance of an
    ambiguous example's output from log 2.

    Attributes:
        data: with two sides, which can be separated.
        ambiguous: examples that have both labels, all independent of each other.
        both: false to leave them with their own label: then all can be separated.
        start: standard deviation of a coordinate of the weights at the start.
        steps: doublings of the time.
        seed: of data and start.
    """

    data: Dataset
    ambiguous: int = 3
    both: bool = True
    start: float = 0.0
    steps: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.ambiguous < 1 or self.start < 0 or not 2 <= self.steps <= LONGEST or self.data.outputs != 1:
            raise BadInput(
                f"a descent with ambiguous examples needs one, a start of at least 0, 2 to {LONGEST} doublings, and "
                f"targets that are one number, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        found: dict[str, str] = dict.fromkeys(("norm", "growth", "unsettled"), "1")
        return found | dict.fromkeys(("angle", "angle to the plain margin"), "radian")

    def readings(self) -> Iterator[Found]:
        z, count = self._examples(), self.ambiguous
        beyond = self._beyond(z)
        every = count == len(z)
        settles = every and self.both  # nothing is left that could grow
        plain = largest_margin(z if every else z[count:])
        ray = plain if settles else largest_margin((z[count:] if self.both else z) @ beyond)
        before = 0.0
        for step, (_, w) in enumerate(self._flow(z)):
            away = beyond @ w
            found = {"norm": float(np.linalg.norm(w)), "unsettled": float(np.abs(z[:count] @ w - SETTLED).max())}
            if step:
                found["growth"] = ray.value * (found["norm"] - before) / math.log(2)
            before = found["norm"]
            if not settles:
                found["angle"] = angle(away, ray.direction)
                found["angle to the plain margin"] = angle(w, plain.direction)
            yield Found(step, found)

    def _examples(self) -> np.ndarray:
        """zᵢ = yᵢ xᵢ, (n, d)."""
        drawn = self.data.draw(stream(self.seed, "data")).train
        x, y = drawn.inputs.flatten(1).double().numpy(), drawn.targets.double().numpy().reshape(-1)
        independent = self.ambiguous <= len(x) and np.linalg.matrix_rank(x[: self.ambiguous]) == self.ambiguous
        if not independent or largest_margin(y[:, None] * x).value == 0:
            raise BadInput(
                f"{self.ambiguous} ambiguous examples must be independent of each other, and all {len(x)} must be "
                "separable without a bias. Take fewer examples, or other classes."
            )
        return y[:, None] * x / math.sqrt(np.square(x).sum(axis=1).mean())

    def _beyond(self, z: np.ndarray) -> np.ndarray:
        """The projection on what is at right angles to the ambiguous examples."""
        if not self.both:
            return np.eye(z.shape[1])
        span = np.linalg.qr(z[: self.ambiguous].T)[0]
        return np.eye(z.shape[1]) - span @ span.T

    def _flow(self, z: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        doubled = (np.arange(len(z)) < self.ambiguous) * float(self.both)
        weights, against = (1 + doubled) / len(z), doubled / len(z)
        drawn = torch.randn(z.shape[1], generator=stream(self.seed, "start"), dtype=torch.float64).numpy()
        steepest = float(np.linalg.norm(np.sqrt(weights + against)[:, None] * z, 2)) ** 2 / 4
        return logistic_flow(
            z, weights, against=against, scale=1 / steepest, steps=self.steps, start=self.start * drawn
        )
