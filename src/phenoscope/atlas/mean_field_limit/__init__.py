"""The mean-field limit of two-layer networks: features that move at any width, and curves that are one."""

import dataclasses

from phenoscope.atlas.mean_field_limit.claims import CHIZAT_BACH, MEAN_FIELD, MEI, NTK, ONE_RATE, claims
from phenoscope.atlas.mean_field_limit.panels import panels
from phenoscope.methods import Particles
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, updates, widths, and the width of the network that stands for the limit."""

    examples: int
    steps: int
    widths: tuple[int, ...]
    wide: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(12, 30, (32, 128), 600),
    "laptop": Size(40, 100, (25, 100, 400, 1600), 5000),
    "paper": Size(200, 1000, (50, 200, 800, 3200, 12800), 50000),
}


def mean_field_limit(scale: Scale) -> Phenomenon:
    """Two-layer networks whose outputs are means over their units, trained in the time that this asks for.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    mean = Particles(steps=size.steps, width=size.widths[0], wide=size.wide, examples=size.examples)
    sweep = {"width": size.widths}
    arms = (
        Arm(MEAN_FIELD, mean, sweep=sweep, says="erf, outputs divided by the width, rates multiplied by it"),
        Arm(
            ONE_RATE, dataclasses.replace(mean, scaling="mean field, one rate"), sweep=sweep, role="control",
            says="the same with one rate for all widths, that of 100 units",
        ),
        Arm(
            NTK, dataclasses.replace(mean, scaling="ntk"), sweep=sweep, role="control",
            says="outputs divided by the root of the width, less those at the start",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="mean_field_limit",
        title="The mean-field limit",
        question="Is there an infinitely wide network that learns features?",
        summary=(
            "Let the outputs be a mean over units, and give each unit the time to move: then a unit feels the others "
            "only through the outputs, as a particle in a field that all of them make. With more particles the field "
            "loses its chance, not its motion: networks of all widths follow one limit, in which every unit moves as "
            "far as in a narrow network. Divide by the root of the width instead, and there is a limit as well, but "
            "units stand still in it."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{MEI}: A mean field view of the landscape of two-layer neural networks",
             "https://arxiv.org/abs/1804.06561"),
            (f"{CHIZAT_BACH}: On the global convergence of gradient descent for over-parameterized models using "
             "optimal transport", "https://arxiv.org/abs/1805.09545"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
