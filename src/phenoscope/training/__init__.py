"""From recipes to states: recipes, update rules, schedules, and the loop that advances cohorts."""

from phenoscope.objective.evaluation.expanded import Linearised, layout_of
from phenoscope.training.channels import Channels, channel_layout
from phenoscope.training.cohorts import cohorts, shape_of
from phenoscope.training.flows import CentralFlow, GradientFlow
from phenoscope.training.landscape import Around, Landscape, can_expand, expanded_at, objective_of
from phenoscope.training.loop import DIVERGED, train
from phenoscope.training.masks import MASK, Mask, RandomMask, Site, layers, prunable
from phenoscope.training.preconditioning import effective_threshold, preconditioner
from phenoscope.training.pruning import DropAndGrow, Pruning, Rounds
from phenoscope.training.recipe import Dynamics, Inherited, Point, Recipe, rule_settings, settings, with_setting
from phenoscope.training.resets import Reset
from phenoscope.training.rules import (
    Adam,
    AmplifiedNoise,
    Clipped,
    EntropyMirror,
    GradientDescent,
    HeavyBall,
    Jittered,
    Nesterov,
    PowerMirror,
    Projected,
    RMSProp,
    Rule,
    Sam,
    Steepest,
    UnnormalisedSam,
    WeightDecay,
    threshold,
)
from phenoscope.training.schedules import Cosine, Drop, PerSharpness, Rate, Warmup
from phenoscope.training.scored import Scored
from phenoscope.training.sight import Memory, Sight
from phenoscope.training.sparsity import of_rule
from phenoscope.training.state import Reached, Start, State
from phenoscope.training.updates import AdamW

__all__ = [
    "DIVERGED",
    "MASK",
    "Adam",
    "AdamW",
    "AmplifiedNoise",
    "Around",
    "CentralFlow",
    "Channels",
    "Clipped",
    "Cosine",
    "Drop",
    "DropAndGrow",
    "Dynamics",
    "EntropyMirror",
    "GradientDescent",
    "GradientFlow",
    "HeavyBall",
    "Inherited",
    "Jittered",
    "Landscape",
    "Linearised",
    "Mask",
    "Memory",
    "Nesterov",
    "PerSharpness",
    "Point",
    "PowerMirror",
    "Projected",
    "Pruning",
    "RMSProp",
    "RandomMask",
    "Rate",
    "Reached",
    "Recipe",
    "Reset",
    "Rounds",
    "Rule",
    "Sam",
    "Scored",
    "Sight",
    "Site",
    "Start",
    "State",
    "Steepest",
    "UnnormalisedSam",
    "Warmup",
    "WeightDecay",
    "can_expand",
    "channel_layout",
    "cohorts",
    "effective_threshold",
    "expanded_at",
    "layers",
    "layout_of",
    "objective_of",
    "of_rule",
    "preconditioner",
    "prunable",
    "rule_settings",
    "settings",
    "shape_of",
    "threshold",
    "train",
    "with_setting",
]
