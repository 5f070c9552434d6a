"""The loop: from recipes to states, lazily."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Literal, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.objective import Objective, Which
from phenoscope.training.cohorts import shape_of
from phenoscope.training.landscape import Around, Landscape, Outlook, landscape
from phenoscope.training.leading import largest
from phenoscope.training.preconditioning import effective_threshold, preconditioners
from phenoscope.training.recipe import Recipe
from phenoscope.training.rules import Rule, threshold
from phenoscope.training.schedules import per_sharpness, rate_at, resolved
from phenoscope.training.sight import Memory, seen
from phenoscope.training.stacking import stacked

DIVERGED = 1e6
"""A row has diverged once its loss is not finite or above this many times max(its first loss, 1)."""


@dataclasses.dataclass(frozen=True)
class Start:
    """Where a fork begins: the points (n, p) and the rule's memory there, if the rule is to go on with it.

    Steps, schedules and the order of the examples begin anew; what the rule remembers (its averages, and the number of
    updates in them) goes on.
    """

    points: Float[Tensor, "n p"]
    memory: Memory | None = None


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
        memory: the rule's.
        rates: (n,), the learning rates of the coming update.
        alive: (n,), false for rows that have diverged; their points stay as they were.
        around: the full-batch loss around the points: value, gradient, Hessian, each computed once if asked for.
        landscape: the losses as functions, for those who need outputs.
        first: (n,), the loss before the first update, and at least 1: later ones are large or not beside it; `None`
            before that update.
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
        return self._column([threshold(rule, self.step, slope) for rule, slope in zip(rules, slopes, strict=True)])

    @property
    def preconditioner(self) -> Float[Tensor, "n p"] | None:
        """What each row's adaptive rule divides its step by; `None` for other rules, and before the first update."""
        return preconditioners(tuple(recipe.rule for recipe in self.recipes), self.memory)

    @property
    def effective_thresholds(self) -> Float[Tensor, " n"] | None:
        """The largest eigenvalue of P⁻¹H that each row's rule bears at this step."""
        return self._column([effective_threshold(recipe.rule, self.step) for recipe in self.recipes])

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


def train(
    recipes: Sequence[Recipe],
    *,
    start: Start | None = None,
    resume: Reached | None = None,
    device: torch.device | str = "cpu",
) -> Iterator[State]:
    """Train a cohort, yielding its state at every step from 0 to `steps`, or from that at which it is resumed.

    Recipes of one shape advance together as the rows of one matrix; each row draws from its own seed's streams,
    so a row ends where it would alone, up to the rounding of differently shaped products.

    Args:
        recipes: equal up to seeds and the numbers of the rule.
        start: for recipes with a `start`, the points and memory found there; also when they are resumed, since
            linearised and quadratic dynamics expand around it.
        resume: a state reached earlier by the same recipes: what follows is what would have followed then.
        device: where to compute.

    Raises:
        BadInput: recipes of several shapes, a start missing, or a state to resume that is of other recipes.
    """
    cohort = tuple(recipes)
    if len({shape_of(recipe) for recipe in cohort}) != 1:
        raise BadInput("the recipes of a cohort must be equal up to seeds and the numbers of their rules.")
    if (cohort[0].start is not None) != (start is not None):
        raise BadInput("a recipe that starts from another's point needs `start`, and only such a one.")
    ground = landscape(cohort, None if start is None else start.points, torch.device(device))
    cohort = _with_rates(cohort, ground)
    rule = stacked([recipe.rule for recipe in cohort], ground.origin)
    memory = _carried(rule.init(ground.origin), None if start is None else start.memory)
    alive = torch.ones(len(cohort), dtype=torch.bool, device=ground.origin.device)
    here = Reached(0, ground.origin, memory, alive, None)
    if resume is not None:
        here = _resumed(resume, here, cohort[0].steps)
    yield from _advance(cohort, ground, rule, here)


