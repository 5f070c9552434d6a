"""How many parameters does a model with P of them use? Random features as smoothers of their labels."""

from collections.abc import Iterator, Mapping

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset
from phenoscope.methods.computation import Found
from phenoscope.methods.random_features import RandomFeatures


@spec
class FeatureSmoother:
    """Random features of real data, as in `RandomFeatures`, with the parameters that their predictions make use of.

    A prediction is a sum over training labels, ŷ(x) = ⟨s(x), y⟩, and n times the mean of ‖s(x)‖² is how many
    parameters a model fitted by least squares on that many examples would need to be as changeable (Curth, Jeffares
    and van der Schaar 2023, arXiv:2310.18988). `effective parameters` are those at test inputs, `effective parameters
    in training` those at training inputs: the rank, without a ridge. `test loss` is as in `RandomFeatures`; each is the
    median over `steps` draws of features on the seed's data.

    Attributes:
        data: what is learned from.
        features: P.
        ridge: in units of the largest squared singular value; 0 is the smallest norm.
        steps: draws of features.
        seed: of the data and the features.
    """

    data: Dataset
    features: int
    ridge: float = 0.0
    steps: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.ridge >= 0:
            raise BadInput(f"the ridge is at least 0, got {self.ridge}.")
        _ = self._plain  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return {"test loss": "1", "effective parameters": "1", "effective parameters in training": "1"}

    @property
    def _plain(self) -> RandomFeatures:
        return RandomFeatures(self.data, self.features, steps=self.steps, seed=self.seed)

    def readings(self) -> Iterator[Found]:
        draw, generator = self.data.draw(stream(self.seed, "data")), stream(self.seed, "features")
        if not len(draw.test):
            raise BadInput("a smoother is judged on test examples, and these data have none. Give `test`.")
        found: list[tuple[float, float, float]] = []
        for number in range(self.steps):
            problem = self._plain.problem(draw, generator)
            smoother = self._smoother(problem.train)
            there, here = problem.test @ smoother, problem.train @ smoother
            loss = np.square(there @ problem.targets - problem.truth).sum(axis=1).mean()
            found.append((float(loss), float(np.square(there).sum() * len(here) / len(there)), np.square(here).sum()))
            if number + 1 < self.steps:
                yield Found(number + 1, {})
        yield Found(self.steps, dict(zip(self.units, np.median(found, axis=0).tolist(), strict=True)))

    def _smoother(self, train: np.ndarray) -> np.ndarray:
        """From labels to weights, (P, n)."""
        left, values, right = np.linalg.svd(train, full_matrices=False)
        kept = values > 1e-10 * values[0]
        left, values, right = left[:, kept], values[kept], right[kept]
        return (right.T * (values / (values**2 + self.ridge * values[0] ** 2))) @ left.T
