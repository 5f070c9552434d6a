"""The control that any phenomenon has which trains networks: the same experiment with frozen features."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args

from phenoscope import methods
from phenoscope.core.errors import BadInput
from phenoscope.methods import Freezable
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import Arm, Phenomenon
from phenoscope.training import Inherited, Recipe

Control = Literal["linearised"]
"""What can be done to a whole phenomenon; `linearised` freezes its features."""

LINEAR = "its models are linear in what is fitted, so that their features are frozen already"
PRODUCTS = "it is about what products of parameters do, and an expansion is none"
DRAWN = "it is about networks as they are drawn, and nothing is trained"
WRITTEN = "its losses are written down, and no network is trained"

WHY_NOT: Mapping[type, str] = {
    methods.AmbiguousDescent: LINEAR,
    methods.CoupledFeatures: LINEAR,
    methods.CrossedFeatures: LINEAR,
    methods.DiagonalDescent: PRODUCTS,
    methods.DoubleWell: WRITTEN,
    methods.EndToEndField: PRODUCTS,
    methods.FeatureLimit: LINEAR,
    methods.FeatureSmoother: LINEAR,
    methods.GaussianFeatures: LINEAR,
    methods.HomogeneousDescent: "it is about homogeneous networks, and an expansion is none",
    methods.InitialKernel: DRAWN,
    methods.InterpolatingDescent: LINEAR,
    methods.KernelRegression: LINEAR,
    methods.LayerCollapse: DRAWN,
    methods.LeastSquares: LINEAR,
    methods.LineFit: LINEAR,
    methods.LinearSGD: LINEAR,
    methods.MatrixCompletion: PRODUCTS,
    methods.MatrixFactorisation: PRODUCTS,
    methods.MirrorDescent: LINEAR,
    methods.NoiseAbsorption: LINEAR,
    methods.PeakAblation: LINEAR,
    methods.ProductDescent: PRODUCTS,
    methods.PrunedToTarget: "networks are found in it by removing weights, and the one that is trained is their model",
    methods.RandomFeatures: LINEAR,
    methods.RandomFunctions: DRAWN,
    methods.RecursiveFeatures: "its features are learned by kernel machines, and no network is trained",
    methods.SeparableDescent: LINEAR,
    methods.SmallSearch: "networks are compared by their layers' lengths, which an expansion has none of",
    methods.SpectralRegression: LINEAR,
    methods.StoppedClassifier: LINEAR,
    methods.StoppedRegression: LINEAR,
    methods.SubsetSums: "numbers are sums of other numbers, and no network is trained",
    methods.TwoFeatures: "its networks are built, and nothing is trained",
    methods.ValleyDescent: WRITTEN,
    methods.WideDescent: "one of its own controls is a kernel, of the outputs alone",
}
"""Computations without such a twin, and why they have none."""


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
    why = without_twin(phenomenon)
    if why:
        raise BadInput(f"{phenomenon.name} has no twin with frozen features: {why}. Run it without `control`.")
    arms = tuple(dataclasses.replace(arm, recipe=_frozen(arm.recipe)) for arm in phenomenon.arms)
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


def without_twin(phenomenon: Phenomenon) -> str:
    """Why there is nothing to freeze in a phenomenon, in words; empty where there is.

    Example:
        >>> from phenoscope.atlas import find
        >>> without_twin(find("layer_collapse"))
        'it is about networks as they are drawn, and nothing is trained'
    """
    if any(_frozen(arm.recipe) != arm.recipe for arm in phenomenon.arms):
        return ""
    return "; ".join(dict.fromkeys(_why_not(arm) for arm in phenomenon.arms))


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


def _why_not(arm: Arm) -> str:
    if isinstance(arm.recipe, Recipe | Freezable):
        return "its networks are linear already"
    kind = type(arm.recipe)
    return WHY_NOT.get(kind, f"no arm trains a network by a recipe, and its members are computed ({kind.__name__})")