def _advance(cohort: tuple[Recipe, ...], ground: Landscape, rule: Rule, here: Reached) -> Iterator[State]:
    """The states from here on."""
    points, memory, alive, first = here.points, here.memory, here.alive, here.first
    order = _order(cohort, ground, here.step)
    for step in range(here.step, cohort[0].steps + 1):
        around = ground.around(points)
        if first is not None and step == cohort[0].steps:
            alive = alive & _sound(around.loss, first)  # no update follows that would tell
        rates = points.new_tensor([rate_at(recipe.rule.lr, step) for recipe in cohort])
        state = State(cohort, step, points, memory, rates, alive, around, ground, first)
        yield state
        if step == cohort[0].steps:
            return
        examples = None if cohort[0].full_batch else next(order)
        sight = Outlook(ground, points, examples, around, tuple(recipe.seed for recipe in cohort))
        gradient, remembered = seen(rule, sight, memory, step)
        loss = sight.local.loss
        first = loss.clamp_min(1.0) if first is None else first
        moved, remembered = rule.update(gradient, points, remembered, step)
        alive = alive & _sound(loss, first) & torch.isfinite(moved).all(dim=1)
        points = _kept(alive, moved, points)
        memory = {name: _kept(alive, value, memory[name]) for name, value in remembered.items()}
        del sight  # with its graph, before the next one is built
        if not bool(alive.any()):
            yield dataclasses.replace(state, step=step + 1, points=points, memory=memory, alive=alive)
            return


def _with_rates(cohort: tuple[Recipe, ...], ground: Landscape) -> tuple[Recipe, ...]:
    """The recipes with numbers for rates that depend on the curvature where they start."""
    needed = sorted(set().union(*(per_sharpness(recipe.rule) for recipe in cohort)))
    if not needed:
        return cohort
    around = ground.around(ground.origin)
    found = [largest(around.operator(cast(Which, kind)), ground.origin).tolist() for kind in needed]
    rows = [dict(zip(needed, values, strict=True)) for values in zip(*found, strict=True)]
    rules = [resolved(recipe.rule, row) for recipe, row in zip(cohort, rows, strict=True)]
    return tuple(dataclasses.replace(recipe, rule=rule) for recipe, rule in zip(cohort, rules, strict=True))


def _sound(loss: Float[Tensor, " n"], first: Float[Tensor, " n"]) -> Bool[Tensor, " n"]:
    return torch.isfinite(loss) & (loss <= DIVERGED * first)


def _kept(alive: Bool[Tensor, " n"], new: Tensor, old: Tensor) -> Tensor:
    """The new values in the rows that are alive, the old ones in the others."""
    return torch.where(alive.reshape(-1, *(1,) * (new.ndim - 1)), new, old)


def _carried(fresh: Memory, memory: Memory | None) -> Memory:
    """The rule's memory to begin with: that which is given, if it is of the same rule."""
    if memory is None:
        return fresh
    wanted, came = ({name: tuple(value.shape) for name, value in one.items()} for one in (fresh, memory))
    if wanted != came:
        raise BadInput(f"the memory to start with is another rule's: it holds {came}, this rule needs {wanted}.")
    return {name: value.to(fresh[name]) for name, value in memory.items()}


def _resumed(reached: Reached, fresh: Reached, steps: int) -> Reached:
    """The state to go on from, on the device and in the precision of a fresh start; another cohort's is refused."""
    shapes = [tuple(value.shape) for value in (reached.points, reached.alive, reached.first) if value is not None]
    wanted = [tuple(fresh.points.shape), tuple(fresh.alive.shape), tuple(fresh.alive.shape)]
    if (
        not 0 <= reached.step <= steps
        or (reached.first is None) != (reached.step == 0)
        or shapes != wanted[: len(shapes)]
    ):
        raise BadInput(
            f"the state to resume, step {reached.step} with shapes {shapes}, is not of these recipes: they have "
            f"{steps} steps and shapes {wanted}."
        )
    device = fresh.points.device
    first = None if reached.first is None else reached.first.to(device)
    memory = _carried(fresh.memory, reached.memory)
    return Reached(reached.step, reached.points.to(fresh.points), memory, reached.alive.to(device), first)


def _order(cohort: tuple[Recipe, ...], ground: Landscape, since: int) -> Iterator[Int[Tensor, "d b"]]:
    """The examples of each step from `since` on.

    Every epoch is a fresh permutation from each draw's own stream, cut into batches.
    """
    count, size = len(ground.draws[0].train), cohort[0].batch or 1
    begun, done = divmod(since, -(-count // size))
    for epoch in itertools.count(begun):
        streams = [recipe.stream("order", epoch) for recipe, _ in zip(cohort, ground.draws, strict=False)]
        orders = torch.stack([torch.randperm(count, generator=generator) for generator in streams])
        batches = orders.to(ground.origin.device).split(size, dim=1)
        yield from batches[done if epoch == begun else 0 :]
