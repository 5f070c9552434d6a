"""Changing rates: the curvature follows the learning rate, down in a warm-up and up after a drop."""

import dataclasses

from phenoscope.atlas.changing_rates.claims import AT_ONCE, DROP, FAR_BELOW, SMALL, WARMUP, claims
from phenoscope.atlas.changing_rates.panels import panels
from phenoscope.atlas.papers import COHEN_PAPER
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, GradientNorm, Loss, Sharpness
from phenoscope.training import Drop, GradientDescent, Recipe, Warmup


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; `warmup` is its length in steps, `drop` the step of the drop."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    warmup: int
    drop: int
    every: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 300, 80, 100, 10),
    "laptop": Size(1000, (100, 100), 2400, 400, 400, 25),
    "paper": Size(1500, (200, 200), 12_000, 2000, 4000, 50),
}


def changing_rates(scale: Scale) -> Phenomenon:
    """Full-batch gradient descent on small tanh networks whose learning rate rises or falls on the way.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    return Phenomenon(
        name="changing_rates",
        title="Changing rates",
        question="Does the curvature follow the learning rate when that changes?",
        summary=(
            "At the edge of stability the curvature is as large as the step size allows. So a rate that rises slowly "
            "should press the curvature down before it, and thereby bear a full rate under which training from the "
            "same start diverges: what a warm-up is for. And a rate that falls should let the curvature rise again, "
            "to the new edge."
        ),
        arms=_arms(SIZES[scale]),
        claims=claims(),
        panels=panels(),
        sources=(
            COHEN_PAPER,
            ("Gilmer et al. 2021: A loss curvature perspective on training instability in deep learning",
             "https://arxiv.org/abs/2110.04369"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _arms(size: Size) -> tuple[Arm, ...]:
    """What is trained, and the controls."""
    gentle = Recipe(
        data=dataset("digits", train=size.examples, flat=True),
        model=MLP(size.widths, activation="tanh", init_scale=0.2),
        loss=SquaredError(),
        rule=GradientDescent(Drop(0.4, size.drop, 0.2)),
        steps=size.steps,
    )
    sharp = dataclasses.replace(
        gentle,
        model=MLP(size.widths, activation="tanh", init_scale=0.7),
        rule=GradientDescent(Warmup(size.warmup, 0.6)),
    )
    probes = (Loss(), GradientNorm(), Sharpness(size.every), Accuracy(5 * size.every))
    far_below = dataclasses.replace(gentle, rule=GradientDescent(Drop(0.04, size.drop, 0.02)))
    return (
        Arm(
            WARMUP, sharp, probes,
            says="a start so sharp that the full rate is five times too large, and a rate that rises to it",
        ),
        Arm(
            AT_ONCE, dataclasses.replace(sharp, rule=GradientDescent(0.6)), probes, role="control",
            says="the same start with the full rate from the first step on",
        ),
        Arm(
            SMALL, dataclasses.replace(sharp, rule=GradientDescent(0.03)), probes, role="control",
            says="the same start with a small rate throughout",
        ),
        Arm(
            DROP, gentle, probes, {"lr.after": (0.4, 0.2, 0.13)},
            says="a rate whose edge is met early, and then most of the steps at that rate, half or a third of it",
        ),
        Arm(
            FAR_BELOW, far_below, probes, {"lr.after": (0.04, 0.013)}, role="control",
            says="the same drops at a tenth of the rates, which stay far below their edge",
        ),
    )  # fmt: skip
