"""A recipe: everything that decides one training run."""

import dataclasses
from typing import Any, Literal

import torch
from jaxtyping import Bool
from torch import Tensor

from phenoscope.core.errors import BadInput
from phenoscope.core.options import one_of
from phenoscope.core.seeds import stream
from phenoscope.core.specs import spec
from phenoscope.data import Dataset, Planted
from phenoscope.models import CNN, MLP, DeepLinear, DiagonalLinear, Product, SecondOrder, UniformMLP
from phenoscope.objective import CrossEntropy, PenalisedCrossEntropy, SquaredError
from phenoscope.training.entrywise import entrywise
from phenoscope.training.masks import Mask, Site, shuffled
from phenoscope.training.pruning import Pruning
from phenoscope.training.resets import Reset
from phenoscope.training.rules import Rule
from phenoscope.training.schedules import per_sharpness

Dynamics = Literal["network", "linearised", "quadratic"]
"""What is trained: the network, its Taylor expansion at its start, or the loss's quadratic model there."""


@spec
class Point:
    """A place on another recipe's path, where training may start: the fork takes the rule's state along.

    Attributes:
        recipe: the recipe whose path it is.
        at: a step, or the name of a mark that the run sets when its condition first holds.
    """

    recipe: "Recipe"
    at: int | str


@spec
class Inherited:
    """The mask that another recipe's training had at one of its steps.

    Attributes:
        recipe: whose, with a `mask` or a `pruning`.
        found_at: the step.
        dealt: "as found", or "shuffled": the same number of weights in each layer, at random places.
    """

    recipe: "Recipe"
    found_at: int
    dealt: str = "as found"

    def __post_init__(self) -> None:
        one_of("dealt", self.dealt, ("as found", "shuffled"))
        if self.recipe.mask is None and self.recipe.pruning is None:
            raise BadInput("a mask is inherited from a recipe that has one: give that a `mask` or a `pruning`.")
        if not 0 <= self.found_at <= self.recipe.steps:
            raise BadInput(f"a mask is found at a step from 0 to {self.recipe.steps}, got {self.found_at}.")

    def drawn(self, site: Site) -> Bool[Tensor, " p"]:
        assert site.inherited is not None  # the trainer refuses to begin without
        found = site.inherited
        return found if self.dealt == "as found" else shuffled(found, site.layout, site.generator)


@spec
class Recipe:
    """Everything that decides one training run; equal recipes have equal ids and equal results.

    Attributes:
        data: what is learned from.
        model: what learns.
        loss: what is lowered.
        rule: how.
        steps: updates in all.
        seed: of the streams for data, initialisation and order.
        batch: examples a step; `None` takes all of them (full batch).
        dtype: of parameters and data.
        dynamics: `"network"`; `"linearised"`, the model replaced by its first-order Taylor expansion around its
            start (frozen features), a fork's around that of its linearised parent; or `"quadratic"`, the loss replaced
            by its second-order expansion there.
        start: another recipe's point instead of an initialisation of its own.
        order: which of the seed's orders of the examples, all independent of each other; `None` is one more of them.
            Two forks that differ in it alone meet the same data in another order.
        initialisation: which of the seed's initialisations, likewise.
        mask: which parameters are trained, the others being held at 0: they stay there under any rule.
        pruning: how the mask changes on the way; without a `mask` training begins with all parameters.
        reset: what a network under a `mask` begins with in place of the weights that were drawn for it.
    """

    data: Dataset | Planted
    model: MLP | UniformMLP | CNN | DeepLinear | DiagonalLinear | Product | SecondOrder
    loss: SquaredError | CrossEntropy | PenalisedCrossEntropy
    rule: Rule
    steps: int
    seed: int = 0
    batch: int | None = None
    dtype: Literal["float32", "float64"] = "float32"
    dynamics: Dynamics = "network"
    start: Point | None = None
    order: int | None = None
    initialisation: int | None = None
    mask: Mask | None = None
    pruning: Pruning | None = None
    reset: Reset | None = None

    later = ("order", "initialisation", "mask", "pruning", "reset")

    def __post_init__(self) -> None:
        if self.steps < 1 or (self.batch is not None and self.batch < 1):
            raise BadInput(f"a recipe needs steps and batch of at least 1, got {self.steps} and {self.batch}.")
        if self.dtype not in ("float32", "float64"):
            raise BadInput(f"`dtype` must be 'float32' or 'float64', got {self.dtype!r}.")
        if self.dynamics not in ("network", "linearised", "quadratic"):
            raise BadInput(f"`dynamics` must be 'network', 'linearised' or 'quadratic', got {self.dynamics!r}.")
        if self.dynamics == "quadratic" and self.batch is not None:
            raise BadInput("the quadratic model is that of the full-batch loss: leave `batch` out.")
        if self.batch is not None and _on_all_data(self.rule):
            raise BadInput(
                f"the theory of {type(self.rule).__name__} is about the loss on all data: leave `batch` out."
            )
        if self.start is not None and self.start.recipe.model != self.model:
            raise BadInput("a recipe can only start from a point of the same model.")
        self._check_mask()

    def _check_mask(self) -> None:
        if isinstance(self.mask, Inherited) and self.mask.recipe.model != self.model:
            raise BadInput("a mask can only be inherited from a recipe of the same model.")
        if self.sparse and per_sharpness(self.rule):
            raise BadInput("a rate in units of the sharpness is for dense networks: leave `mask` and `pruning` out.")
        if self.reset is not None and (self.mask is None or self.pruning is not None):
            raise BadInput("a `reset` is of a network whose `mask` stays as it is: give it one, and no `pruning`.")
        if self.reset is not None and self.reset.still and not entrywise(self.rule):
            raise BadInput(
                f"weights are held at their start under rules that take every parameter by itself, and "
                f"{type(self.rule).__name__} looks at all of them together. Hold them at zero."
            )

    @property
    def sparse(self) -> bool:
        """Whether some parameters may be held at 0."""
        return self.mask is not None or self.pruning is not None

    @property
    def full_batch(self) -> bool:
        return self.batch is None

    def stream(self, name: str, *more: int) -> torch.Generator:
        """The random stream of that name: "data", "initialisation", "order", "mask" or "reset"."""
        salt = {"order": self.order, "initialisation": self.initialisation}.get(name)
        return stream(self.seed, name, *(() if salt is None else (f"no. {salt}",)), *more)


