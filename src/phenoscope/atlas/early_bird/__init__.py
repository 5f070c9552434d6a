"""Early birds: how early in training is it decided which channels pruning will keep?"""

import dataclasses

from phenoscope.atlas.early_bird.claims import (
    BELOW,
    BIRD,
    EARLY,
    EARLY_AGAIN,
    LATE,
    RANDOM,
    SLOW,
    SLOW_BIRD,
    SPARSITY,
    TRAINED,
    YOU,
    claims,
    comparisons,
)
from phenoscope.atlas.early_bird.panels import panels
from phenoscope.data import dataset
from phenoscope.models import CNN
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, EarlyBirds, Mark
from phenoscope.training import Channels, HeavyBall, Inherited, Point, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples: to train on.
        channels: of the convolutions.
        epochs: of the training; a mask is read after each.
        batches: of an epoch.
        alone: epochs for which a ticket is trained.
    """

    examples: int
    channels: tuple[int, ...]
    epochs: int
    batches: int
    alone: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (8, 16), 30, 5, 4),
    "laptop": Size(1000, (12, 24), 100, 10, 40),
    "paper": Size(4000, (32, 64, 128), 160, 40, 160),
}

RATE, MOMENTUM, TINY = 0.07, 0.9, 1e-3
"""Rate and momentum, and how small the tiny rate is beside it."""


def early_bird(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """A convolutional network whose channels are chosen by their gains after every epoch, and tickets drawn on the way.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    steps, each = size.epochs * size.batches, size.batches
    whole = Recipe(
        data=dataset(data, train=size.examples),
        model=CNN(size.channels, kernel=5, normalisation="layer"),
        loss=CrossEntropy(),
        rule=HeavyBall(RATE, MOMENTUM),
        steps=steps,
        batch=size.examples // size.batches,
    )
    slow = dataclasses.replace(whole, rule=HeavyBall(TINY * RATE, MOMENTUM))
    mark = Mark(BIRD, "channel mask distance", at_most=BELOW)
    probes = (EarlyBirds(each, SPARSITY), Accuracy(every=4 * each))

    def ticket(source: Recipe, at: int | str, how: str = "gains") -> Recipe:
        """The first values under the mask of the channels that are chosen at a moment of a training."""
        choice = dataclasses.replace(source, steps=1, start=Point(source, at), mask=Channels(1 - SPARSITY, how))
        return dataclasses.replace(whole, steps=size.alone * each, mask=Inherited(choice, 0))

    def arm(name: str, recipe: Recipe, says: str, role: str = "control") -> Arm:
        return Arm(name, recipe, (Accuracy(every=2 * each),), says=says, role=role)  # type: ignore[arg-type]

    bird = ticket(whole, BIRD)
    return Phenomenon(
        name="early_bird",
        title="Early birds",
        question="How early in training is it decided which channels pruning will keep?",
        summary=(
            "The gains of normalisation layers say how much each channel matters, and pruning removes the smallest. "
            "After each epoch it can be asked which channels would go now. That choice is said to come to rest early, "
            "so that a ticket can be drawn long before training ends. But it rests, too, where nothing is learned. So "
            "the early choice is held against the last one, against chance, and against a run at a tiny rate."
        ),
        arms=(
            Arm(TRAINED, whole, probes, marks=(mark,), says="all channels; after each epoch a mask is read"),
            Arm(SLOW, slow, probes, marks=(mark,), says="the same at a thousandth of the rate", role="control"),
            arm(EARLY, bird, "the first values of the half of the channels that are chosen where the choice comes to "
                "rest", "main"),
            arm(EARLY_AGAIN, dataclasses.replace(bird, order=1), "the same with the data in another order"),
            arm(RANDOM, ticket(whole, BIRD, "random"), "as many channels of each layer, at random"),
            arm(LATE, ticket(whole, steps), "those that are chosen at the end of the training", "main"),
            arm(SLOW_BIRD, ticket(slow, BIRD), "those that are chosen where the choice of the tiny rate comes to rest"),
        ),
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            (f"{YOU}: Drawing early-bird tickets: towards more efficient training of deep networks",
             "https://arxiv.org/abs/1909.11957"),
            ("Liu et al. 2017: Learning efficient convolutional networks through network slimming",
             "https://arxiv.org/abs/1708.06519"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
