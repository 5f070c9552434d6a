"""Diagonal linear networks: start, step size and noise decide how sparse the solution is."""

import dataclasses

from phenoscope.atlas.diagonal_networks.claims import (
    ERASED,
    EVEN,
    FIXED,
    FULL,
    HAOCHEN,
    LARGE,
    NOISY,
    PESME,
    QUIET,
    SCALES,
    SINGLE,
    WOODWORTH,
    claims,
)
from phenoscope.atlas.diagonal_networks.panels import panels
from phenoscope.methods import DiagonalDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, inputs, those that matter, and doublings of the updates."""

    examples: int
    inputs: int
    support: int
    steps: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(20, 40, 2, 11), "laptop": Size(40, 100, 5, 15), "paper": Size(200, 1000, 20, 19),
}  # fmt: skip
STARTS = (0.01, 0.03, 0.1, 0.3, 1.0)
"""α."""


def diagonal_networks(scale: Scale) -> Phenomenon:
    """A sparse regression with fewer examples than inputs, fitted by u∘u - v∘v.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    small = DiagonalDescent(
        0.3, rate=0.02, examples=size.examples, inputs=size.inputs, support=size.support, steps=size.steps
    )
    noisy = dataclasses.replace(small, noise=3.0, steps=size.steps + 1)
    single = dataclasses.replace(small, rate=1e-3, batch="one")
    arms = (
        Arm(SCALES, small, sweep={"scale": STARTS}, says="full-batch descent with small steps from u = v = α"),
        Arm(LARGE, dataclasses.replace(small, scale=3.0, rate=1e-3), says="from u = v = 3"),
        Arm(
            SINGLE, single, sweep={"rate": (1e-3, 2.5e-3, 6e-3)}, says="one random example a step, from u = v = 0.3",
        ),
        Arm(
            FULL, small, sweep={"rate": (0.01, 0.025, 0.06)}, role="control",
            says="all examples at each step, from u = v = 0.3",
        ),
        Arm(NOISY, noisy, says="labels with noise drawn anew at each step for the first half of the updates"),
        Arm(ERASED, noisy, sweep={"scale": (0.1, 0.3, 1.0)}, says="the same from other starts"),
        Arm(FIXED, dataclasses.replace(noisy, fresh=False), role="control", says="the noise drawn once"),
        Arm(QUIET, dataclasses.replace(noisy, noise=0.0), role="control", says="no noise"),
    )  # fmt: skip
    return Phenomenon(
        name="diagonal_networks",
        title="Diagonal linear networks",
        question="What decides how sparse the solution is that training finds?",
        summary=(
            "A regression whose coefficients are differences of squares has the same solutions as any other, but finds "
            "a sparse one where it starts near zero and the shortest one where it starts far away. For gradient flow "
            "a potential says which, for every start. Noise acts as a smaller start: that of single examples by as "
            "much as the losses on the way foretell, that of fresh label noise so much that the start is forgotten."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{WOODWORTH}: Kernel and rich regimes in overparametrized models", "https://arxiv.org/abs/2002.09277"),
            (f"{PESME}: Implicit bias of SGD for diagonal linear networks: a provable benefit of stochasticity",
             "https://arxiv.org/abs/2106.09524"),
            (f"{EVEN}: (S)GD over diagonal linear networks: implicit regularisation, large stepsizes and edge of "
             "stability", "https://arxiv.org/abs/2302.08982"),
            (f"{HAOCHEN}: Shape matters: understanding the implicit bias of the noise covariance",
             "https://arxiv.org/abs/2006.08680"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
