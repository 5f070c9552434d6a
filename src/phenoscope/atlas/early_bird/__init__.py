"""Early birds: how early in training is it decided which channels pruning will keep?"""

import dataclasses
from typing import Any

from phenoscope.atlas.early_bird.claims import (
    BELOW,
    BIRD,
    DRAWN,
    DRAWN_RANDOM,
    EARLY,
    EARLY_AGAIN,
    LATE,
    RANDOM,
    SLOW,
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
from phenoscope.training import Channels, HeavyBall, Point, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples: to train on.
        channels: of the convolutions.
        epochs: of the training; a mask is read after each.
        batches: of an epoch.
        further: epochs for which a ticket is trained on.
    """

    examples: int
    channels: tuple[int, ...]
    epochs: int
    batches: int
    further: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (8, 16), 30, 5, 2),
    "laptop": Size(1000, (12, 24), 100, 10, 30),
    "paper": Size(4000, (32, 64, 128), 160, 40, 160),
}

RATE, MOMENTUM, TINY, AFTER = 0.07, 0.9, 1e-3, 0.02
"""Rate and momentum, how small the tiny rate is beside it, and the rate after channels have gone."""
MOMENTS = (0, 2, 8, 25, 100)
"""When tickets are drawn, in percent of the training."""


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
    after = HeavyBall(AFTER, MOMENTUM)
    drawn = dataclasses.replace(whole, rule=after, steps=size.further * each, mask=Channels(1 - SPARSITY))
    chance = dataclasses.replace(drawn, mask=Channels(1 - SPARSITY, "random"))
    moments = tuple(steps * percent // 100 for percent in MOMENTS)
    swept: dict[str, Any] = {"sweep": {"start.at": moments}}
    watched = {"probes": (EarlyBirds(each, SPARSITY), Accuracy(every=4 * each)), "marks": (_mark(),)}

    def arm(name: str, recipe: Recipe, at: int | str, says: str, role: str = "main", **options: Any) -> Arm:
        start = dataclasses.replace(recipe, start=Point(whole, at))
        return Arm(name, start, (Accuracy(every=2 * each),), says=says, role=role, **options)  # type: ignore[arg-type]

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
            Arm(TRAINED, whole, keep=moments, says="all channels; after each epoch a mask is read", **watched),
            Arm(SLOW, slow, says="the same at a thousandth of the rate", role="control", **watched),
            arm(EARLY, drawn, BIRD, "half of the channels, drawn where the choice comes to rest, trained on"),
            arm(EARLY_AGAIN, dataclasses.replace(drawn, order=1), BIRD, "the same with the data in another order",
                "control"),
            arm(RANDOM, chance, BIRD, "as many channels of each layer at the same step, at random", "control"),
            arm(LATE, drawn, steps, "drawn at the end of the training, and trained on"),
            arm(DRAWN, drawn, 0, "drawn at five steps", **swept),
            arm(DRAWN_RANDOM, chance, 0, "random channels at five steps", "control", **swept),
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


def _mark() -> Mark:
    return Mark(BIRD, "channel mask distance", at_most=BELOW)
