"""Progressive sharpening: while the step is far too small to matter, training still moves towards sharper regions."""

import dataclasses

from phenoscope.atlas.papers import COHEN_PAPER
from phenoscope.atlas.progressive_sharpening.claims import (
    CROSS_ENTROPY,
    DESCENT,
    HALF,
    HALF_STEP,
    LARGE,
    LARGE_STEP,
    LINEARISED,
    SCALES_OF_START,
    claims,
)
from phenoscope.atlas.progressive_sharpening.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.comparisons import Comparison, departure
from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy, SquaredError
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss, Sharpness
from phenoscope.training import GradientDescent, Recipe

SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (16,), 120, 20),
    "laptop": Size(500, (50, 50), 1500, 50),
    "paper": Size(1500, (200, 200), 6000, 100),
}

CHOICES = {"digits": (0.05, 0.2), "mnist1d": (0.1, 0.3)}
"""Learning rate and initial scale: far below the edge that training reaches; eight times the rate comes up to it."""


def progressive_sharpening(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Full-batch gradient descent on small tanh networks with a step so small that it follows the gradient flow.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: "digits" or "mnist1d".
    """
    if data not in CHOICES:
        raise BadInput(f"progressive sharpening is set up for the data digits and mnist1d, got {data!r}.")
    size, (rate, start) = SIZES[scale], CHOICES[data]
    model = MLP(size.widths, activation="tanh", init_scale=start)
    descent = Recipe(
        data=dataset(data, train=size.examples, flat=True),
        model=model,
        loss=SquaredError(),
        rule=GradientDescent(rate),
        steps=size.steps,
    )
    probes = (Loss(), Sharpness(size.every), Accuracy(5 * size.every))
    half = dataclasses.replace(descent, rule=GradientDescent(rate / 2), steps=2 * size.steps)
    large = dataclasses.replace(descent, rule=GradientDescent(8 * rate), steps=size.steps // 8)
    frozen = dataclasses.replace(descent, dynamics="linearised", steps=size.steps // 3)
    arms = (
        Arm(DESCENT, descent, probes, says="a step far below the edge of stability"),
        Arm(HALF, half, (Loss(), Sharpness(2 * size.every)), says="half the step, twice as many: the same time"),
        Arm(
            SCALES_OF_START, descent, probes, {"model.init_scale": (start, 2 * start, 4 * start)},
            says="starts of larger weights, which are sharper to begin with",
        ),
        Arm(
            CROSS_ENTROPY, dataclasses.replace(descent, loss=CrossEntropy(), rule=GradientDescent(2 * rate)), probes,
            says="the other usual loss",
        ),
        Arm(
            LARGE, large, (Loss(), Sharpness(max(1, size.every // 8))), role="control",
            says="eight times the step for the same time, up to the edge",
        ),
        Arm(LINEARISED, frozen, probes, role="control", says="frozen features; a third of the steps"),
    )  # fmt: skip
    series = ("relative distance", "cosine")
    return Phenomenon(
        name="progressive_sharpening",
        title="Progressive sharpening",
        question="Does training move towards sharper regions long before the step is too large for them?",
        summary=(
            "Long before the sharpness meets 2/η it rises, steadily and many-fold. The step has no part in it: half "
            "the step for twice as long goes the same way. With features frozen at the start nothing rises. No theory "
            "is known that tells from the start how far it will rise, and what is claimed here is no such law."
        ),
        arms=arms,
        claims=claims(),
        comparisons=(
            Comparison(HALF_STEP, (DESCENT, HALF), departure, series),
            Comparison(LARGE_STEP, (LARGE, HALF), departure, series),
        ),
        panels=panels(),
        sources=(
            COHEN_PAPER,
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
