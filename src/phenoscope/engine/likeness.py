"""Is an arm of a phenomenon about runs like this one? What differs, in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from phenoscope.data import Dataset, Destroyed, GaussianClusters, Slabs, SparseRegression, TwoDigits
from phenoscope.models import Product, SecondOrder
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import Arm
from phenoscope.probes import writes
from phenoscope.record import Record
from phenoscope.store import DEPARTURE, FULL_BATCH, rule_name
from phenoscope.training import Recipe

MADE = Destroyed | GaussianClusters | Slabs | SparseRegression | TwoDigits
"""Sources that are made for an experiment."""

MOSTLY = 0.5
"""Above this share of replaced labels an arm is about labels that say nothing."""


def unlike(arm: Arm, record: Record, watched: Mapping[str, Any]) -> list[str]:
    """In what the watched run is no member of the arm, each as a sentence; none where it could be one."""
    recipe = arm.recipe
    if arm.role == "control":
        return [f"it is about a control of the experiment ({arm.name}), which a run of its own cannot be"]
    if not isinstance(recipe, Recipe):
        return [f"it is about the arm {arm.name!r}, which is computed and not trained"]
    if isinstance(recipe.model, Product | SecondOrder):
        return [f"it is about the arm {arm.name!r}, whose model is made for it"]
    if not isinstance(recipe.data, Dataset) or _made(recipe.data):
        return [f"it is about the arm {arm.name!r}, whose data are made for it"]
    if recipe.start is not None or recipe.dynamics != "network":
        return [f"it is about the arm {arm.name!r}, whose start or dynamics are made for it"]
    found = (_rule(recipe, watched), _loss(recipe, watched), _rate(recipe, record), _batch(recipe, record))
    return [why for why in found if why]


def _made(data: Dataset) -> bool:
    """Whether inputs or labels were made for an experiment."""
    return isinstance(data.source, MADE) or data.label_noise > MOSTLY


def lacking(arm: Arm, missing: Sequence[str]) -> tuple[str, ...]:
    """The probes of the arm that write these series, as one writes them."""
    probes = [probe for probe in arm.probes if any(writes((probe,), name) for name in missing)]
    return tuple(f"ps.probes.{probe!r}" for probe in probes)


def median_departure(record: Record) -> float | None:
    """How far the steps that were checked lie from those of the rule on all data, in parts of their length."""
    series = record.series.get(DEPARTURE)
    return None if series is None or not len(series) else float(np.median(series.values))


def _rule(recipe: Recipe, watched: Mapping[str, Any]) -> str:
    wanted, came = rule_name(recipe.rule), watched.get("rule")
    if came == wanted:
        return ""
    if came is None:
        return f"it is about {wanted}, and the rule was not recognised: {watched.get('rule_why') or 'no step was seen'}"
    return f"it is about {wanted}, and this run used {came}"


def _loss(recipe: Recipe, watched: Mapping[str, Any]) -> str:
    wanted, came = "cross-entropy" if isinstance(recipe.loss, CrossEntropy) else "squared error", watched["loss_kind"]
    return "" if came == wanted else f"it is about {wanted}, and this run's loss is {_article(came)}"


def _rate(recipe: Recipe, record: Record) -> str:
    if not isinstance(recipe.rule.lr, int | float):
        return "it is about a learning rate that follows a schedule, which this run cannot be seen to share"
    if "lr" in record.settings:
        return ""
    return "it is about a constant learning rate, and this run's changed or differed between groups of parameters"


def _batch(recipe: Recipe, record: Record) -> str:
    """A full-batch arm needs every step that was checked to be the rule's on all data; another arm needs the contrary.

    Without a check nothing is said here: then the probe is missing that makes it.
    """
    series = record.series.get(DEPARTURE)
    if series is None or not len(series):
        return ""
    rounding = record.series[f"{DEPARTURE}.residual"].values
    if np.median(rounding) > FULL_BATCH:
        return "its steps are too small to be told from the rounding of the parameters, so the rule cannot be checked"
    share = float(np.mean(series.values - rounding > FULL_BATCH))
    if recipe.full_batch and share > 0:
        return (
            f"it is about full-batch training, and {share:.0%} of the steps checked are not those of the rule on the "
            f"data given to the watch (median departure {median_departure(record):.2g} of their length): mini-batches, "
            "clipping, other data or another loss"
        )
    if not recipe.full_batch and share == 0:
        return "it is about mini-batches, and this run's steps are full-batch ones"
    return ""


def _article(kind: str) -> str:
    return "another one" if kind == "other" else kind
