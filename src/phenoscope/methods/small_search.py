"""Small networks that fit a few examples, found by descent or without any gradient: do they generalise alike?"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Examples
from phenoscope.methods.computation import Found

WAYS = ("guess", "gradient", "random steps", "pattern", "unfitted")
GUESSES = 10_000
"""Networks that are drawn at a step of guessing."""
TEMPERATURE = 30.0
"""The loss sees outputs of normalised networks times this: at margins that guesses reach it is neither flat nor 0."""
BAND = 0.05
"""A loss matches a level from this part of it below to the level itself."""
CANDIDATES = 4
"""Starts of descent for each solution that is sought: not every one has all examples right at the level."""
DESCENT, LENGTH = 0.005, 0.02
"""The length of a step of gradient descent, and of a random one, beside that of the weights."""
FIRST, SHRINKING, SHORTEST = 2.0, 0.99, 0.004
"""The length of a pattern's first steps, beside the weights' root mean square; its factor after a failure; the last."""


Signed = tuple[Float[Tensor, "n d"], Float[Tensor, " n"]]
"""Inputs, and the signs that their answers should have."""


@dataclasses.dataclass(frozen=True)
class Rows:
    """Networks, one a row: f(x) = Σⱼ vⱼ max(0, ⟨wⱼ, x⟩) with both layers divided by their length.

    Attributes:
        hidden: w, (k, d, h).
        out: v, (k, h).
    """

    hidden: Float[Tensor, "k d h"]
    out: Float[Tensor, "k h"]

    def outputs(self, inputs: Float[Tensor, "n d"]) -> Float[Tensor, "k n"]:
        """F of each network: it is the same for all lengths of its layers."""
        size = self.hidden.flatten(1).norm(dim=1) * self.out.norm(dim=1)
        return torch.einsum("knh,kh->kn", (inputs @ self.hidden).clamp_min(0), self.out) / size[:, None]

    def where(self, chosen: Bool[Tensor, " k"]) -> "Rows":
        return Rows(self.hidden[chosen], self.out[chosen])

    def instead(self, others: "Rows", chosen: Bool[Tensor, " k"]) -> "Rows":
        """The others in the chosen rows."""
        hidden = torch.where(chosen[:, None, None], others.hidden, self.hidden)
        return Rows(hidden, torch.where(chosen[:, None], others.out, self.out))


@spec
class SmallSearch:
    """ReLU networks of one hidden layer without biases that fit all examples at one training loss, found in some way.

    The two classes are ±1. A network that is multiplied by a number is the same classifier with another loss, so its
    layers are divided by their lengths first: the loss is the mean of log(1 + exp(-30 y f)) of the normalised network,
    with inputs of mean length 1. A solution has every example right and a loss at the `level` or at most 5 % below, so
    that ways are compared where they fit equally well.

    "guess" draws all weights from a normal distribution until that is so, without looking at the data in between.
    "gradient" starts from one such draw and goes along the negative gradient in steps of 0.5 % of the weights' length.
    "random steps" of 2 % go anywhere, and are kept where the loss falls. "pattern" tries a step along one random
    weight in both directions, and shortens its steps where neither helps. "unfitted" networks are drawn and kept as
    they are, whatever their loss, for a control.

    `test accuracy`, `margin` (the smallest y f) and `train loss` are means over the solutions, `solutions` their
    number, and `tries` the networks looked at for each of them, or the steps that were allowed. Where there is no
    solution only these two are written.

    Attributes:
        data: of two classes, with test examples.
        way: "guess", "gradient", "random steps", "pattern" or "unfitted".
        level: of the loss.
        width: hidden units.
        solutions: how many are sought at most.
        steps: of 10,000 guesses each, or of descent.
        seed: of the data and the draws.
    """

    data: Dataset
    way: str = "guess"
    level: float = 0.3
    width: int = 8
    solutions: int = 100
    steps: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("way", self.way, WAYS)
        if min(self.width, self.solutions, self.steps) < 1 or not self.level > 0 or self.data.outputs != 2:
            raise BadInput(
                "a search needs two classes, a positive level, and at least 1 unit, solution and step, got "
                f"{self.data.outputs} classes and {self.way!r}, level={self.level}, width={self.width}, "
                f"solutions={self.solutions}, steps={self.steps}."
            )

    @property
    def units(self) -> Mapping[str, str]:
        return {
            "test accuracy": "share of examples", "margin": "1", "train loss": "loss", "solutions": "networks",
            "tries": "1",
        }  # fmt: skip

    def readings(self) -> Iterator[Found]:
        """What is found, at the last step."""
        draw = self.data.draw(stream(self.seed, "data"))
        if not len(draw.test):
            raise BadInput("a search is judged on test examples, and these data have none. Give `test`.")
        scale = draw.train.inputs.flatten(1).norm(dim=1).mean()
        (inputs, signs), test = (_signed(part, scale) for part in (draw.train, draw.test))
        generator, tried = stream(self.seed, "networks"), 0
        found: list[Rows] = []
        for step, (rows, looked_at) in enumerate(self._searched(inputs, signs, generator), start=1):
            found.append(rows)
            tried += looked_at
            if step == self.steps or sum(len(each.out) for each in found) >= self.solutions:
                break
            yield Found(step, {})
        rows = Rows(torch.cat([each.hidden for each in found]), torch.cat([each.out for each in found]))
        yield Found(self.steps, self._told(rows, tried, (inputs, signs), test))

    def _searched(self, inputs: Tensor, signs: Tensor, generator: Generator) -> Iterator[tuple[Rows, int]]:
        """Solutions step by step, and how many networks were looked at for them."""
        fits = self._fits(inputs, signs)
        if self.way == "guess":
            while True:
                rows = self._drawn(GUESSES, inputs.shape[1], generator)
                yield rows.where(fits(rows)), GUESSES
        count = CANDIDATES * self.solutions
        rows = self._drawn(count, inputs.shape[1], generator)
        if self.way == "unfitted":
            yield rows, count
            return
        move = {"gradient": _descended, "random steps": _stepped, "pattern": _patterned}[self.way]
        length = torch.full((count,), FIRST)
        for step in range(self.steps):
            open_still = loss_of(rows, inputs, signs) > self.level
            if not bool(open_still.any()) or step + 1 == self.steps:
                yield rows.where(fits(rows)), self.steps * count
                return
            moved, length = move(rows, inputs, signs, length, generator)
            rows = rows.instead(moved, open_still)
            yield rows.where(torch.zeros(count, dtype=torch.bool)), 0

    def _drawn(self, count: int, entries: int, generator: Generator) -> Rows:
        hidden = torch.randn(count, entries, self.width, generator=generator)
        return Rows(hidden, torch.randn(count, self.width, generator=generator))

    def _fits(self, inputs: Tensor, signs: Tensor) -> Callable[[Rows], Bool[Tensor, " k"]]:
        def fits(rows: Rows) -> Bool[Tensor, " k"]:
            answers = signs * rows.outputs(inputs)
            loss = _loss(answers)
            return (answers > 0).all(dim=1) & (loss <= self.level) & (loss >= (1 - BAND) * self.level)

        return fits

    def _told(self, rows: Rows, tried: int, train: Signed, test: Signed) -> dict[str, float]:
        count = min(len(rows.out), self.solutions)
        counts = {"solutions": float(count), "tries": tried / max(1, count)}
        if count == 0:
            return counts
        first = Rows(rows.hidden[:count], rows.out[:count])
        answers, held = (signs * first.outputs(inputs) for inputs, signs in (train, test))
        right = (held > 0).double().mean()
        return counts | {
            "test accuracy": float(right), "margin": float(answers.min(dim=1).values.mean()),
            "train loss": float(_loss(answers).mean()),
        }  # fmt: skip


def loss_of(rows: Rows, inputs: Tensor, signs: Tensor) -> Float[Tensor, " k"]:
    """The loss of each normalised network."""
    return _loss(signs * rows.outputs(inputs))


def _loss(answers: Tensor) -> Tensor:
    return torch.nn.functional.softplus(-TEMPERATURE * answers).mean(dim=1)


def _signed(examples: Examples, scale: Tensor) -> Signed:
    return examples.inputs.flatten(1) / scale, 2.0 * examples.targets.float() - 1


Moved = tuple[Rows, Float[Tensor, " k"]]


def _descended(rows: Rows, inputs: Tensor, signs: Tensor, length: Tensor, generator: Generator) -> Moved:
    hidden, out = (part.clone().requires_grad_() for part in (rows.hidden, rows.out))
    loss_of(Rows(hidden, out), inputs, signs).sum().backward()
    assert hidden.grad is not None
    assert out.grad is not None
    return _along(rows, -hidden.grad, -out.grad, DESCENT), length


def _stepped(rows: Rows, inputs: Tensor, signs: Tensor, length: Tensor, generator: Generator) -> Moved:
    way = tuple(torch.randn(part.shape, generator=generator) for part in (rows.hidden, rows.out))
    tried = _along(rows, way[0], way[1], LENGTH)
    return rows.instead(tried, loss_of(tried, inputs, signs) < loss_of(rows, inputs, signs)), length


def _along(rows: Rows, hidden: Tensor, out: Tensor, length: float) -> Rows:
    """A step of this length, beside that of the weights, along a direction in both layers together."""
    size = (rows.hidden.flatten(1).square().sum(dim=1) + rows.out.square().sum(dim=1)).sqrt()
    way = (hidden.flatten(1).square().sum(dim=1) + out.square().sum(dim=1)).sqrt().clamp_min(1e-30)
    factor = length * size / way
    return Rows(rows.hidden + factor[:, None, None] * hidden, rows.out + factor[:, None] * out)


def _patterned(rows: Rows, inputs: Tensor, signs: Tensor, length: Tensor, generator: Generator) -> Moved:
    count, entries = len(rows.out), rows.hidden[0].numel()
    place = torch.randint(entries + rows.out.shape[1], (count,), generator=generator)
    flat = torch.cat((rows.hidden.flatten(1), rows.out), dim=1)
    size = flat.norm(dim=1) / flat.shape[1] ** 0.5
    before = best = loss_of(rows, inputs, signs)
    for sign in (1, -1):
        moved = flat.clone()
        moved[torch.arange(count), place] += sign * length * size
        tried = Rows(moved[:, :entries].reshape(rows.hidden.shape), moved[:, entries:])
        found = loss_of(tried, inputs, signs)
        rows, best = rows.instead(tried, found < best), torch.minimum(best, found)
    return rows, torch.where(best < before, length, SHRINKING * length).clamp_min(SHORTEST)
