"""A cohort that is kept sparse: what the loop does for masks, before and after each update."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.points import Layout
from phenoscope.objective import Objective
from phenoscope.training.entrywise import entrywise, updated
from phenoscope.training.landscape import Landscape
from phenoscope.training.masks import MASK, Site
from phenoscope.training.pruning import Moment, Pruning
from phenoscope.training.recipe import Inherited, Recipe
from phenoscope.training.rules import Rule
from phenoscope.training.sight import Memory, Operator, Points, Sight, seen

OWN = "sparse."
"""Begins the names in a training's memory that are not its rule's."""
POINT, KEPT = OWN + "point", OWN + "kept."
"""The names of the point that comes back with each round, and of the rule's memory there."""


def of_rule(memory: Memory) -> Memory:
    """What the rule remembers."""
    return {name: value for name, value in memory.items() if not name.startswith(OWN)}


def of_masks(memory: Memory) -> Memory:
    """What is remembered besides: the mask, and what comes back with each round."""
    return {name: value for name, value in memory.items() if name.startswith(OWN)}


def first_masks(
    cohort: Sequence[Recipe], ground: Landscape, inherited: Bool[Tensor, "n p"] | None
) -> Bool[Tensor, "n p"] | None:
    """The masks to begin with, one a row; `None` where the recipes have none and need none.

    Args:
        cohort: recipes of one shape.
        ground: their losses.
        inherited: the masks of the recipes that they take theirs from.
    """
    if cohort[0].mask is None:
        return None if cohort[0].pruning is None else torch.ones_like(ground.origin, dtype=torch.bool)
    rows = []
    for row, recipe in enumerate(cohort):
        assert recipe.mask is not None  # recipes of one shape all have one
        found = inherited[row].cpu() if inherited is not None and isinstance(recipe.mask, Inherited) else None

        site = Site(ground.layout, ground.origin[row].cpu(), recipe.stream("mask"), _maker(ground, row), found)
        rows.append(recipe.mask.drawn(site))
    return torch.stack(rows).to(ground.origin.device)


def _maker(ground: Landscape, row: int) -> Callable[[], Objective]:
    def made() -> Objective:
        found = ground.objective(ground.origin[row], row)
        if found is None:
            raise BadInput("the quadratic model of a loss has no network whose weights could be scored.")
        return found

    return made


def first_points(
    cohort: Sequence[Recipe], layout: Layout, points: Points, masks: Bool[Tensor, "n p"]
) -> Float[Tensor, "n p"]:
    """Where training begins under the masks: 0 where they are false, unless a recipe resets its weights."""
    rows = []
    for recipe, point, mask in zip(cohort, points, masks, strict=True):
        reset = recipe.reset
        begins = point * mask if reset is None else reset.begun(point, mask, layout, recipe.stream("reset"))
        rows.append(begins)
    return torch.stack(rows)


def begun(memory: Memory, mask: Bool[Tensor, "n p"], points: Points, pruning: Pruning | None) -> Memory:
    """The memory of a training that is kept sparse, from that of its rule."""
    held = {name: masked(value, mask) for name, value in memory.items()}
    back = {}
    if pruning is not None and pruning.rewind is not None:
        back = {POINT: points.clone()} | {KEPT + name: value.clone() for name, value in held.items()}
    return held | {MASK: mask} | back


