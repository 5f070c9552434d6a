"""Which recipes advance together, and how many at once."""

import dataclasses
from collections.abc import Hashable, Sequence
from typing import Any

from phenoscope.core.specs import canonical
from phenoscope.data import Dataset
from phenoscope.models import CNN
from phenoscope.training.pruning import Pruning
from phenoscope.training.recipe import Inherited, Recipe

STACKED_WORK, DENSE_WORK = 2_000_000, 20_000_000
"""Below this many parameters x examples a step, rows advance faster as one matrix than one after the other: there
the interpreter's time and that of fresh memory matter, above it the arithmetic alone (`benchmarks/cohorts.py`,
`benchmarks/sparse.py`). The second is for models that are dense layers, which need no mapping over networks."""
TOGETHER_WORK = 100_000_000
"""So many in all rows of a cohort: more make it no faster, and would wait for each other while a core is idle."""


def shape_of(recipe: Recipe) -> Hashable:
    """What the rows of a cohort share: all but seeds, orders, parents, wrong labels, masks and the rule's numbers."""
    own = ("seed", "rule", "start", "order", "initialisation", "mask", "pruning", "reset")
    shared = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe) if field.name not in own}
    if isinstance(recipe.data, Dataset):  # which labels are wrong changes no shape
        shared["data"] = dataclasses.replace(recipe.data, label_noise=0.0)
    still = recipe.reset is not None and recipe.reset.still
    masks = recipe.mask is None, isinstance(recipe.mask, Inherited), _kind(recipe.pruning), still
    return canonical(shared), _structure(recipe.rule), None if recipe.start is None else recipe.start.at, masks


def cohorts(recipes: Sequence[Recipe], work: Sequence[int], most: int = 64) -> list[list[int]]:
    """Indices of recipes that advance together, in order of first appearance.

    Args:
        recipes: any.
        work: parameters x examples of one step, for each.
        most: the largest cohort.

    Networks whose arithmetic outweighs all else run alone; so do linearised ones with convolutions.
    """
    groups: dict[Hashable, list[list[int]]] = {}
    for index, (recipe, load) in enumerate(zip(recipes, work, strict=True)):
        convolves = isinstance(recipe.model, CNN)
        alone = load > (STACKED_WORK if convolves else DENSE_WORK)
        alone = alone or (convolves and recipe.dynamics == "linearised")
        key = ("alone", index) if alone else shape_of(recipe)
        found = groups.setdefault(key, [[]])
        if len(found[-1]) >= min(most, max(1, TOGETHER_WORK // max(load, 1))):
            found.append([])
        found[-1].append(index)
    return [group for found in groups.values() for group in found]


def _kind(pruning: Pruning | None) -> Hashable:
    return None if pruning is None else (type(pruning).__name__, pruning.alike)


def _structure(rule: Any) -> tuple[Hashable, ...]:
    inner = _structure(rule.of) if hasattr(rule, "of") else ()
    shared = tuple(getattr(rule, name) for name in getattr(rule, "shared", ()))
    return (type(rule).__name__, shared, *inner)
