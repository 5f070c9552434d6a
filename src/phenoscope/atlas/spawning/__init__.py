"""Spawning: from which step on do two copies of a run end in one region, however the data are ordered?"""

import dataclasses

from phenoscope.atlas.papers import FRANKLE_LINEAR_PAPER
from phenoscope.atlas.spawning.claims import (
    FIRST,
    FULL,
    FULL_AGAIN,
    OTHER,
    PARENT,
    SECOND,
    SLOW,
    SLOW_AGAIN,
    START,
    START_AGAIN,
    claims,
    comparisons,
)
from phenoscope.atlas.spawning.panels import panels
from phenoscope.atlas.usual_data import available, usual_data
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss
from phenoscope.training import Adam, Point, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates, and those of a mini-batch."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    batch: int = 32


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 100, 10),
    "laptop": Size(1000, (64, 64), 1500),
    "paper": Size(10_000, (256, 256), 10_000, 64),
}

RATES = {"mnist1d": 0.01, "digits": 0.01, "fashion_mnist": 0.003}
SLOWER = 30
"""The rates of Adam, and how many times as large each is as the small one."""
FORKS = (0, 1, 2, 5, 10, 20, 50)
"""Where children leave their parent, in percent of the training."""


def spawning(scale: Scale, *, data: str | None = None) -> Phenomenon:
    """Pairs of children of one run that leave it at seven steps and see the same data in different orders.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "mnist1d", "digits" or "fashion_mnist"; unless given, Fashion-MNIST at paper scale and MNIST-1D at others.
    """
    data, size = usual_data(data, scale, tuple(RATES)), SIZES[scale]
    rate = RATES[data]
    parent = Recipe(
        data=dataset(data, train=available(data, size.examples), flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(rate),
        steps=size.steps,
        batch=size.batch,
    )
    forks = tuple(size.steps * share // 100 for share in FORKS)
    probes = (Loss(every=size.steps // 10), Accuracy(every=size.steps // 10))
    left = {"steps": tuple(size.steps - fork for fork in forks)}
    child = dataclasses.replace(parent, start=Point(parent, 0))

    def arm(name: str, recipe: Recipe, order: int, says: str, **options: object) -> Arm:
        return Arm(name, dataclasses.replace(recipe, order=order), probes, says=says, **options)  # type: ignore[arg-type]

    swept = {"sweep": {"start.at": forks}, "along": left}
    slow = dataclasses.replace(parent, rule=Adam(rate / SLOWER))
    whole = dataclasses.replace(parent, batch=None)
    arms = (
        Arm(PARENT, parent, probes, keep=forks, says="mini-batches in the order that the seed draws"),
        arm(FIRST, child, 1, "leaves the parent with its optimizer's state, and goes on to its end in another order",
            **swept),
        arm(SECOND, child, 2, "the same in a third order", **swept),
        arm(START, child, 1, "the first of these that leave at once"),
        arm(START_AGAIN, child, 2, "the second of these that leave at once"),
        arm(OTHER, dataclasses.replace(parent, initialisation=1), 2, "the same data, another initialisation",
            role="control"),
        arm(FULL, whole, 1, "all examples at each step: no order, and no noise", role="control"),
        arm(FULL_AGAIN, whole, 2, "the same once more", role="control"),
        arm(SLOW, slow, 1, "a thirtieth of the rate", role="control"),
        arm(SLOW_AGAIN, slow, 2, "the same in another order", role="control"),
    )  # fmt: skip
    return Phenomenon(
        name="spawning",
        title="Spawning",
        question="When in training is it decided in which region of low loss a run ends?",
        summary=(
            "Two copies of a run that go on with the same data in different orders end at different points. If the "
            "loss does not rise on the straight line between these, they ended in one region. Copies made at the start "
            "are said to end apart, and copies made early in training together. Here the step of the copy is swept, "
            "and the onset is the first step from which on there is no barrier."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(FRANKLE_LINEAR_PAPER,),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
