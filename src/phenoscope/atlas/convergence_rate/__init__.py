"""Enough width takes the training loss to zero, at a rate that the smallest eigenvalue of the limiting kernel gives."""

import dataclasses

from phenoscope.atlas.convergence_rate.claims import (
    CONFLICT,
    DU,
    MEAN_FIELD,
    MODEST,
    NARROW,
    TWINS,
    WIDE,
    WIDTHS,
    claims,
)
from phenoscope.atlas.convergence_rate.panels import panels
from phenoscope.methods import ConvergenceRate
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, readings, several widths, a modest one among them, and angles of twins."""

    examples: int
    readings: int
    widths: tuple[int, ...]
    modest: int
    angles: tuple[float, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(8, 12, (16, 64, 256), 64, (0.4, 0.8)),
    "laptop": Size(20, 40, (16, 64, 256, 1024, 4096), 256, (0.2, 0.4, 0.8)),
    "paper": Size(60, 80, (64, 256, 1024, 4096, 16384, 65536), 1024, (0.1, 0.2, 0.4, 0.8)),
}
FEW = 4
"""Hidden units of the narrow network: for some digits none of them may be active."""


def convergence_rate(scale: Scale) -> Phenomenon:
    """Gradient descent from the zero function, in the time that the smallest eigenvalue sets.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    wide = ConvergenceRate(steps=size.readings, width=size.widths[-1], examples=size.examples)
    twins = dataclasses.replace(wide, width=4 * size.modest, twins=1)
    sweep = {"width": size.widths}
    arms = (
        Arm(WIDE, wide, says=f"{size.widths[-1]} ReLU units, NTK parametrisation, distinct digits of one length"),
        Arm(MODEST, dataclasses.replace(wide, width=size.modest), says=f"{size.modest} units"),
        Arm(NARROW, dataclasses.replace(wide, width=FEW), role="control", says=f"{FEW} units"),
        Arm(CONFLICT, twins, role="control", says="one digit twice, once even and once odd: an eigenvalue is zero"),
        Arm(TWINS, twins, sweep={"angle": size.angles}, says="the same with the copy turned by an angle"),
        Arm(WIDTHS, wide, sweep=sweep, says="the first at several widths"),
        Arm(
            MEAN_FIELD, dataclasses.replace(wide, readout="mean field"), sweep=sweep, role="control",
            says="outputs divided by the root of the width once more, so that features must move at any width",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="convergence_rate",
        title="Zero training loss, at a rate",
        question="Does enough width take the training loss to zero, and at a rate that is known beforehand?",
        summary=(
            "The loss of a network is no convex function, and yet descent takes that of a wide one to zero. While the "
            "smallest eigenvalue of its tangent kernel stays above λ, every residual shrinks at least as exp(-λt); so "
            "it is enough that this eigenvalue begins near that of the infinitely wide network and stays there. The "
            "limit's is positive wherever no two inputs point one way. It sets the unit of time here: what the loss "
            "should do is known before a network is drawn."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{DU}: Gradient descent provably optimizes over-parameterized neural networks",
             "https://arxiv.org/abs/1810.02054"),
            ("Jacot et al. 2018: Neural tangent kernel: convergence and generalization in neural networks",
             "https://arxiv.org/abs/1806.07572"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