def _on_all_data(rule: Any) -> bool:
    """Whether a rule, or one that it wraps, is about the loss on all data only."""
    inner = getattr(rule, "of", None)
    return getattr(rule, "on_all_data", False) or (inner is not None and _on_all_data(inner))


OWN = ("steps", "start", "at", "order", "mask", "found_at")
"""Fields that parents do not follow."""


def with_setting(value: Any, name: str, setting: Any) -> Any:
    """The same spec with one field, wherever it lies in it, set.

    Parents follow along, those of a fork and those of a mask, but for what is the recipe's own: its steps, where it
    leaves ("at"), where its mask was found ("found_at"), and its order; of a mask's parent also the initialisation.

    Args:
        value: the spec, such as a recipe.
        name: of the field, such as "lr".
        setting: what it is set to.

    Raises:
        BadInput: when no field, or more than one, has that name.
    """
    places = _places(value, name)
    if len(places) != 1:
        found = "no field" if not places else f"{len(places)} fields ({', '.join('.'.join(p) for p in places)})"
        raise BadInput(f"a setting must name one field of the recipe; {name!r} names {found}.")
    changes = _change(value, places[0], setting)
    if isinstance(value, Recipe) and name not in OWN:
        parents = {"start": value.start, "mask": value.mask}
        for field, parent in parents.items():
            alone = field == "mask" and name == "initialisation"
            if isinstance(parent, Point | Inherited) and not alone and _places(parent.recipe, name):
                changes[field] = dataclasses.replace(parent, recipe=with_setting(parent.recipe, name, setting))
    return dataclasses.replace(value, **changes)


def settings(recipe: Recipe) -> dict[str, float]:
    """The numbers of a recipe by name: its own and the rule's by field, those of data, model and loss with a prefix.

    The step at which a fork leaves is "start.at"; those of mask and pruning have a prefix, too.
    """
    found: dict[str, float] = {}
    if recipe.start is not None and isinstance(recipe.start.at, int):
        found["start.at"] = float(recipe.start.at)
    source = recipe.data.source if isinstance(recipe.data, Dataset) else recipe.data.of.source
    data = {"data.source.": source, "data.": recipe.data}
    parts = data | {
        "model.": recipe.model,
        "loss.": recipe.loss,
        "mask.": recipe.mask,
        "pruning.": recipe.pruning,
        "": recipe,
    }
    for prefix, part in parts.items():
        found |= {prefix + name: value for name, value in _numbers(part)}
    return found | rule_settings(recipe.rule)


def rule_settings(rule: Rule) -> dict[str, float]:
    """The numbers of a rule and of those that it wraps, by name; of a rate that changes those of its schedule.

    A schedule's names have the prefix "lr.": there is no "lr" that claims could take for the rate of all steps.
    """
    inner = getattr(rule, "of", None)
    if inner is not None:
        return dict(_numbers(rule)) | rule_settings(inner)
    return dict(_numbers(rule)) | {"lr." + name: value for name, value in _schedule_settings(rule.lr).items()}


def _schedule_settings(rate: Any) -> dict[str, float]:
    if not dataclasses.is_dataclass(rate):
        return {}
    inner = [(f.name, _schedule_settings(getattr(rate, f.name))) for f in dataclasses.fields(rate)]
    return dict(_numbers(rate)) | {f"{name}.{deep}": value for name, found in inner for deep, value in found.items()}


def _numbers(part: Any) -> list[tuple[str, float]]:
    if part is None:
        return []
    values = ((field.name, getattr(part, field.name)) for field in dataclasses.fields(part))
    return [(name, float(value)) for name, value in values if isinstance(value, int | float)]


def _places(value: Any, name: str) -> list[tuple[str, ...]]:
    places: list[tuple[str, ...]] = []
    for field in dataclasses.fields(value):
        part = getattr(value, field.name)
        if field.name == name:
            places.append((name,))
        elif isinstance(part, Point | Inherited):  # its recipe is another one
            places += [(field.name, name)] if name == ("at" if isinstance(part, Point) else "found_at") else []
        elif dataclasses.is_dataclass(part):
            places += [(field.name, *place) for place in _places(part, name)]
    return places


def _change(value: Any, place: tuple[str, ...], setting: Any) -> dict[str, Any]:
    """The field of the value that changes when the field at a place inside it does."""
    head, *rest = place
    if not rest:
        return {head: setting}
    part = getattr(value, head)
    return {head: dataclasses.replace(part, **_change(part, tuple(rest), setting))}
