"""The control that any phenomenon has: the same experiment with frozen features."""

import dataclasses
from typing import Any, Literal, get_args

from phenoscope.core.errors import BadInput
from phenoscope.methods import Freezable
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import Arm, Phenomenon
from phenoscope.training import Inherited, Recipe

Control = Literal["linearised"]
"""What can be done to a whole phenomenon; `linearised` freezes its features."""


def controlled(phenomenon: Phenomenon, control: str) -> Phenomenon:
    """The phenomenon under a control, by name.

    Raises:
        BadInput: no such control, or a phenomenon that it says nothing of.
    """
    if control not in get_args(Control):
        raise BadInput(f"`control` must be one of {', '.join(get_args(Control))}, got {control!r}.")
    return frozen(phenomenon)


def frozen(phenomenon: Phenomenon) -> Phenomenon:
    """The same experiment with every network replaced by its first-order Taylor expansion at its start.

    What still holds there needs no learned features. Claims, regions, seeds, rates and steps are those of the
    phenomenon, so that its verdicts can be laid beside these one by one. A fork expands where its parent does. Arms
    that are linear already, or computed without a network, stay as they are.

    Raises:
        BadInput: no arm trains a network by a recipe, or by a computation that has such a twin.

    Example:
        >>> from phenoscope.atlas import find
        >>> {arm.recipe.dynamics for arm in frozen(find("edge_of_stability")).arms}
        {'linearised'}
    """
    arms = tuple(dataclasses.replace(arm, recipe=_frozen(arm.recipe)) for arm in phenomenon.arms)
    if arms == phenomenon.arms:
        kinds = sorted({_kind(arm) for arm in arms})
        raise BadInput(
            f"{phenomenon.name} has no twin with frozen features: no arm trains a network by a recipe, and its members "
            f"are {', '.join(kinds)}. Run it without `control`."
        )
    return dataclasses.replace(
        phenomenon,
        title=f"{phenomenon.title}, features frozen",
        summary=(
            "A control: every network is replaced by its first-order Taylor expansion at its start, whose features "
            f"never change. What holds here all the same needs no learned features. {phenomenon.summary}"
        ),
        arms=arms,
        options={**phenomenon.options, "control": "linearised"},
    )


def _frozen(recipe: Any) -> Any:
    if isinstance(recipe, Freezable):
        return recipe.frozen()
    return _frozen_training(recipe) if isinstance(recipe, Recipe) else recipe


def _frozen_training(recipe: Recipe) -> Recipe:
    """The recipe, and those whose point or mask it takes over, linearised.

    The squared error of a linear model is its own quadratic model, so those two are one.
    """
    if recipe.dynamics == "quadratic" and not isinstance(recipe.loss, SquaredError):
        raise BadInput("the quadratic model of another loss than squared error has no twin with frozen features.")
    start, mask = recipe.start, recipe.mask
    if start is not None:
        start = dataclasses.replace(start, recipe=_frozen_training(start.recipe))
    if isinstance(mask, Inherited):
        mask = dataclasses.replace(mask, recipe=_frozen_training(mask.recipe))
    return dataclasses.replace(recipe, dynamics="linearised", start=start, mask=mask)


def _kind(arm: Arm) -> str:
    """What an arm's members are, in words."""
    return "linear already" if isinstance(arm.recipe, Recipe | Freezable) else f"computed ({type(arm.recipe).__name__})"
