"""A taxonomy of overfitting on a line: neighbours and kernels that fit their noise, and what it costs them."""

import dataclasses

from phenoscope.atlas.overfitting_taxonomy.claims import (
    EVEN,
    GAUSSIAN,
    LAPLACE,
    MALLINAR,
    NEAREST,
    RIDGE,
    SEVERAL,
    claims,
)
from phenoscope.atlas.overfitting_taxonomy.panels import panels
from phenoscope.methods import LineFit
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

COUNTS: dict[Scale, tuple[int, ...]] = {
    "smoke": (15, 30, 60), "laptop": (40, 80, 160, 320), "paper": (40, 80, 160, 320, 640, 1280),
}  # fmt: skip
FEW: dict[Scale, tuple[int, ...]] = {"smoke": (10, 20, 30), "laptop": (10, 20, 30, 40), "paper": (10, 20, 30, 40, 45)}
"""For the Gaussian kernel: with more its matrix cannot be solved for in float64."""
DRAWS: dict[Scale, int] = {"smoke": 10, "laptop": 150, "paper": 400}


def overfitting_taxonomy(scale: Scale) -> Phenomenon:
    """Rules on a line that are linear in their labels, with ever more examples.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    counts, few = {"examples": COUNTS[scale]}, {"examples": FEW[scale]}
    nearest = LineFit(COUNTS[scale][-1], steps=DRAWS[scale])
    gaussian = dataclasses.replace(nearest, examples=FEW[scale][-1], fit="gaussian", length=0.01)
    arms = (
        Arm(NEAREST, nearest, sweep=counts, says="the label of the nearest example, which fits all"),
        Arm(
            SEVERAL, dataclasses.replace(nearest, fit="several nearest"), sweep=counts, role="control",
            says="the mean of the log n nearest, which fits none",
        ),
        Arm(LAPLACE, dataclasses.replace(nearest, fit="laplace"), sweep=counts, says="a length of 0.2, no ridge"),
        Arm(GAUSSIAN, gaussian, sweep=few, says="a length of 0.01, no ridge"),
        Arm(EVEN, dataclasses.replace(gaussian, even=True), sweep=few, says="the same, no two inputs near each other"),
        Arm(
            RIDGE, dataclasses.replace(nearest, fit="gaussian", length=0.03, ridge=0.01), sweep=counts, role="control",
            says="a length of 0.03, and a ridge of 0.01 n",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="overfitting_taxonomy",
        title="A taxonomy of overfitting",
        question="Which rules that fit noisy labels exactly get better with more examples, and which get worse?",
        summary=(
            "That a rule fits every label, noise and all, does not say what becomes of it with more examples. On a "
            "line it can be followed exactly: the nearest example costs the whole noise for ever, Laplace's kernel two "
            "thirds of it, and a Gaussian kernel more and more; the mean of a few neighbours, or a ridge, fits nothing "
            "exactly and gets better. Whether it is the kernel or the inputs that ruin the Gaussian fit is asked, too."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{MALLINAR}: Benign, tempered, or catastrophic: a taxonomy of overfitting",
             "https://arxiv.org/abs/2207.06569"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
