"""What the peak of double descent is made of: least squares on random features, each factor removed in turn."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Generator

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Draw
from phenoscope.instruments import PeakFactors, peak_factors
from phenoscope.methods.computation import Found
from phenoscope.methods.random_features import RandomFeatures

WITHOUT = ("nothing", "small singular values", "new inputs", "residuals")


@spec
class PeakAblation:
    """Least squares of the smallest norm on random features of real data, with its three factors, or with one removed.

    The test error is a sum over singular directions of the training features, of 1/σᵢ times the test features along
    vᵢ times the residuals along uᵢ (`instruments.peak_factors`), and of what has no direction. Residuals are those of
    the best linear fit to the test examples. Removed are, by name, "small singular values": those below `floor` of the
    largest are dropped from the fit; "new inputs": the test is at the inputs of the training, with their right labels;
    "residuals": training labels are what that best linear fit gives.

    `error` is the mean over test examples of the squared distance from the true class; `largest inverse` is 1/σ of the
    weakest direction of the data, `test along it` the root mean square of the test features along it, `residual along
    it` the norm of the residuals along it, and `share of the weakest` its part in what all directions make of the
    residuals. Each is the median over `steps` draws of features.

    Attributes:
        data: what is learned from; its `train` is n, swept as "data.train".
        features: P.
        without: "nothing", "small singular values", "new inputs" or "residuals".
        floor: below which singular values are small, over the largest.
        steps: draws of features.
        seed: of the data and the features.
    """

    data: Dataset
    features: int = 100
    without: str = "nothing"
    floor: float = 0.03
    steps: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("without", self.without, WITHOUT)
        _ = self._plain  # refuses what it cannot use
        if not 0 < self.floor < 1:
            raise BadInput(f"the floor is a share of the largest singular value, between 0 and 1, got {self.floor}.")

    @property
    def units(self) -> Mapping[str, str]:
        names = ("error", "largest inverse", "test along it", "residual along it", "share of the weakest")
        return dict.fromkeys(names, "1")

    @property
    def _plain(self) -> RandomFeatures:
        return RandomFeatures(self.data, self.features, steps=self.steps, seed=self.seed)

    def readings(self) -> Iterator[Found]:
        draw, generator = self.data.draw(stream(self.seed, "data")), stream(self.seed, "features")
        if len(draw.test) <= self.features:
            raise BadInput(f"the best linear fit needs more test examples than features, got {len(draw.test)}.")
        found: list[tuple[float, ...]] = []
        for number in range(self.steps):
            factors = self.factors(draw, generator)
            share = float(factors.parts[0] / factors.parts.sum()) if float(factors.parts.sum()) else 0.0
            weakest = (factors.inverses, factors.test, factors.residuals)
            found.append((factors.value, *(float(each[0]) for each in weakest), share))
            if number + 1 < self.steps:
                yield Found(number + 1, {})
        yield Found(self.steps, dict(zip(self.units, np.median(found, axis=0).tolist(), strict=True)))

    def factors(self, draw: Draw, generator: Generator) -> PeakFactors:
        """Those of one draw of features.

        Args:
            draw: of the data.
            generator: of the features.
        """
        problem = self._plain.problem(draw, generator)
        train, test, targets, truth = map(
            torch.from_numpy, (problem.train, problem.test, problem.targets, problem.truth)
        )
        best = torch.linalg.lstsq(test, truth, driver="gelsd").solution
        if self.without == "small singular values":
            left, values, right = torch.linalg.svd(train, full_matrices=False)
            train = (left * values * (values >= self.floor * values[0])) @ right
        if self.without == "new inputs":
            test, truth = train, self._right(problem.mean)
        if self.without == "residuals":
            targets = train @ best
        return peak_factors(train, targets, test, truth, best)

    def _right(self, mean: np.ndarray) -> torch.Tensor:
        """The right labels of the training examples, less the mean of the noisy ones."""
        clean = dataclasses.replace(self.data, label_noise=0.0).draw(stream(self.seed, "data")).train
        return torch.from_numpy(np.eye(self.data.outputs)[clean.targets.numpy()] - mean)
