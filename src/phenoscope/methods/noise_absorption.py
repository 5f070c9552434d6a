"""Where does an exact fit put the noise of its labels? Regression on a circle, split into signal and noise."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.methods.computation import Found
from phenoscope.methods.drawing import normal

LOWEST, FAVOUR = 2, 10.0
"""The frequencies of the signal, and how much more their waves weigh than others."""
GRID = 4
"""Places of the circle for each of the highest waves, so that every frequency is seen."""


@spec
class NoiseAbsorption:
    """Regression on waves around a circle: what its noise alone becomes, between the examples, by frequency.

    n inputs lie on a circle of circumference 1, each in an arc of its own, uniform over half of it: no gap is so large
    that the fit rules it alone. The features are a constant and the sine and cosine of every frequency k up to
    (P - 1)/2, each times (1 + k)^-`falloff`, and up to k = 2 times 10: what has weight is what the smallest norm takes
    first. The fit
    is linear in the labels, ŷ = S (f + ε), so the prediction is that of the signal f, two low waves of variance 1
    together, plus that of the noise ε alone, which is what is read, on a fine grid.

    `noise energy` is the mean square of S ε over the circle, and `high share` the share of it in frequencies above n/2,
    beyond which n even examples would tell no waves apart; `expected noise energy` is the mean of ‖s(x)‖², the exact
    mean over noise of variance 1 for the inputs that were drawn, and `expected high share` its share. `signal error`
    is the mean square of S f - f. Energies are in units of the noise's variance, and means over draws.

    Attributes:
        features: P, odd.
        examples: n.
        falloff: of the weights with frequency; 0 makes all waves alike.
        ridge: in units of the largest squared singular value; 0 is the smallest norm.
        steps: draws of inputs and noise.
        seed: of all that is drawn.
    """

    features: int
    examples: int = 61
    falloff: float = 0.0
    ridge: float = 0.0
    steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        counted = self.features >= 1 and self.features % 2 == 1 and self.examples >= 2 and self.steps >= 1
        if not counted or min(self.falloff, self.ridge) < 0:
            raise BadInput(
                "regression on waves needs an odd number of features, 2 examples and 1 draw at least, "
                f"and a falloff and ridge of at least 0, got {self}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        share = "share of the energy"
        return {
            "noise energy": "noise variance",
            "high share": share,
            "expected noise energy": "noise variance",
            "expected high share": share,
            "signal error": "1",
        }

    def readings(self) -> Iterator[Found]:
        generator = stream(self.seed, "draws")
        found: list[tuple[float, ...]] = []
        for number in range(self.steps):
            found.append(self._one(generator))
            if number + 1 < self.steps:
                yield Found(number + 1, {})
        energy, high, expected, expected_high, bias = np.mean(found, axis=0).tolist()
        numbers = (energy, high / energy, expected, expected_high / expected, bias)
        yield Found(self.steps, dict(zip(self.units, numbers, strict=True)))

    def smoother(self, inputs: np.ndarray, places: np.ndarray) -> np.ndarray:
        """S, from labels at the inputs to predictions at the places, (places, inputs).

        Args:
            inputs: where the labels are, on the circle.
            places: where predictions are made.
        """
        left, values, right = np.linalg.svd(self._waves(inputs), full_matrices=False)
        kept = values > 1e-10 * values[0]
        left, values, right = left[:, kept], values[kept], right[kept]
        gains = values / (values**2 + self.ridge * values[0] ** 2)
        return self._waves(places) @ right.T * gains @ left.T

    def _waves(self, places: np.ndarray) -> np.ndarray:
        """(places, P), weighted."""
        waves = np.arange(1, (self.features - 1) // 2 + 1)
        weights, angles = (1.0 + waves) ** -self.falloff, 2 * math.pi * places[:, None] * waves
        weights[:LOWEST] *= FAVOUR
        return np.hstack([np.full((len(places), 1), FAVOUR), weights * np.cos(angles), weights * np.sin(angles)])

    def _one(self, generator: torch.Generator) -> tuple[float, ...]:
        """Energies of one draw, all and high, measured and expected; and what the signal lacks."""
        apart = torch.rand(self.examples, generator=generator, dtype=torch.float64).numpy() / 2
        inputs = (np.arange(self.examples) + apart) / self.examples
        errors = normal((self.examples,), generator)
        count = GRID * max(self.features, self.examples)
        places = np.arange(count) / count
        smoother = self.smoother(inputs, places)
        made, expected = _spectrum(smoother @ errors[:, None]), _spectrum(smoother)
        high = np.arange(len(made)) > self.examples / 2
        bias = np.square(smoother @ _signal(inputs) - _signal(places)).mean()
        return (
            float(made.sum()),
            float(made[high].sum()),
            float(expected.sum()),
            float(expected[high].sum()),
            float(bias),
        )


def _signal(places: np.ndarray) -> np.ndarray:
    return np.sin(2 * math.pi * places) + np.cos(4 * math.pi * places)


def _spectrum(curves: np.ndarray) -> np.ndarray:
    """Mean squares by frequency, summed over curves: (frequencies,) of (places, curves)."""
    waves = np.square(np.abs(np.fft.rfft(curves, axis=0))).sum(axis=1) / len(curves) ** 2
    waves[1:] *= 2  # each stands for itself and its mirror image; the last one, of the grid, has nothing
    return waves
