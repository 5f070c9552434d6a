"""Rewinding: to which step of the dense training must a sparse network go back, and is it when it becomes stable?"""

import dataclasses
from typing import Any

from phenoscope.atlas.papers import FRANKLE_LINEAR_PAPER, TICKETS_PAPER
from phenoscope.atlas.rewinding.claims import (
    EARLY,
    EARLY_SHUFFLED,
    FIRST,
    LATE,
    PARENT,
    SEARCH,
    SECOND,
    SHUFFLED,
    SHUFFLED_AGAIN,
    START,
    START_SHUFFLED,
    claims,
    comparisons,
)
from phenoscope.atlas.rewinding.panels import panels
from phenoscope.atlas.size import PrunedSize
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density, Loss
from phenoscope.training import Adam, Inherited, Point, Recipe, Rounds

SIZES: dict[Scale, PrunedSize] = {
    "smoke": PrunedSize(100, (16,), 100, 2, 0.5),
    "laptop": PrunedSize(4000, (64, 64), 1000, 5, 0.36),
    "paper": PrunedSize(4000, (300, 100), 5000, 15, 0.2),
}

RATE, BACK = 0.01, 5
"""The rate of Adam; after how many percent of the steps the early networks begin, and the search goes back to."""
FORKS = (0, 1, 2, 5, 10, 20, 50, 100)
"""Where sparse networks leave the dense training, in percent of its steps."""


def rewinding(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """Sparse networks that begin at steps of a dense training, in pairs that see the data in different orders.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    steps, end = size.steps, (size.rounds + 1) * size.steps
    parent = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=steps,
        batch=min(32, size.examples // 2),
    )
    forks = tuple(steps * percent // 100 for percent in FORKS)
    early = steps * BACK // 100
    search = dataclasses.replace(parent, steps=end, pruning=Rounds(steps, steps, size.share, back=early))
    probes = (Loss(every=steps // 5), Accuracy(every=steps // 5), Density(every=steps))

    def child(at: int, order: int, dealt: str = "as found") -> Recipe:
        mask = Inherited(search, end, dealt)
        return dataclasses.replace(parent, start=Point(parent, at), mask=mask, order=order)

    def arm(name: str, recipe: Recipe, says: str, **options: Any) -> Arm:
        return Arm(name, recipe, probes, says=says, **options)

    swept: dict[str, Any] = {"sweep": {"start.at": forks}}
    arms = (
        arm(PARENT, parent, "all weights; the others begin at its points", keep=forks),
        arm(SEARCH, search, "pruned in rounds, back to a twentieth of the steps each time; its last mask is used",
            keep=(end,)),
        arm(FIRST, child(0, 1), "the dense network's weights and memory at eight steps, under the mask", **swept),
        arm(SECOND, child(0, 2), "the same with the data in another order", **swept),
        arm(START, child(0, 1), "those of them that begin at the start"),
        arm(EARLY, child(early, 1), "those that begin after a twentieth of the steps"),
        arm(LATE, child(steps, 1), "those that begin with the weights of the end"),
        arm(SHUFFLED, child(0, 1, "shuffled"), "as many weights in each layer, at random places", role="control",
            **swept),
        arm(SHUFFLED_AGAIN, child(0, 2, "shuffled"), "the same in another order", role="control", **swept),
        arm(START_SHUFFLED, child(0, 1, "shuffled"), "those of them that begin at the start", role="control"),
        arm(EARLY_SHUFFLED, child(early, 1, "shuffled"), "those that begin after a twentieth", role="control"),
    )  # fmt: skip
    return Phenomenon(
        name="rewinding",
        title="Rewinding",
        question="To which step of the dense training must a sparse network go back?",
        summary=(
            "One mask is laid on a dense network at several steps of its training, and each sparse network that comes "
            "of it trains for equally many steps. From the very start they are said to end worse than from a little "
            "later, and to do so as long as the order of the data decides where they end. What comes of very late "
            "steps is disputed. Every network is trained in two orders, and the loss is read between the two ends."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            TICKETS_PAPER,
            ("Frankle et al. 2019: Stabilizing the lottery ticket hypothesis", "https://arxiv.org/abs/1903.01611"),
            FRANKLE_LINEAR_PAPER,
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
