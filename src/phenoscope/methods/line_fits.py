"""Fits of noisy labels on a line by their neighbours and by kernels: what is left of the noise with more examples?"""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.drawing import normal

FITS = ("nearest", "several nearest", "laplace", "gaussian")
PLACES = 400
"""At which fits are judged, in the middle eight tenths of the line, where no end is near."""
WORST = 1e13
"""The condition number beyond which a kernel's matrix cannot be solved for in float64."""


@spec
class LineFit:
    """Regression of sin 2πx with noise on n inputs between 0 and 1, by a rule that is linear in its labels.

    Inputs are uniform on the line, or, where they are even, each is uniform over half of an nth part of its own: then
    no two are very near each other, and no gap is large.

    Rules: "nearest", the label of the nearest example; "several nearest", the mean of the ⌈log n⌉ nearest, which no
    longer fits; "laplace" and "gaussian", the interpolation of smallest norm with the kernels exp(-|x - x'|/ℓ) and
    exp(-(x - x')²/2ℓ²), or with a ridge δ n on their diagonal. ŷ(x) = ⟨s(x), y⟩, so the excess risk is known exactly
    but for the inputs: σ² times the mean of ‖s(x)‖², and the square of what the rule makes of the signal less the
    signal. `risk` is that of the labels that were drawn, `expected risk` the exact mean over their noise, each the
    median over draws, and `limit risk` what the latter comes to with many examples and no ridge: σ² for the nearest,
    σ²/k for k of them, and 2σ²/3 for Laplace's kernel, which between two neighbours that are near each other is a
    straight line, t² + (1 - t)² on average; a Gaussian one has no limit.

    Attributes:
        examples: n.
        fit: the rule.
        length: ℓ of the kernels.
        ridge: δ.
        even: whether inputs are spread evenly.
        noise: σ².
        steps: draws.
        seed: of all that is drawn.
    """

    examples: int
    fit: str = "nearest"
    length: float = 0.2
    ridge: float = 0.0
    even: bool = False
    noise: float = 0.25
    steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("fit", self.fit, FITS)
        if self.examples < 2 or self.steps < 1 or not self.length > 0 or not self.noise > 0:
            raise BadInput(f"fits on a line need 2 examples, a draw, and a length and noise above 0, got {self}.")
        if self.ridge < 0 or (self.ridge > 0 and "nearest" in self.fit):
            raise BadInput(f"the ridge is at least 0, and for kernels alone, got {self.ridge} with {self.fit!r}.")

    @property
    def units(self) -> Mapping[str, str]:
        names = ("risk", "expected risk", *(("limit risk",) if math.isfinite(self.limit) else ()))
        return dict.fromkeys(names, "1")

    @property
    def neighbours(self) -> int:
        """K."""
        return 1 if self.fit == "nearest" else math.ceil(math.log(self.examples))

    @property
    def limit(self) -> float:
        """The excess risk of many examples; nan where it has none, or with a ridge."""
        if self.fit == "gaussian" or self.ridge:
            return math.nan
        return self.noise * (2 / 3 if self.fit == "laplace" else 1 / self.neighbours)

    def readings(self) -> Iterator[Found]:
        generator, found = stream(self.seed, "draws"), []
        places = np.linspace(0.1, 0.9, PLACES)
        for number in range(self.steps):
            inputs = torch.rand(self.examples, generator=generator, dtype=torch.float64).numpy()
            if self.even:
                inputs = (np.arange(self.examples) + inputs / 2) / self.examples
            errors = math.sqrt(self.noise) * normal((self.examples,), generator)
            rule = self.rule(inputs, places)
            bias = rule @ np.sin(2 * math.pi * inputs) - np.sin(2 * math.pi * places)
            expected = np.square(bias).mean() + self.noise * np.square(rule).sum(axis=1).mean()
            found.append((np.square(bias + rule @ errors).mean(), expected))
            if number + 1 < self.steps:
                yield Found(number + 1, {})
        # two examples too near for their kernel's matrix to be solved for make a fit that is worse than any other
        risk, mean = np.median(np.nan_to_num(found, nan=math.inf), axis=0).tolist()
        limit = {"limit risk": self.limit} if math.isfinite(self.limit) else {}
        yield Found(self.steps, {"risk": risk, "expected risk": mean, **limit})

    def rule(self, inputs: np.ndarray, places: np.ndarray) -> np.ndarray:
        """s, from labels at the inputs to predictions at the places, (places, inputs).

        Args:
            inputs: where the labels are.
            places: where predictions are made.
        """
        apart = np.abs(places[:, None] - inputs)
        if "nearest" in self.fit:
            chosen = np.argsort(apart, axis=1)[:, : self.neighbours]
            made = np.zeros(apart.shape)
            np.put_along_axis(made, chosen, 1 / self.neighbours, axis=1)
            return made
        here = self._kernel(np.abs(inputs[:, None] - inputs)) + self.ridge * len(inputs) * np.eye(len(inputs))
        if np.linalg.cond(here) > WORST:
            return np.full(apart.shape, math.nan)
        return np.linalg.solve(here, self._kernel(apart).T).T

    def _kernel(self, apart: np.ndarray) -> np.ndarray:
        scaled = apart / self.length
        return np.exp(-scaled if self.fit == "laplace" else -np.square(scaled) / 2)
