"""Flatness at scale: does the correlation between sharpness and the gap weaken as networks grow?"""

import dataclasses

from phenoscope.atlas.fitted import small_network, there, training
from phenoscope.atlas.flatness_at_scale.claims import ALL, ANDRIUSHCHENKO, KADDOUR, NARROW, OVER, WIDE, WIDTH, claims
from phenoscope.atlas.flatness_at_scale.panels import panels
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Instruments
from phenoscope.training import GradientDescent


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; `level` is the training loss at which all models are measured."""

    examples: int
    level: float
    steps: int
    rates: tuple[float, ...]
    batches: tuple[int, ...]
    widths: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(40, 0.5, 200, (0.1, 0.2, 0.3), (10,), (16, 64)),
    "laptop": Size(150, 0.1, 2500, (0.05, 0.08, 0.13, 0.2, 0.3), (10, 40), (24, 80, 256)),
    "paper": Size(1000, 0.1, 20_000, (0.02, 0.05, 0.1, 0.2, 0.4), (10, 30, 100), (64, 256, 1024, 4096)),
}


def flatness_at_scale(scale: Scale) -> Phenomenon:
    """Small ReLU networks of several widths, over rate and batch, measured at one training loss.

    A fifth of the training labels are wrong, so that there is a gap.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    trained = small_network(
        size.examples, size.widths[0], GradientDescent(size.rates[0]), steps=size.steps, batch=size.batches[0]
    )
    own: dict[str, tuple[float, ...]] = dict(zip(OVER, (size.rates, size.batches), strict=True))
    probes = (Accuracy(every=2), Instruments(("sharpness", "adaptive_gaussian"), every=2))

    widest = dataclasses.replace(trained, model=dataclasses.replace(trained.model, width=size.widths[-1]))
    arms = (
        training(trained, own | {WIDTH: size.widths}, size.level),
        Arm(ALL, there(trained), probes, own | {WIDTH: size.widths}, says="each network there, of every width"),
        Arm(NARROW, there(trained), probes, own, says=f"of these the ones of width {size.widths[0]}"),
        Arm(WIDE, there(widest), probes, own, says=f"and the ones of width {size.widths[-1]}"),
    )  # fmt: skip
    return Phenomenon(
        name="flatness_at_scale",
        title="Flatness at scale",
        question="Does the correlation between sharpness and the generalisation gap weaken as networks grow?",
        summary=(
            "Studies of small networks find that sharper places have larger gaps, studies of large ones that they "
            "hardly do, or not at all. What else differs between such studies is much. Here one family of networks "
            "fits one data set to one loss at every width, and at each the models that differ in rate and batch are "
            "ranked by their sharpness and by their gap."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{ANDRIUSHCHENKO}: A modern look at the relationship between sharpness and generalization",
             "https://arxiv.org/abs/2302.07011"),
            (f"{KADDOUR}: When do flat minima optimizers work?", "https://arxiv.org/abs/2202.00661"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
