"""Noise or rate: what keeps the curvature down, the noise of mini-batches or the size of the step?"""

import dataclasses
import math

from phenoscope.atlas.noise_or_rate.claims import (
    AMPLIFIED,
    LARGE,
    LARGE_MINI,
    SMALL,
    SMALL_MINI,
    claims,
    comparisons,
)
from phenoscope.atlas.noise_or_rate.panels import panels
from phenoscope.atlas.papers import COHEN_PAPER, KESKAR_PAPER
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss, Sharpness
from phenoscope.training import AmplifiedNoise, GradientDescent, Recipe


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples, widths: of data and network.
        steps: updates at the large rate; small rates take as much longer as they are smaller.
        readings: of each member.
        level: the training loss at which members are compared.
    """

    examples: int
    widths: tuple[int, ...]
    steps: int
    readings: int
    level: float


SIZES: dict[Scale, Size] = {
    "smoke": Size(64, (16,), 24, 3, 0.45),
    "laptop": Size(300, (32, 32), 1000, 40, 0.05),
    "paper": Size(1500, (100, 100), 6000, 120, 0.03),
}

RATE, SLOWER = 0.4, 8
"""The large rate, and how many times as large it is as the small one."""
BATCHES = (8, 32)


def noise_or_rate(scale: Scale) -> Phenomenon:
    """Small tanh networks from one start at two rates, without noise, with that of mini-batches, and with more of it.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    large = Recipe(
        data=dataset("digits", train=size.examples, flat=True),
        model=MLP(size.widths, activation="tanh", init_scale=0.2),
        loss=SquaredError(),
        rule=GradientDescent(RATE),
        steps=size.steps,
        batch=size.examples,
    )
    slow = GradientDescent(RATE / SLOWER)
    small = dataclasses.replace(large, rule=slow, steps=size.steps * SLOWER)
    loud = dataclasses.replace(small, rule=AmplifiedNoise(slow, math.sqrt(SLOWER)), batch=BATCHES[0])
    swift, patient = _probes(size.steps // size.readings), _probes(small.steps // size.readings)
    sweep = {"batch": BATCHES}
    arms = (
        Arm(
            AMPLIFIED, loud, patient, sweep,
            says="an eighth of the rate; the distance of each mini-batch's gradient from the full one is multiplied by "
            "√8, so that noise displaces as much per unit of time (rate times steps) as at the large rate",
        ),
        Arm(LARGE, large, swift, role="control", says="all examples in the batch: no noise"),
        Arm(SMALL, small, patient, role="control", says="an eighth of the rate, eight times the steps, no noise"),
        Arm(SMALL_MINI, dataclasses.replace(small, batch=BATCHES[0]), patient, sweep, role="control",
            says="the small rate with the noise of mini-batches as it comes"),
        Arm(LARGE_MINI, dataclasses.replace(large, batch=BATCHES[0]), swift, sweep, role="control",
            says="the large rate with the noise of mini-batches as it comes"),
    )  # fmt: skip
    return Phenomenon(
        name="noise_or_rate",
        title="Noise or rate",
        question="Is it the noise of mini-batches that finds flat places, or the size of the step?",
        summary=(
            "Mini-batches with a large learning rate end flatter than small rates do. They differ in two things, the "
            "size of the step and the noise that it makes. Here the two are taken apart: a large rate without noise, "
            "and a small rate whose noise is amplified until it displaces the parameters as much per unit of time. "
            "All start from the same point and are compared at the same training loss."
        ),
        arms=arms,
        claims=claims(size.level),
        comparisons=comparisons(size.level),
        panels=panels(size.level),
        sources=(
            COHEN_PAPER,
            KESKAR_PAPER,
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _probes(every: int) -> tuple[Loss, Sharpness, Accuracy]:
    """Loss and sharpness on one grid, so that the one can be read where the other is."""
    return Loss(every), Sharpness(every), Accuracy(every)
