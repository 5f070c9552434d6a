"""What wrong labels change in a network: its answers with them and without, from one start on the same inputs."""

import torch
from torch import Tensor

from phenoscope.comparisons import Kept
from phenoscope.objective import Objective

SERIES = ("change elsewhere", "change at wrong labels")


def changed(noisy: Kept, clean: Kept) -> dict[str, float]:
    """The mean squared distance between the probabilities of two networks, on test inputs and where labels differ.

    Args:
        noisy: trained on labels of which some are wrong.
        clean: trained on the same inputs with the right ones.
    """
    wrong = _labels(noisy) != _labels(clean)
    here, there = noisy.objective(), noisy.objective("test")
    on_train, on_test = (_distances(objective, noisy, clean) for objective in (here, there))
    return {"change elsewhere": float(on_test.mean()), "change at wrong labels": float(on_train[wrong].mean())}


def _labels(kept: Kept) -> Tensor:
    recipe = kept.recipe
    assert recipe is not None  # networks alone are compared here
    return recipe.data.draw(recipe.stream("data")).train.targets


def _distances(objective: Objective, first: Kept, second: Kept) -> Tensor:
    """‖p₁(x) - p₂(x)‖² of each input, from 0 to 2."""
    one, two = (torch.softmax(objective.outputs(kept["final"]).double(), dim=1) for kept in (first, second))
    return (one - two).square().sum(dim=1)
