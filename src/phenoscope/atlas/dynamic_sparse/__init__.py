"""Dynamic sparse training: can a network that is sparse from the start find out which weights it needs?"""

import dataclasses
from typing import Any

from phenoscope.atlas.dynamic_sparse.claims import (
    DENSE,
    GRADIENT,
    LONG_GRADIENT,
    LONG_RANDOM,
    LONG_STATIC,
    PRUNED,
    RANDOM,
    SMALLEST,
    STATIC,
    claims,
    comparisons,
)
from phenoscope.atlas.dynamic_sparse.panels import panels
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Density, Explored, Loss
from phenoscope.training import Adam, DropAndGrow, RandomMask, Recipe, Rounds


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates, updates between two changes, and the share of weights."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    every: int
    density: float


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 60, 10, 0.2),
    "laptop": Size(1000, (64, 32), 1200, 50, 0.04),
    "paper": Size(1000, (300, 100), 10_000, 100, 0.02),
}

RATE, LONGER, MOVED, TIMES = 0.002, 3, 0.3, 6
"""The rate of Adam; how many times as long the long arms train; the share of weights that moves at first; and how often
the dense network is pruned."""


def dynamic_sparse(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Sparse networks whose weights come and go: by the gradient, at random, or not at all, and pruned dense ones.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    dense = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=MLP(size.widths, activation="relu"),
        loss=CrossEntropy(),
        rule=Adam(RATE),
        steps=size.steps,
        batch=min(64, size.examples // 2),
    )
    static = dataclasses.replace(dense, mask=RandomMask(size.density, "erdos_renyi_kernel"))
    read = size.steps // 20
    probes = (Loss(every=read), Accuracy(every=read), Density(every=read), Explored(every=size.every))

    def moving(grow: str, times: int = 1) -> Recipe:
        until = 3 * times * size.steps // 4
        changes = DropAndGrow(size.every, until, MOVED, grow)
        return dataclasses.replace(static, steps=times * size.steps, pruning=changes)

    def arm(name: str, recipe: Recipe, says: str, **options: Any) -> Arm:
        return Arm(name, recipe, probes, says=says, **options)

    gradual = Rounds(
        size.steps // 4, size.steps // (2 * TIMES), 1 - size.density ** (1 / TIMES), then="fine-tune", times=TIMES
    )
    pruned = dataclasses.replace(dense, pruning=gradual)
    arms = (
        arm(GRADIENT, moving("gradient"), "the smallest weights go, those with the largest gradients come"),
        arm(RANDOM, moving("random"), "the smallest weights go, and others come at random"),
        arm(STATIC, static, "the mask of the start stays", role="control"),
        arm(SMALLEST, moving("smallest gradient"), "those with the smallest gradients come", role="control"),
        arm(PRUNED, pruned, "dense for a quarter of the steps, in the next half pruned six times by magnitude",
            role="control"),
        arm(DENSE, dense, "keeps all weights", role="control"),
        arm(LONG_GRADIENT, moving("gradient", LONGER), "by the gradient, three times as long"),
        arm(LONG_RANDOM, moving("random", LONGER), "at random, three times as long"),
        arm(LONG_STATIC, dataclasses.replace(static, steps=LONGER * size.steps), "no change, three times as long",
            role="control"),
    )  # fmt: skip
    return Phenomenon(
        name="dynamic_sparse",
        title="Dynamic sparse training",
        question="Can a network that is sparse from the start find out in training which weights it needs?",
        summary=(
            "A few percent of the weights are trained, all others held at 0. Now and then the smallest of them are "
            "given up, and as many others start at 0: at random, or where the gradient of the loss is largest. So the "
            "network is never dense, and is said to end nearly as good as if it had been. Beside it train a mask that "
            "never changes, one that grows where the gradient is smallest, and a dense network that is slowly pruned."
        ),
        arms=arms,
        claims=claims(),
        comparisons=comparisons(),
        panels=panels(),
        sources=(
            ("Mocanu et al. 2018: Scalable training of artificial neural networks with adaptive sparse connectivity "
             "inspired by network science", "https://arxiv.org/abs/1707.04780"),
            ("Evci et al. 2020: Rigging the lottery: making all tickets winners", "https://arxiv.org/abs/1911.11134"),
            ("Liu et al. 2021: Do we actually need dense over-parameterization? In-time over-parameterization in "
             "sparse training", "https://arxiv.org/abs/2102.02887"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
