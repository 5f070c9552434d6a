"""How far is a model of finite size from the infinite one? Random features against the kernel that they sample."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Draw
from phenoscope.methods.computation import Found
from phenoscope.methods.random_features import RandomFeatures
from phenoscope.theory import infinite, infinite_kernel


@spec
class FeatureLimit:
    """Random features of real data, as in `RandomFeatures`, and what they lack of infinitely many.

    With ever more features the fit of the smallest norm becomes interpolation with the kernel of a ReLU network with
    one infinitely wide hidden layer, which is known in closed form (Cho and Saul 2009). `limit loss` is the test loss
    of that, `test loss` the mean over `steps` draws of P features on the seed's data, and `excess` what the second is
    above the first: the asymptote is computed, and no fit chooses it.

    Attributes:
        data: what is learned from.
        features: P.
        steps: draws of features.
        seed: of the data and the features.
    """

    data: Dataset
    features: int
    steps: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        _ = self._plain  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return {"test loss": "1", "limit loss": "1", "excess": "1"}

    @property
    def _plain(self) -> RandomFeatures:
        return RandomFeatures(self.data, self.features, steps=self.steps, seed=self.seed)

    def readings(self) -> Iterator[Found]:
        draw, generator = self.data.draw(stream(self.seed, "data")), stream(self.seed, "features")
        if not len(draw.test):
            raise BadInput("random features are judged on test examples, and these data have none. Give `test`.")
        limit, found = self.limit(draw), np.empty(self.steps)
        for number in range(self.steps):
            problem = self._plain.problem(draw, generator)
            made = problem.test @ np.linalg.lstsq(problem.train, problem.targets, rcond=None)[0]
            found[number] = np.square(made - problem.truth).sum(axis=1).mean()
            if number + 1 < self.steps:
                yield Found(number + 1, {})
        loss = float(found.mean())
        error = float(found.std(ddof=1)) / math.sqrt(self.steps) if self.steps > 1 else math.nan
        values = {"test loss": loss, "limit loss": limit, "excess": loss - limit}
        yield Found(self.steps, values | {f"{name}.standard error": error for name in ("test loss", "excess")})

    def limit(self, draw: Draw) -> float:
        """The test loss of infinitely many features.

        Args:
            draw: of the data.
        """
        problem = RandomFeatures(self.data, 1).problem(draw, stream(self.seed, "labels"))  # for its targets alone
        layers = [infinite.dense(), infinite.relu(), infinite.dense()]
        train, test = (part.inputs.flatten(1).double() for part in (draw.train, draw.test))
        here, there = (infinite_kernel(layers, part, train, kind="nngp").numpy() for part in (train, test))
        made = there @ np.linalg.solve(here, problem.targets)
        return float(np.square(made - problem.truth).sum(axis=1).mean())
