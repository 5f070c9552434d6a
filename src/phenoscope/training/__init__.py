"""From recipes to states: recipes, update rules, schedules, and the loop that advances cohorts."""

from phenoscope.training.cohorts import cohorts, shape_of
from phenoscope.training.flows import CentralFlow, GradientFlow
from phenoscope.training.landscape import Around, Landscape, objective_of
from phenoscope.training.linearised import Linearised
from phenoscope.training.loop import DIVERGED, Reached, Start, State, train
from phenoscope.training.preconditioning import effective_threshold, preconditioner
from phenoscope.training.recipe import Dynamics, Point, Recipe, rule_settings, settings, with_setting
from phenoscope.training.rules import (
    Adam,
    AmplifiedNoise,
    Clipped,
    GradientDescent,
    HeavyBall,
    Jittered,
    Nesterov,
    Projected,
    RMSProp,
    Rule,
    Sam,
    UnnormalisedSam,
    WeightDecay,
    threshold,
)
from phenoscope.training.schedules import Cosine, Drop, PerSharpness, Rate, Warmup
from phenoscope.training.sight import Memory, Sight
from phenoscope.training.updates import AdamW

__all__ = [
    "DIVERGED",
    "Adam",
    "AdamW",
    "AmplifiedNoise",
    "Around",
    "CentralFlow",
    "Clipped",
    "Cosine",
    "Drop",
    "Dynamics",
    "GradientDescent",
    "GradientFlow",
    "HeavyBall",
    "Jittered",
    "Landscape",
    "Linearised",
    "Memory",
    "Nesterov",
    "PerSharpness",
    "Point",
    "Projected",
    "RMSProp",
    "Rate",
    "Reached",
    "Recipe",
    "Rule",
    "Sam",
    "Sight",
    "Start",
    "State",
    "UnnormalisedSam",
    "Warmup",
    "WeightDecay",
    "cohorts",
    "effective_threshold",
    "objective_of",
    "preconditioner",
    "rule_settings",
    "settings",
    "shape_of",
    "threshold",
    "train",
    "with_setting",
]
