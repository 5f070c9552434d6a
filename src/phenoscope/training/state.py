"""One moment of a cohort's training, and what it takes to begin or to go on."""

import dataclasses
from collections.abc import Iterator
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.objective import Objective
from phenoscope.training.landscape import Around, Landscape
from phenoscope.training.masks import MASK
from phenoscope.training.preconditioning import effective_threshold, preconditioners
from phenoscope.training.recipe import Recipe
from phenoscope.training.rules import threshold
from phenoscope.training.sight import Memory


@dataclasses.dataclass(frozen=True)
class Start:
    """Where a fork begins: the points (n, p) and the rule's memory there, if the rule is to go on with it.

    Steps, schedules and the order of the examples begin anew; what the rule remembers (its averages, and the number of
    updates in them) goes on. `masks` (n, p) are those of the recipes from which masks are inherited.
    """

    points: Float[Tensor, "n p"] | None = None
    memory: Memory | None = None
    masks: Bool[Tensor, "n p"] | None = None


@dataclasses.dataclass(frozen=True)
class Reached:
    """How far a cohort has come: all that its training needs to go on as if it had never stopped.

    Attributes:
        step: updates made.
        points: (n, p).
        memory: the rule's.
        alive: (n,), as in `State`.
        first: (n,), as in `State`.
    """

    step: int
    points: Float[Tensor, "n p"]
    memory: Memory
    alive: Bool[Tensor, " n"]
    first: Float[Tensor, " n"] | None


@dataclasses.dataclass(frozen=True)
class State:
    """One moment of a cohort's training, before the update from `step` to `step + 1`.

    Attributes:
        recipes: one a row; rates in units of the curvature at the start are numbers here.
        step: updates made so far.
        points: (n, p).
        memory: the rule's; of networks that are kept sparse also "sparse.mask" (n, p), and what comes back with a
            round.
        rates: (n,), the learning rates of the coming update.
        alive: (n,), false for rows that have diverged; their points stay as they were.
        around: the full-batch loss around the points: value, gradient, Hessian, each computed once if asked for.
        landscape: the losses as functions, for those who need outputs.
        first: (n,), the loss before the first update, and at least 1: later ones are large or not beside it; `None`
            before that update.
        clock: the step that schedules go by; `None` where it is `step`.
    """

    recipes: tuple[Recipe, ...]
    step: int
    points: Float[Tensor, "n p"]
    memory: Memory
    rates: Float[Tensor, " n"]
    alive: Bool[Tensor, " n"]
    around: Around
    landscape: Landscape
    first: Float[Tensor, " n"] | None = None
    clock: int | None = None

    @property
    def reached(self) -> Reached:
        """What it takes to go on from here."""
        return Reached(self.step, self.points, self.memory, self.alive, self.first)

    @property
    def seed(self) -> int:
        """Of the random streams that the readings of this cohort draw from: its first member's."""
        return self.recipes[0].seed

    @property
    def batch(self) -> int:
        """Examples in a mini-batch of the training; all of them in full-batch training."""
        examples = len(self.landscape.draws[0].train)
        return min(self.recipes[0].batch or examples, examples)

    def at(self, points: Float[Tensor, "n p"]) -> Around:
        """The loss on all data around other points, one a row."""
        return self.landscape.around(points)

    def mini_batches(self, size: int, count: int, name: str) -> Iterator[Around]:
        """The losses around the points on independent mini-batches, each drawn without replacement.

        Each draw of the data has a stream of its own, by its seed, `name` and the step, so that a row meets the same
        mini-batches alone as in a cohort. One mini-batch of all data is all there is where `size` allows no other.
        """
        examples = len(self.landscape.draws[0].train)
        if size >= examples:
            yield self.around
            return
        if self.landscape.quadratic is not None:
            raise BadInput("the quadratic model is that of the full-batch loss: it has no mini-batches to be read.")
        pairs = zip(self.recipes, self.landscape.draws, strict=False)
        streams = [stream(recipe.seed, name, self.step) for recipe, _ in pairs]
        for _ in range(count):
            drawn = [torch.randperm(examples, generator=generator)[:size] for generator in streams]
            yield self.landscape.around(self.points, torch.stack(drawn).to(self.points.device))

    @property
    def thresholds(self) -> Float[Tensor, " n"] | None:
        """The largest Hessian eigenvalue that each row's rule bears at this step, where theory gives one to all."""
        slopes = self.around.gradient.double().norm(dim=1).tolist()
        rules = [recipe.rule for recipe in self.recipes]
        return self._column([threshold(rule, self._when, slope) for rule, slope in zip(rules, slopes, strict=True)])

    @property
    def preconditioner(self) -> Float[Tensor, "n p"] | None:
        """What each row's adaptive rule divides its step by; `None` for other rules, and before the first update."""
        return preconditioners(tuple(recipe.rule for recipe in self.recipes), self.memory)

    @property
    def effective_thresholds(self) -> Float[Tensor, " n"] | None:
        """The largest eigenvalue of P⁻¹H that each row's rule bears at this step."""
        return self._column([effective_threshold(recipe.rule, self._when) for recipe in self.recipes])

    @property
    def mask(self) -> Bool[Tensor, "n p"] | None:
        """Which parameters are trained; `None` where all are."""
        return self.memory.get(MASK)

    @property
    def _when(self) -> int:
        return self.step if self.clock is None else self.clock

    def _column(self, limits: list[float | None]) -> Float[Tensor, " n"] | None:
        return None if None in limits else torch.tensor(limits, dtype=torch.float64, device=self.points.device)

    def accuracy(self, part: Literal["train", "test"]) -> Float[Tensor, " n"] | None:
        """The share of right answers of each row; `None` where there are no such examples, or no classes."""
        examples = getattr(self.landscape.draws[0], part)
        return self.landscape.accuracy(self.points, part) if len(examples) and examples.classified else None

    def elsewhere(self, points: Float[Tensor, "n p"]) -> "State":
        """The same moment at other points, for readings of what training passes by."""
        return dataclasses.replace(self, points=points, around=self.landscape.around(points))

    def test_loss(self) -> Float[Tensor, " n"] | None:
        """The loss of each row on its test examples; `None` where there are none, or a loss's model in its place."""
        there = len(self.landscape.draws[0].test) > 0 and self.landscape.quadratic is None
        return self.landscape.test_loss(self.points) if there else None

    def groups(self, row: int) -> Int[Tensor, " b"] | None:
        """The groups of a row's training examples, where its data set knows of some."""
        draws = self.landscape.draws
        return draws[row if len(draws) > 1 else 0].groups

    def objective(self, row: int) -> Objective | None:
        """The loss of one row as an objective whose own point is the row's; `None` for quadratic dynamics."""
        return self.landscape.objective(self.points[row], row)

    def held_out(self, row: int) -> Objective | None:
        """The loss of one row on its test examples, likewise; `None` where there are none."""
        return self.landscape.objective(self.points[row], row, "test")
