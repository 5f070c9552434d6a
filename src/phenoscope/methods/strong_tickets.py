"""Strong tickets: networks that are found in random ones by removing weights, and never trained.

A wanted weight is made as the sum of some of k random numbers. There are 2ᵏ sums, and all of them are looked at.
"""

import itertools
import math
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Examples
from phenoscope.methods.computation import Found
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import Adam, Recipe, train

NUMBERS = ("products", "uniform", "normal")
SUBSETS = ("any", "one", "all")
MOST = 20
SPARE = 4
"""Units drawn for each candidate, so that enough of them have a weight of the sign that is needed."""


def best_subsets(
    wanted: Float[Tensor, " t"], numbers: Float[Tensor, "t k"], subsets: str = "any"
) -> Bool[Tensor, "t k"]:
    """Of each row of numbers the subset whose sum is nearest to what is wanted, among all that there are.

    Args:
        wanted: one target a row.
        numbers: k candidates a row, at most 20.
        subsets: "any" of the 2ᵏ, the empty one too; "one" number only; or "all" of them, which is no choice.

    Example:
        >>> best_subsets(torch.tensor([0.5]), torch.tensor([[0.9, -0.4, 0.2]])).tolist()
        [[True, True, False]]
    """
    one_of("subsets", subsets, SUBSETS)
    count = numbers.shape[1]
    if count > MOST:
        raise BadInput(f"all subsets of at most {MOST} numbers can be looked at, got {count}.")
    if subsets == "any":
        codes = torch.arange(2**count)[:, None] >> torch.arange(count) & 1
    else:
        codes = torch.eye(count, dtype=torch.long) if subsets == "one" else torch.ones(1, count, dtype=torch.long)
    best = torch.empty(len(wanted), dtype=torch.long)
    rows = max(1, 2**22 // len(codes))
    for start in range(0, len(wanted), rows):
        part = slice(start, start + rows)
        sums = numbers[part] @ codes.T.to(numbers)
        best[part] = (sums - wanted[part, None]).abs().argmin(dim=1)
    return codes[best].bool()


@spec
class SubsetSums:
    """How nearly a random number is the sum of some of k others, as the median of many draws.

    Series, once: "error", the median distance of a target from its nearest sum, and "log error", its logarithm of base
    2. Targets are uniform in [-½, ½].

    Attributes:
        candidates: k.
        numbers: "products" of two uniform numbers in [-1, 1] each, as weights on a path through a unit are; "uniform"
            in [-1, 1]; or "normal" with the deviation of such products, 1/3.
        subsets: as in `best_subsets`; "one" is the control.
        steps: draws, each of a target and its candidates.
        seed: of all draws.
    """

    candidates: int = 8
    numbers: str = "products"
    subsets: str = "any"
    steps: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("numbers", self.numbers, NUMBERS)
        one_of("subsets", self.subsets, SUBSETS)
        if self.steps < 1 or not 1 <= self.candidates <= MOST:
            raise BadInput(f"subsets need a draw, and 1 to {MOST} candidates, got {self}.")

    @property
    def units(self) -> Mapping[str, str]:
        return {"error": "weights", "log error": "bits"}

    def readings(self) -> Iterator[Found]:
        """One finding, of all draws."""
        generator = stream(self.seed, "subsets", self.candidates)
        wanted = _uniform((self.steps,), generator) / 2
        shape = (self.steps, self.candidates)
        if self.numbers == "normal":
            numbers = torch.randn(shape, generator=generator, dtype=torch.float64) / 3
        else:
            numbers = _uniform(shape, generator)
            numbers = numbers * _uniform(shape, generator) if self.numbers == "products" else numbers
        chosen = best_subsets(wanted, numbers, self.subsets)
        error = float(((numbers * chosen).sum(dim=1) - wanted).abs().median())
        yield Found(self.steps, {"error": error, "log error": math.log2(error)})


@spec
class PrunedToTarget:
    """A small trained network, found again in a random one by removing weights.

    The target has one hidden layer of rectifiers and no biases, is trained on the data, and has its layers divided by
    four times their largest weight, which leaves its answers as they are. The random network has three hidden layers:
    4k units for each input, as many as the target's hidden layer, and 4k for each of those; all its weights are uniform
    in [-1, 1]. Each unit of the first of these layers keeps its weight from one input, and each of the third from one
    unit below. Units with a positive weight there pass on what is above 0 of it, those with a negative one what is
    below; the first k of either kind are the candidates, and of their weights to a unit above those stay whose products
    add up most nearly to the target's weight (Malach et al. 2020, arXiv:2002.00585; Pensia et al. 2020,
    arXiv:2006.07990).

    Series, once: "relative error", the root mean square distance of the outputs on test inputs, over the root mean
    square length of the target's; "log error", its logarithm of base 2; "lost accuracy" on those; "kept share" of the
    random weights; "changed weights", how many of those kept are not what they were drawn as; "overhead", weights of
    the random network over those of the target.

    Attributes:
        data: what the target learns; with flat inputs.
        candidates: k.
        width: of the target's hidden layer.
        subsets: as in `best_subsets`; "random" keeps as many of the candidates by chance.
        steps: of the target's training.
        seed: of everything.
    """

    data: Dataset
    candidates: int = 10
    width: int = 8
    subsets: str = "any"
    steps: int = 300
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("subsets", self.subsets, (*SUBSETS, "random"))
        if min(self.steps, self.width) < 1 or not 1 <= self.candidates <= MOST or len(self.data.shape) != 1:
            raise BadInput(f"a target needs steps, units, flat inputs, and 1 to {MOST} candidates, got {self}.")

    @property
    def units(self) -> Mapping[str, str]:
        shares = {"lost accuracy": "share of examples", "kept share": "share of weights"}
        return {"relative error": "1", "log error": "bits", "changed weights": "weights", "overhead": "1"} | shares

    @property
    def recipe(self) -> Recipe:
        """The target's training."""
        model = MLP((self.width,), "relu", bias=False, init="he")
        return Recipe(self.data, model, CrossEntropy(), Adam(0.01), self.steps, seed=self.seed, dtype="float64")

    def readings(self) -> Iterator[Found]:
        """One finding, when the target is trained and found again."""
        state = None
        for state in train([self.recipe]):
            if state.step and state.step < self.steps:
                yield Found(state.step, {})
        assert state is not None
        layers = state.landscape.network.layout.unravel(state.points[0])
        target = [value / (4 * value.abs().max()) for value in layers.values()]
        test = state.landscape.draws[0].test
        if not len(test):
            raise BadInput("a target is judged on test examples, and these data have none. Give `test`.")
        drawn = self._drawn(target)
        yield Found(self.steps, self._judged(target, drawn, self._masks(drawn, target), test))

    def _drawn(self, target: list[Tensor]) -> list[Tensor]:
        """The weights of the random network, layer by layer."""
        (hidden, inputs), outputs = target[0].shape, len(target[1])
        widths = (inputs, SPARE * self.candidates * inputs, hidden, SPARE * self.candidates * hidden, outputs)
        generator = stream(self.seed, "random network", self.candidates)
        return [_uniform((after, before), generator) for before, after in itertools.pairwise(widths)]

    def _masks(self, drawn: list[Tensor], target: list[Tensor]) -> list[Tensor]:
        generator = stream(self.seed, "mask", self.candidates)
        first = self._pair((drawn[0], drawn[1]), target[0], (1, -1), generator)
        return first + self._pair((drawn[2], drawn[3]), target[1], (1,), generator)  # rectified: nothing is below 0

    def _pair(
        self, layers: tuple[Tensor, Tensor], wanted: Tensor, signs: tuple[int, ...], generator: Generator
    ) -> list[Tensor]:
        """Of two layers which weights stay, so that together they are nearly one layer of the target."""
        below, above = layers
        masks = [torch.zeros_like(layer, dtype=torch.bool) for layer in layers]
        group = SPARE * self.candidates
        for source, sign in itertools.product(range(wanted.shape[1]), signs):
            units = torch.arange(source * group, (source + 1) * group)
            units = units[sign * below[units, source] > 0][: self.candidates]
            if len(units):
                chosen = self._chosen(sign * wanted[:, source], above[:, units] * below[units, source].abs(), generator)
                masks[1][:, units] = chosen
                masks[0][units, source] = chosen.any(dim=0)
        return masks

    def _chosen(self, wanted: Tensor, products: Tensor, generator: Generator) -> Tensor:
        if self.subsets == "random":
            return torch.rand(products.shape, generator=generator) < 0.5
        return best_subsets(wanted, products, self.subsets)

    def _judged(
        self, target: list[Tensor], drawn: list[Tensor], masks: list[Tensor], test: Examples
    ) -> dict[str, float]:
        pruned = [torch.where(mask, weight, 0.0) for mask, weight in zip(masks, drawn, strict=True)]
        wanted, found = (_run(layers, test.inputs.double()) for layers in (target, pruned))
        distance = float((found - wanted).norm() / wanted.norm())
        right = [float((outputs.argmax(dim=1) == test.targets).double().mean()) for outputs in (wanted, found)]
        total = sum(weight.numel() for weight in drawn)
        changed = sum(int((new[mask] != old[mask]).sum()) for new, old, mask in zip(pruned, drawn, masks, strict=True))
        values = {
            "relative error": distance, "log error": math.log2(distance), "changed weights": changed,
            "overhead": total / sum(weight.numel() for weight in target), "lost accuracy": right[0] - right[1],
            "kept share": sum(int(mask.sum()) for mask in masks) / total,
        }  # fmt: skip
        return {name: float(value) for name, value in values.items()}


def _uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    return 2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1


def _run(layers: list[Tensor], inputs: Tensor) -> Float[Tensor, "n c"]:
    """A rectified network without biases."""
    for layer in layers[:-1]:
        inputs = (inputs @ layer.T).relu()
    return inputs @ layers[-1].T