def masked(value: Tensor, mask: Bool[Tensor, "n p"]) -> Tensor:
    """A part of a memory with 0 for what it holds of parameters that are held at 0."""
    if value.ndim < 2 or value.shape[-1] != mask.shape[1] or mask.shape[1] == 1:
        return value
    return value * mask.reshape(len(mask), *(1,) * (value.ndim - 2), -1)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What an update is made from.

    Attributes:
        sight: the loss around the points, of the networks with all their parameters.
        memory: of the training.
        mask: (n, p), which parameters are trained; `None` where all are.
        step: of the training.
        still: whether what is not trained is held where it is, and not at 0.
    """

    sight: Sight
    memory: Memory
    mask: Bool[Tensor, "n p"] | None = None
    step: int = 0
    still: bool = False

    def seen(self, rule: Rule, clock: int) -> tuple[Points, Memory]:
        """The gradient that the rule steps along, before the mask, and what it then remembers."""
        held = self.mask is not None and not entrywise(rule)
        sight = Masked(self.sight, self._kept, self.step) if held else self.sight
        return seen(rule, sight, of_rule(self.memory), clock)

    def moved(self, rule: Rule, gradient: Points, remembered: Memory, clock: int) -> tuple[Points, Memory]:
        """Points and memory of the training after the update along a gradient: held where the mask says so."""
        points = here = self.sight.points
        if entrywise(rule):
            points, remembered = updated(rule, gradient, points, remembered, clock, mask=self.mask)
        elif self.mask is None:
            points, remembered = rule.update(gradient, points, remembered, clock)
        else:
            points, remembered = rule.update(gradient * self._kept, points, remembered, clock)
            points = points * self._kept
        if self.still and self.mask is not None:
            points = torch.where(self.mask, points, here)
            remembered = {name: masked(value, self.mask) for name, value in remembered.items()}
        return points, remembered | of_masks(self.memory)

    @functools.cached_property
    def _kept(self) -> Points:
        """The mask as numbers, with which points multiply several times as fast."""
        assert self.mask is not None
        return self.mask.to(self.sight.points.dtype)


def prepared(cohort: Sequence[Recipe], layout: Layout, sight: Sight, memory: Memory, step: int) -> Prepared:
    """What the update of a step is made from: sight and memory as they are, under the masks, if there are any.

    Where masks change before the update, it is seen from the points after that.

    Args:
        cohort: recipes of one shape.
        layout: of a point.
        sight: the loss around the points, of the networks with all their parameters.
        memory: of the training.
        step: of the training.
    """
    if MASK not in memory:
        return Prepared(sight, memory)
    points = sight.points
    if cohort[0].pruning is not None:
        points, memory = _pruned(cohort, layout, sight, memory, step)
    there = sight if points is sight.points else sight.at(points)
    return Prepared(there, memory, memory[MASK], step, cohort[0].reset is not None and cohort[0].reset.still)


def _pruned(cohort: Sequence[Recipe], layout: Layout, sight: Sight, memory: Memory, step: int) -> tuple[Points, Memory]:
    """Points and memory as they are, unless masks change at this step."""
    kind = cohort[0].pruning
    assert kind is not None
    if kind.rewind == step:
        memory = memory | {POINT: sight.points} | {KEPT + name: value for name, value in of_rule(memory).items()}
    if not kind.due(step):
        return sight.points, memory
    moments = [
        Moment(layout, point, mask, step, recipe.stream("mask", step), lambda row=row: sight.gradient[row])
        for row, (recipe, point, mask) in enumerate(zip(cohort, sight.points, memory[MASK], strict=True))
    ]
    pairs = zip(cohort, moments, strict=True)
    mask = torch.stack([recipe.pruning.changed(moment) for recipe, moment in pairs if recipe.pruning is not None])
    points, rule = sight.points, of_rule(memory)
    if kind.rewind is not None:
        points, rule = memory[POINT], {name: memory[KEPT + name] for name in rule}
    held = {name: masked(value, mask) for name, value in rule.items()}
    return points * mask, of_masks(memory) | {MASK: mask} | held


@dataclasses.dataclass(frozen=True)
class Masked:
    """What is in sight of networks that are kept sparse: parameters held at 0 have neither slope nor curvature.

    Attributes:
        sight: of the networks with all their parameters.
        mask: (n, p), 1 where a parameter is trained and 0 where it is held.
        step: of the training, which a rule may go through several times.
    """

    sight: Sight
    mask: Points
    step: int

    @property
    def points(self) -> Points:
        return self.sight.points

    @property
    def gradient(self) -> Points:
        return self.sight.gradient * self.mask

    def whole(self) -> Points:
        return self.sight.whole() * self.mask

    def hessian(self) -> Operator:
        return _Within(self.sight.hessian(), self.mask)

    def third(self, left: Points, right: Points) -> Points:
        return self.sight.third(left * self.mask, right * self.mask) * self.mask

    def at(self, points: Points) -> "Masked":
        return Masked(self.sight.at(points * self.mask), self.mask, self.step)

    def normal(self, step: int) -> Points:
        return self.sight.normal(self.step) * self.mask


@dataclasses.dataclass(frozen=True)
class _Within:
    """A matrix a row, restricted to the parameters that are trained."""

    of: Operator
    mask: Points

    def multiply(self, block: Float[Tensor, "n k p"]) -> Float[Tensor, "n k p"]:
        inside = self.mask[:, None]
        return self.of.multiply(block * inside) * inside
