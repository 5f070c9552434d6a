"""Supermasks: networks that are good at a task without their weights having been trained, only chosen."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Draw
from phenoscope.methods.computation import Found
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import Adam, Recipe, train

CRITERIA: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "large final, same sign": lambda first, last: torch.where(first * last > 0, last.abs(), 0.0),
    "large final": lambda first, last: last.abs(),
    "magnitude increase": lambda first, last: last.abs() - first.abs(),
    "movement": lambda first, last: (last - first).abs(),
    "large start": lambda first, last: first.abs(),
    "chance": lambda first, last: torch.zeros_like(first),
}
"""What is to be kept, by a weight's first and last value; equal ones are decided by chance."""
WEIGHTS = ("normal", "constant")


def largest_share(scores: Tensor, share: float) -> Tensor:
    """True at the largest scores, as many as the share says; of equal ones the first."""
    kept = torch.zeros(scores.numel(), dtype=torch.bool)
    kept[scores.flatten().argsort(descending=True, stable=True)[: round(share * scores.numel())]] = True
    return kept.reshape(scores.shape)


@spec
class Supermask:
    """A mask taken from a training, put on the weights that the training began with.

    Source: Zhou et al. 2019, Deconstructing lottery tickets, arXiv:1905.01067.

    Series, once: "untrained accuracy", the share of right answers on test examples of the first weights under the mask;
    "constant accuracy", the same with each of these weights at the root mean square of its layer, signs kept; "trained
    accuracy" of the network that was trained.

    Attributes:
        data: what is learned.
        criterion: a name in `CRITERIA`.
        kept: the share of each layer's weights that stays.
        width, depth: of the hidden layers; there are no biases.
        steps: of the training.
        seed: of everything.
    """

    data: Dataset
    criterion: str = "large final, same sign"
    kept: float = 0.3
    width: int = 100
    depth: int = 2
    steps: int = 300
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("the criterion of a supermask", self.criterion, CRITERIA)
        _check(self.kept, self.steps)
        _ = self.recipe  # refuses what it cannot use

    @property
    def units(self) -> Mapping[str, str]:
        return dict.fromkeys(("untrained accuracy", "constant accuracy", "trained accuracy"), "share of examples")

    @property
    def recipe(self) -> Recipe:
        """The training."""
        model = UniformMLP(self.width, self.depth, "relu", bias=False, init="he")
        return Recipe(self.data, model, CrossEntropy(), Adam(0.003), self.steps, seed=self.seed, batch=100)

    def readings(self) -> Iterator[Found]:
        """One finding, when the training is over."""
        begun = state = None
        for state in train([self.recipe]):
            begun = begun or state
            if 0 < state.step < self.steps:
                yield Found(state.step, {})
        assert begun is not None
        assert state is not None
        layout, generator = state.landscape.network.layout, stream(self.seed, "mask")
        first, last = (list(layout.unravel(each.points[0]).values()) for each in (begun, state))
        masks = [self._mask(*pair, generator) for pair in zip(first, last, strict=True)]
        draw = state.landscape.draws[0]
        sizes = [layer.square().mean().sqrt() * layer.sign() for layer in first]
        found = [_right([w * m for w, m in zip(layers, masks, strict=True)], draw) for layers in (first, sizes)]
        yield Found(self.steps, dict(zip(self.units, (*found, _right(last, draw)), strict=True)))

    def _mask(self, first: Tensor, last: Tensor, generator: Generator) -> Tensor:
        order = torch.randperm(first.numel(), generator=generator)  # so that ties fall by chance
        scores = CRITERIA[self.criterion](first, last).flatten()[order]
        kept = torch.empty(first.numel(), dtype=torch.bool)
        kept[order] = largest_share(scores, self.kept)
        return kept.reshape(first.shape)


