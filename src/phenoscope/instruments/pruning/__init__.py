"""Pruning: scores of weights, masks made from them, and what is left of a network."""

from phenoscope.instruments.pruning.channels import EarlyBird, channel_masks, early_bird, gain_names, largest_gains
from phenoscope.instruments.pruning.densities import DENSITIES
from phenoscope.instruments.pruning.operations import SparseCost, sparse_cost
from phenoscope.instruments.pruning.paths import EffectiveSparsity, effective_sparsity
from phenoscope.instruments.pruning.pruning import Pruner, Pruning, prune
from phenoscope.instruments.pruning.sanity import Ticket, corrupted, reinitialised, sanity_checks, shuffled
from phenoscope.instruments.pruning.scores import SCORES, Score, Subject
from phenoscope.instruments.pruning.weights import Masks, masked, prunable

__all__ = [
    "DENSITIES",
    "SCORES",
    "EarlyBird",
    "EffectiveSparsity",
    "Masks",
    "Pruner",
    "Pruning",
    "Score",
    "SparseCost",
    "Subject",
    "Ticket",
    "channel_masks",
    "corrupted",
    "early_bird",
    "effective_sparsity",
    "gain_names",
    "largest_gains",
    "masked",
    "prunable",
    "prune",
    "reinitialised",
    "sanity_checks",
    "shuffled",
    "sparse_cost",
]
