"""Sparse double descent: what pruning does to a network that has learned wrong labels."""

import dataclasses

from phenoscope.atlas.size import PrunedSize
from phenoscope.atlas.sparse_double_descent.claims import HE, RIGHT, WRONG, claims, comparisons
from phenoscope.atlas.sparse_double_descent.panels import panels
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density, Loss
from phenoscope.training import Adam, Recipe, Rounds

SIZES: dict[Scale, PrunedSize] = {
    "smoke": PrunedSize(60, (16,), 40, 4, 0.5),
    "laptop": PrunedSize(500, (64, 64), 800, 8, 0.4),
    "paper": PrunedSize(1000, (300, 100), 4000, 20, 0.2),
}
NOISE = 0.4
"""The share of wrong labels."""


def sparse_double_descent(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Networks pruned in rounds by magnitude and rewound to their start, with wrong labels and without.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    wrong = Recipe(
        data=dataset(data, train=size.examples, flat=True, label_noise=NOISE),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(0.003),
        steps=(size.rounds + 1) * size.steps,
        batch=min(50, size.examples // 2),
        pruning=Rounds(size.steps, size.steps, size.share),
    )
    right = dataclasses.replace(wrong, data=dataclasses.replace(wrong.data, label_noise=0.0))
    every = size.steps // 20
    probes = (Loss(every), Accuracy(every), Density(size.steps))
    return Phenomenon(
        name="sparse_double_descent",
        title="Sparse double descent",
        question="Is a network that has learned wrong labels better or worse for having fewer weights?",
        summary=(
            "A network that is large enough learns wrong labels by heart. With fewer weights it must spend those that "
            "it has on them, and is said to get worse; with fewer still it cannot learn them any more, and gets better "
            "than it ever was; at last it can learn nothing. That is the double descent of model size, backwards, in "
            "masks. With right labels nothing of it is there. A dense network that is stopped early has not learned "
            "the wrong labels either, and is what a gain has to be compared with."
        ),
        arms=(
            Arm(WRONG, wrong, probes, says=f"{100 * NOISE:g} % of the labels replaced by wrong ones"),
            Arm(RIGHT, right, probes, role="control", says="the labels as they are"),
        ),
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            (f"{HE.partition(',')[0]}: Sparse double descent: where network pruning aggravates overfitting",
             "https://arxiv.org/abs/2206.08684"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
