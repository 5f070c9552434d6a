"""Rising sharpness: far below the edge of stability, training moves towards sharper regions."""

import dataclasses
from collections.abc import Mapping

from torch import Tensor

from phenoscope.claims import AtLeast, AtMost, Breaks, Claim, Measured, first_value, last_value, maximum
from phenoscope.core.specs import spec
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.panels import Lines
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Loss, Moment, Rows, Sharpness
from phenoscope.probes.probe import Reading
from phenoscope.training import GradientDescent, Recipe

SHARPNESS, THRESHOLD, DISTANCE = Measured("sharpness"), Measured("sharpness / threshold"), Measured("distance")
COHEN = "Cohen et al. 2021, arXiv:2103.00065, section 3.1"

SIZES = {"smoke": (100, (16,), 200), "laptop": (500, (50, 50), 1000), "paper": (5000, (200, 200), 4000)}
"""Examples, widths and steps of each scale."""


@spec
class Distance:
    """‖θ - θ₀‖, the Euclidean distance from the start, `distance`: a probe of one's own, with a memory."""

    every: int = 10

    version = 1

    @property
    def units(self) -> Mapping[str, str]:
        return {"distance": "parameter"}

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def needs_curvature(self, step: int) -> bool:
        return False

    def update(self, moment: Moment, memory: Tensor | None) -> Reading:
        start = moment.points.clone() if memory is None else memory  # (n, p): a row for each network of the cohort
        return [Rows("distance", moment.step, (moment.points - start).norm(dim=1))], start


def rising_sharpness(scale: Scale, *, data: str = "digits", lr: float = 0.05) -> Phenomenon:
    """Full-batch gradient descent with a rate at which the edge of stability is not reached.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the name of a data set.
        lr: the learning rate.
    """
    examples, widths, steps = SIZES[scale]
    recipe = Recipe(
        data=dataset(data, train=examples, flat=True),
        model=MLP(widths, activation="tanh", init_scale=0.2),
        loss=SquaredError(),
        rule=GradientDescent(lr),
        steps=steps,
    )
    probes = (Loss(), Sharpness(every=steps // 20), Distance())
    frozen = dataclasses.replace(recipe, dynamics="linearised")
    return Phenomenon(
        name="rising_sharpness",
        title="Rising sharpness",
        question="Does the sharpness rise while the step is still small?",
        summary="Far below the edge of stability, training moves towards sharper regions.",
        arms=(
            Arm("gradient descent", recipe, probes, says="a small step"),
            Arm("linearised", frozen, probes, role="control", says="frozen features"),
        ),
        claims=(
            Claim(
                "the sharpness at least doubles",
                COHEN,
                last_value(SHARPNESS) / first_value(SHARPNESS),
                AtLeast(2.0),
                region_from="pilot",
                on="gradient descent",
                control=Breaks("linearised"),
                name="sharpness-doubles",
            ),
            Claim(
                "it stays below the edge of stability throughout",
                COHEN,
                maximum(THRESHOLD),
                AtMost(1.0),
                region_from="theory",
                on="gradient descent",
                name="below-the-edge",
            ),
        ),
        panels=(
            Lines(
                "Sharpness",
                "It rises, except where features are frozen.",
                SHARPNESS,
                "sharpness",
                ("gradient descent", "linearised"),
            ),
            Lines(
                "Distance", "How far training has moved.", DISTANCE, "‖θ - θ₀‖", ("gradient descent", "linearised")
            ),
        ),
        sources=(
            ("Cohen et al. 2021: Gradient descent on neural networks typically occurs at the edge of stability",
             "https://arxiv.org/abs/2103.00065"),
        ),
        scale=scale,
        options={"data": data, "lr": lr},
        pilot_seeds=PILOTS,
    )  # fmt: skip
