"""Random features over a crossed design of examples, wrong labels and starts: whose doing is the peak?"""

import functools
import itertools
import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Draw
from phenoscope.data.dataset import noisy_labels
from phenoscope.instruments import variance_sources
from phenoscope.methods.computation import Found
from phenoscope.methods.drawing import normal
from phenoscope.theory import infinite, infinite_kernel, random_feature_variance

EXAMPLES, LABELS, START = "examples", "labels", "start"
FACTORS = (EXAMPLES, LABELS, START)
LEAST_RIDGE = 1e-9
"""Of the sum of the kernel's eigenvalues, where the smallest norm is foretold."""
SOURCES = [" and ".join(some) for size in (1, 2, 3) for some in itertools.combinations(FACTORS, size)]
PREDICTED = [
    f"predicted {name}" for name in ("risk", "ensemble risk", "bias", "variance", "variance with start", "interaction")
]  # fmt: skip


@spec
class CrossedFeatures:
    """Least squares on P random ReLU features of n examples, for every combination of draws of three things.

    They are the n `examples`, taken from the training part of the data; which of their `labels` are wrong and how; and
    the `start`, which are the features. The variance of the outputs on the test examples is taken apart by
    `instruments.variance_sources`: the series `variance of ...` are its parts, `variance` their sum, and `variance with
    ...` all of them that one of the three is part of. `bias` is the squared distance of the mean prediction from the
    true class, `risk` that of one prediction, and `ensemble risk` that of the mean prediction over all starts. Outputs
    are 1 for the class and 0 for the others; sums over them, means over test examples.

    Those that begin with `predicted` are what `theory.random_feature_variance` says of many features that are as if
    Gaussian: of the kernel's eigenvalues and the classes on all examples at hand, with none of the draws.

    Attributes:
        data: what examples are taken from, with no label noise of its own.
        features: P.
        examples: n.
        flipped: the share of training labels that are replaced by another class.
        ridge: of the fit, in units of the largest squared singular value; 0 is the smallest norm.
        steps: draws of each of the three.
        seed: of the data and all draws.
    """

    version = 2  # with predictions

    data: Dataset
    features: int
    examples: int = 100
    flipped: float = 0.2
    ridge: float = 0.0
    steps: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.data.label_noise or self.data.outputs < 2 or self.features < 1 or self.examples < 1 or self.steps < 3:
            raise BadInput(
                "crossed features need classes without label noise of their own, a feature, an example, and 3 draws at "
                f"least, got {self}."
            )
        if not 0 <= self.flipped <= 1 or self.ridge < 0:
            raise BadInput(
                f"`flipped` is a share of the labels and `ridge` at least 0, got {self.flipped}, {self.ridge}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        whole = ["risk", "ensemble risk", "bias", "variance", *(f"variance with {factor}" for factor in FACTORS)]
        return dict.fromkeys([*whole, *(f"variance of {source}" for source in SOURCES), *PREDICTED], "1")

    def readings(self) -> Iterator[Found]:
        draw = self.data.draw(stream(self.seed, "data"))
        if len(draw.train) < self.examples or not len(draw.test):
            raise BadInput(
                f"{self.examples} examples are to be taken from {len(draw.train)} and judged on {len(draw.test)}. Give "
                "`train` and `test` of the data more."
            )
        truth = torch.nn.functional.one_hot(draw.test.targets, self.data.outputs).double()
        found: list[torch.Tensor] = []
        for number in range(self.steps):
            found.append(self._predictions(draw, number))
            if number + 1 < self.steps:
                yield Found(number + 1, {})
        outputs = torch.stack(found)  # (examples, labels, starts, m, K)
        parts = variance_sources(outputs, FACTORS, targets=truth)
        values = {
            "risk": (outputs - truth).square().sum(dim=-1).mean().item(),
            "ensemble risk": (outputs.mean(dim=2) - truth).square().sum(dim=-1).mean().item(),
            "bias": parts.bias, "bias.standard error": parts.bias_error,
            "variance": parts.value, "variance.standard error": parts.standard_error,
        }  # fmt: skip
        values |= {f"variance with {factor}": parts.involving(factor) for factor in FACTORS}
        values |= {f"variance of {' and '.join(source)}": part for source, part in parts.parts.items()}
        values |= {f"variance of {' and '.join(s)}.standard error": error for s, error in parts.errors.items()}
        yield Found(self.steps, values | self._predicted())

    def _predicted(self) -> dict[str, float]:
        """What is foretold; `interaction` is what examples and features make together, with the labels or without."""
        values, target, constant = _spectrum(self.data, self.seed)
        others = self.data.outputs - 1
        kept, spread = 1 - self.flipped * (1 + 1 / others), self.flipped / others
        learned = kept * target + spread * constant[:, None]  # the mean of the labels that are met
        noise = 1 - (1 - self.flipped) ** 2 - self.flipped**2 / others
        ridge = max(self.ridge * self.examples * float(values[0]), LEAST_RIDGE * float(values.sum()))
        energy = np.sqrt(np.square(learned).sum(axis=1))
        parts = random_feature_variance(self.examples, self.features, values, energy, noise=noise, ridge=ridge)
        bias = float(np.square(target - parts.learned[:, None] * learned).sum())
        found = {
            "risk": bias + parts.variance,
            "ensemble risk": bias + parts.variance - (1 - 1 / self.steps) * parts.with_features,
            "bias": bias,
            "variance": parts.variance,
            "variance with start": parts.with_features,
            "interaction": parts.examples_features + parts.noise_features,
        }
        return {f"predicted {name}": value for name, value in found.items()}

    def _predictions(self, draw: Draw, number: int) -> torch.Tensor:
        """On the test examples, after one draw of training examples: (labels, starts, m, K)."""
        chosen = torch.randperm(len(draw.train), generator=stream(self.seed, EXAMPLES, number))[: self.examples]
        train, classes = draw.train.take(chosen), self.data.outputs
        inputs, held = (part.inputs.flatten(1).double().numpy() for part in (train, draw.test))
        whole = draw.train.inputs.flatten(1).double()
        size = whole.square().sum(dim=1).mean().sqrt().item()
        labels = [
            noisy_labels(
                train.targets, classes=classes, fraction=self.flipped, generator=stream(self.seed, LABELS, level)
            )
            for level in range(self.steps)
        ]
        targets = np.concatenate([np.eye(classes)[one.numpy()] for one in labels], axis=1)  # (n, labels · K)
        made = []
        for level in range(self.steps):
            generator = stream(self.seed, START, level)
            drawn = normal((inputs.shape[1], self.features), generator)
            here, there = (np.maximum(part @ drawn, 0) / (size * math.sqrt(self.features)) for part in (inputs, held))
            made.append((there @ self._weights(here, targets)).reshape(len(held), self.steps, classes))
        return torch.from_numpy(np.stack(made)).permute(2, 0, 1, 3)

    def _weights(self, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
        left, values, right = np.linalg.svd(features, full_matrices=False)
        kept = values > 1e-10 * values[0]
        left, values, right = left[:, kept], values[kept], right[kept]
        gains = values / (values**2 + self.ridge * values[0] ** 2)
        return right.T @ (gains[:, None] * (left.T @ targets))


@functools.lru_cache(maxsize=16)
def _spectrum(data: Dataset, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the features' kernel on all examples at hand: eigenvalues (m,), and along its eigenfunctions of norm one the
    classes (m, K) and the constant function (m,). The members of a sweep share it.
    """
    draw = data.draw(stream(seed, "data"))
    inputs = torch.cat([part.inputs.flatten(1).double() for part in (draw.train, draw.test)])
    size = draw.train.inputs.flatten(1).double().square().sum(dim=1).mean().sqrt()
    layers = [infinite.dense(math.sqrt(inputs.shape[1])), infinite.relu(), infinite.dense()]
    kernel = infinite_kernel(layers, inputs / size, kind="nngp")
    values, vectors = torch.linalg.eigh(kernel / len(inputs))
    kept = values > 1e-12 * values[-1]
    values, functions = values[kept].flip(0), vectors[:, kept].flip(1) / math.sqrt(len(inputs))
    classes = torch.nn.functional.one_hot(torch.cat([draw.train.targets, draw.test.targets]), data.outputs).double()
    return values.numpy(), (functions.T @ classes).numpy(), functions.sum(dim=0).numpy()
