"""The barrier modulo permutation: are two solutions in one region once their units are in one order?"""

import dataclasses

from phenoscope.atlas.papers import AINSWORTH_PAPER, ENTEZARI_PAPER
from phenoscope.atlas.permutation_barrier.claims import (
    DEEP_FIRST,
    DEEP_SECOND,
    FIRST,
    SECOND,
    claims,
    comparisons,
)
from phenoscope.atlas.permutation_barrier.panels import panels
from phenoscope.atlas.usual_data import DATA, available, usual_data
from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss
from phenoscope.training import Adam, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples, steps, batch: of the training.
        widths: of networks with two hidden layers.
        depths: hidden layers of networks of one width.
        width: of those.
    """

    examples: int
    steps: int
    batch: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    width: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(60, 20, 20, (4, 8), (1, 2), 4),
    "laptop": Size(1000, 600, 50, (8, 32, 128, 256), (1, 2, 3, 4), 64),
    "paper": Size(4000, 10_000, 50, (16, 32, 64, 128, 256, 512, 1024), (1, 2, 3, 4, 6), 256),
}


def permutation_barrier(scale: Scale, *, data: str | None = None) -> Phenomenon:
    """Pairs of perceptrons of several widths and depths, trained on the same data from two initialisations.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits", "mnist1d" or "fashion_mnist"; unless given, Fashion-MNIST at paper scale and digits at others.
    """
    data = usual_data(data, scale, DATA)
    size = SIZES[scale]
    first = Recipe(
        data=dataset(data, train=available(data, size.examples), flat=True),
        model=UniformMLP(size.widths[0], 2, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(0.002),
        steps=size.steps,
        batch=size.batch,
    )
    deep = dataclasses.replace(first, model=UniformMLP(size.width, 2, activation="relu", init="he"))
    other = {"initialisation": 1, "order": 1}
    probes = (Loss(every=size.steps // 5), Accuracy(every=size.steps // 5))
    wide, tall = {"model.width": size.widths}, {"model.depth": size.depths}
    arms = (
        Arm(FIRST, first, probes, wide, says="two hidden layers, at several widths"),
        Arm(SECOND, dataclasses.replace(first, **other), probes, wide,
            says="the same data in another order, from another initialisation"),
        Arm(DEEP_FIRST, deep, probes, tall, says="more and more hidden layers of one width"),
        Arm(DEEP_SECOND, dataclasses.replace(deep, **other), probes, tall,
            says="the same data in another order, from another initialisation"),
    )  # fmt: skip
    return Phenomenon(
        name="permutation_barrier",
        title="Barriers modulo permutation",
        question="Are two solutions in one region of low loss once their hidden units are in the same order?",
        summary=(
            "The loss rises on the straight line between two networks that were trained from different starts. The "
            "hidden units of each can be put in any order without a change of its function, so the line joins one of "
            "very many copies of each. It was conjectured that with the right order no barrier is left. Here the units "
            "are matched by their weights or activations and the barrier is measured again, for networks that grow "
            "wider, and deeper. Matching is a heuristic: what is left is an upper bound."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(ENTEZARI_PAPER, AINSWORTH_PAPER),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )
