"""Opposing signals: a heavy feature that examples of opposite labels share drives sharpness and instability."""

import dataclasses

from phenoscope.atlas.opposing_signals.claims import (
    AGAINST,
    PLANTED,
    ROSENFELD,
    SLOW,
    WITHOUT,
    WITHOUT_OTHERS,
    WITHOUT_OTHERS_AGAINST,
    claims,
    rise,
)
from phenoscope.atlas.opposing_signals.panels import panels
from phenoscope.comparisons import Comparison
from phenoscope.data import Planted, dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, ExampleChanges, Loss, Sharpness
from phenoscope.training import GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, planted ones of each class, width, updates, and updates between readings."""

    examples: int
    count: int
    width: int
    steps: int
    every: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, 5, 8, 60, 10),
    "laptop": Size(500, 25, 32, 600, 20),
    "paper": Size(1500, 75, 200, 6000, 50),
}

STRENGTH = 5.0
"""How much brighter, in standard deviations: enough that the feature sharpens, and that training starts stable."""


def opposing_signals(scale: Scale) -> Phenomenon:
    """Full-batch gradient descent on small tanh networks, with a bright background planted in threes and eights.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    planted = Planted(dataset("digits", train=size.examples, flat=True), (3, 8), size.count, STRENGTH)
    edge = Recipe(
        data=planted,
        model=MLP((size.width,), init_scale=0.3),
        loss=SquaredError(),
        rule=GradientDescent(0.1),
        steps=size.steps,
    )
    slow = dataclasses.replace(edge, rule=GradientDescent(0.02))
    without, others = (
        dataclasses.replace(slow, data=dataclasses.replace(planted, keep=keep))
        for keep in ("without planted", "without others")
    )
    probes = (Loss(), Sharpness(size.every), ExampleChanges(10, size.examples // 25), Accuracy(5 * size.every))
    arms = (
        Arm(
            PLANTED, edge, probes,
            says=f"{size.count} threes and as many eights get one bright background; a rate whose edge is met",
        ),
        Arm(SLOW, slow, probes, role="control", says="the same at a fifth of the rate, which stays below the edge"),
        Arm(WITHOUT, without, probes, says="at that small rate, the planted examples left out"),
        Arm(WITHOUT_OTHERS, others, probes, role="control", says="there, as many others left out, drawn at random"),
    )  # fmt: skip
    return Phenomenon(
        name="opposing_signals",
        title="Opposing signals",
        question="Do a few examples that share a heavy feature and not their labels make the loss sharp and unstable?",
        summary=(
            "Where examples of two classes share a heavy feature, such as a background, a step along it helps the one "
            "class and harms the other. Networks grow sharp in that direction, and at the edge of stability they swing "
            "along it: the examples whose losses change most in a step are those, the two classes in opposite "
            "directions. Here the feature is planted, so that it is known which examples have it."
        ),
        arms=arms,
        claims=claims(),
        comparisons=(
            Comparison(AGAINST, (WITHOUT, SLOW), rise, ("share of the rise",)),
            Comparison(WITHOUT_OTHERS_AGAINST, (WITHOUT_OTHERS, SLOW), rise, ("share of the rise",)),
        ),
        panels=panels(),
        sources=((f"{ROSENFELD}: Outliers with opposing signals have an outsized effect on neural network optimization",
                  "https://arxiv.org/abs/2311.04163"),),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
