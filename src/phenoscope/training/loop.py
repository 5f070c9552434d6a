"""The loop: from recipes to states, lazily."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.objective import OperatorName
from phenoscope.training.cohorts import shape_of
from phenoscope.training.geometry import placed
from phenoscope.training.landscape import Landscape, Outlook, landscape
from phenoscope.training.leading import largest
from phenoscope.training.recipe import Inherited, Recipe
from phenoscope.training.rules import Rule
from phenoscope.training.schedules import per_sharpness, rate_at, resolved
from phenoscope.training.sight import Memory
from phenoscope.training.sparsity import begun, first_masks, first_points, prepared
from phenoscope.training.stacking import stacked
from phenoscope.training.state import Reached, Start, State

DIVERGED = 1e6
"""A row has diverged once its loss is not finite or above this many times max(its first loss, 1)."""


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
        recipes: equal up to seeds, wrong labels and the numbers of the rule.
        start: for recipes with a `start`, the points and memory found there; also when they are resumed, since
            linearised and quadratic dynamics expand around it.
        resume: a state reached earlier by the same recipes: what follows is what would have followed then.
        device: where to compute.

    Raises:
        BadInput: recipes of several shapes, a start missing, or a state to resume that is of other recipes.
    """
    cohort = tuple(recipes)
    if len({shape_of(recipe) for recipe in cohort}) != 1:
        raise BadInput("the recipes of a cohort must be equal up to seeds, wrong labels and numbers of their rules.")
    start = start or Start()
    _check_start(cohort[0], start)
    ground = landscape(cohort, start.points, torch.device(device))
    cohort = _with_rates(cohort, ground)
    masks = first_masks(cohort, ground, start.masks)
    if masks is not None:
        ground = _sparse(cohort, ground, masks)
    rule = stacked([placed(recipe.rule, ground.layout) for recipe in cohort], ground.origin)
    memory = _carried(rule.init(ground.origin), start.memory)
    if masks is not None:
        memory = begun(memory, masks, ground.origin, cohort[0].pruning)
    alive = torch.ones(len(cohort), dtype=torch.bool, device=ground.origin.device)
    here = Reached(0, ground.origin, memory, alive, None)
    if resume is not None:
        here = _resumed(resume, here, cohort[0].steps)
    yield from _advance(cohort, ground, rule, here)


def _check_start(recipe: Recipe, start: Start) -> None:
    if (recipe.start is not None) != (start.points is not None):
        raise BadInput("a recipe that starts from another's point needs `start`, and only such a one.")
    if isinstance(recipe.mask, Inherited) != (start.masks is not None):
        raise BadInput("a recipe that inherits a mask needs `start` with `masks`, and only such a one.")


def _sparse(cohort: tuple[Recipe, ...], ground: Landscape, masks: Bool[Tensor, "n p"]) -> Landscape:
    """The same losses with the start under the masks; what replaces a network is its expansion there."""
    origin = first_points(cohort, ground.layout, ground.origin, masks)
    if cohort[0].dynamics == "network":
        return dataclasses.replace(ground, origin=origin)
    return landscape(cohort, origin, origin.device)


def _advance(cohort: tuple[Recipe, ...], ground: Landscape, rule: Rule, here: Reached) -> Iterator[State]:
    """The states from here on."""
    points, memory, alive, first = here.points, here.memory, here.alive, here.first
    order, seeds = _order(cohort, ground, here.step), tuple(recipe.seed for recipe in cohort)
    pruning, wide = cohort[0].pruning, ground.layout
    for step in range(here.step, cohort[0].steps + 1):
        around = ground.around(points)
        if first is not None and step == cohort[0].steps:
            alive = alive & _sound(around.loss, first)  # no update follows that would tell
        clock = step if pruning is None else pruning.clock(step)
        rates = points.new_tensor([rate_at(recipe.rule.lr, clock) for recipe in cohort])
        state = State(cohort, step, points, memory, rates, alive, around, ground, first, clock)
        yield state
        if step == cohort[0].steps:
            return
        examples = None if cohort[0].full_batch else next(order)
        sight = Outlook(ground, points, examples, around, seeds)
        ready = prepared(cohort, wide, sight, memory, step)
        gradient, remembered = ready.seen(rule, clock)
        loss = sight.local.loss
        first = loss.clamp_min(1.0) if first is None else first
        moved, remembered = ready.moved(rule, gradient, remembered, clock)
        alive = alive & _sound(loss, first) & _finite(moved)
        living = int(alive.sum())
        if living == len(alive):
            points, memory = moved, remembered
        else:
            points = _kept(alive, moved, points)
            memory = {name: _kept(alive, value, memory[name]) for name, value in remembered.items()}
        del sight, ready  # with their graphs, before the next ones are built
        if not living:
            yield dataclasses.replace(state, step=step + 1, points=points, memory=memory, alive=alive)
            return


def _with_rates(cohort: tuple[Recipe, ...], ground: Landscape) -> tuple[Recipe, ...]:
    """The recipes with numbers for rates that depend on the curvature where they start."""
    needed = sorted(set().union(*(per_sharpness(recipe.rule) for recipe in cohort)))
    if not needed:
        return cohort
    around = ground.around(ground.origin)
    found = [largest(around.operator(cast(OperatorName, kind)), ground.origin).tolist() for kind in needed]
    rows = [dict(zip(needed, values, strict=True)) for values in zip(*found, strict=True)]
    rules = [resolved(recipe.rule, row) for recipe, row in zip(cohort, rows, strict=True)]
    return tuple(dataclasses.replace(recipe, rule=rule) for recipe, rule in zip(cohort, rules, strict=True))


def _sound(loss: Float[Tensor, " n"], first: Float[Tensor, " n"]) -> Bool[Tensor, " n"]:
    return torch.isfinite(loss) & (loss <= DIVERGED * first)


def _finite(points: Float[Tensor, "n p"]) -> Bool[Tensor, " n"]:
    """Which rows are finite throughout; a finite sum, which is found many times as fast, says so already."""
    sums = torch.isfinite(points.sum(dim=1))
    return sums if bool(sums.all()) else torch.isfinite(points).all(dim=1)


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