@spec
class EdgePopup:
    """A subnetwork of random weights, found by descent on a score for each weight.

    Source: Ramanujan et al. 2019, What's hidden in a randomly weighted neural network?, arXiv:1911.13299.

    Forward, each layer keeps the weights with the largest scores; backward, a score gets the gradient of its weight
    times the weight, as if it were a factor of it. The weights stay as they are drawn: "normal", or "constant" in size
    with random signs, of variance 2 over the fan-in that is kept. There are no biases.

    Series, along the search: "test accuracy", of the network that is kept; once, at its end: "changed weights", how
    many are not what they were drawn as.

    Attributes:
        data: what is learned.
        kept: the share of each layer's weights that stays.
        width, depth: of the hidden layers.
        weights: "constant" or "normal".
        rate: of Adam on the scores.
        batch: examples a step.
        steps: of the search.
        seed: of everything.
    """

    data: Dataset
    kept: float = 0.5
    width: int = 200
    depth: int = 2
    weights: str = "constant"
    rate: float = 0.01
    batch: int = 100
    steps: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("the weights of a subnetwork", self.weights, WEIGHTS)
        _check(self.kept, self.steps)
        if min(self.width, self.depth, self.batch) < 1 or self.rate <= 0:
            raise BadInput(f"a search needs units, layers, examples and a positive rate, got {self}.")

    @property
    def units(self) -> Mapping[str, str]:
        return {"test accuracy": "share of examples", "changed weights": "weights"}

    def readings(self) -> Iterator[Found]:
        """Ten readings on the way, and the last one."""
        draw, layers = self.data.draw(stream(self.seed, "data")), self.drawn()
        before = [layer.clone() for layer in layers]
        generator, order = stream(self.seed, "scores"), stream(self.seed, "order")
        scores = [torch.rand(layer.shape, generator=generator).requires_grad_() for layer in layers]
        optimizer = torch.optim.Adam(scores, lr=self.rate)
        examples = draw.train
        for step in range(self.steps + 1):
            if step % max(1, self.steps // 10) == 0 or step == self.steps:
                kept = [w * largest_share(s.detach(), self.kept) for w, s in zip(layers, scores, strict=True)]
                found = {"test accuracy": _right(kept, draw)}
                yield Found(step, found if step < self.steps else found | {"changed weights": _changed(layers, before)})
            chosen = torch.randint(len(examples), (self.batch,), generator=order)
            passed = [w * self._straight(s) for w, s in zip(layers, scores, strict=True)]
            loss = cross_entropy(_outputs(passed, examples.inputs[chosen].flatten(1)), examples.targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def drawn(self) -> list[Tensor]:
        """The random weights, layer by layer."""
        generator, layers = stream(self.seed, "initialisation"), []
        sizes = [self.data.draw(stream(self.seed, "data")).train.inputs[0].numel(), *[self.width] * self.depth]
        for before, after in zip(sizes, [*sizes[1:], self.data.outputs], strict=True):
            drawn = torch.randn(after, before, generator=generator)
            scale = (2 / (before * max(self.kept, 1 / before))) ** 0.5
            layers.append(scale * (drawn if self.weights == "normal" else drawn.sign()))
        return layers

    def _straight(self, scores: Tensor) -> Tensor:
        """1 and 0 forward, the scores backward."""
        return largest_share(scores.detach(), self.kept) + (scores - scores.detach())


def _check(kept: float, steps: int) -> None:
    if not 0 < kept <= 1 or steps < 1:
        raise BadInput(f"a subnetwork keeps a share above 0 and at most 1, and takes steps, got {kept} and {steps}.")


def _changed(layers: list[Tensor], before: list[Tensor]) -> float:
    return float(sum(int((now != then).sum()) for now, then in zip(layers, before, strict=True)))


def _outputs(layers: list[Tensor], inputs: Tensor) -> Tensor:
    """A rectified network without biases."""
    for layer in layers[:-1]:
        inputs = (inputs @ layer.T).relu()
    return inputs @ layers[-1].T


def _right(layers: list[Tensor], draw: Draw) -> float:
    """The share of right answers on the test examples."""
    with torch.no_grad():
        outputs = _outputs(layers, draw.test.inputs.flatten(1).to(layers[0]))
    return float((outputs.argmax(dim=1) == draw.test.targets).double().mean())
