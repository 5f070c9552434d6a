"""Whose doing: how much of the variance of test errors is the optimiser's, at one training loss."""

import dataclasses

from phenoscope.atlas.whose_doing.claims import EQUAL_STEPS, MATCHED, MINGARD, WILSON, claims
from phenoscope.atlas.whose_doing.panels import panels
from phenoscope.data import dataset
from phenoscope.methods import Attribution
from phenoscope.models import MLP
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples, width: of data and network.
        levels: draws of the data, and initialisations of each.
        level: of the training loss.
        steps, few: allowed until it is reached, and taken where nothing is matched.
    """

    examples: int
    width: int
    levels: int
    level: float
    steps: int
    few: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(50, 8, 2, 1.5, 40, 10),
    "laptop": Size(200, 32, 3, 0.1, 1000, 150),
    "paper": Size(1000, 256, 5, 0.05, 20_000, 1000),
}
HELD_OUT = 500


def whose_doing(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Small ReLU networks trained in every combination of rule, rate, batch, data and initialisation.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name, of classes.
    """
    size = SIZES[scale]
    drawn = dataset(data, train=size.examples, test=HELD_OUT, flat=True)
    network = MLP((size.width,), activation="relu", init="he")
    matched = Attribution(drawn, network, levels=size.levels, level=size.level, steps=size.steps)
    arms = (
        Arm(MATCHED, matched, says=f"each training is judged where its loss is first at {size.level:g}"),
        Arm(EQUAL_STEPS, dataclasses.replace(matched, matched=False, steps=size.few), role="control",
            says=f"each training is judged after {size.few} steps, however far it has come"),
    )  # fmt: skip
    return Phenomenon(
        name="whose_doing",
        title="Whose doing",
        question="How much of the differences in test error is the optimiser's doing, and how much the data's?",
        summary=(
            "Networks are trained in every combination of three rules, two rates, two batches, three draws of the data "
            "and three initialisations of each, and the variance of their test errors is shared out. The question has "
            "two answers: after equally many steps rules differ, since some have come further; at one training loss it "
            "is asked whether they choose different solutions. Shares are of the levels that were chosen here."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{MINGARD}: Is SGD a Bayesian sampler? Well, almost", "https://arxiv.org/abs/2006.15191"),
            (f"{WILSON}: The marginal value of adaptive gradient methods in machine learning",
             "https://arxiv.org/abs/1705.08292"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
