"""What is claimed of the minimal models.

Zhu et al. write L = (1 - x² y²)²/4, half of the loss here; their rate is twice the one here, the path is the same. In
their scale the sharpness at a minimum is 2 (x² + y²), here 4 (x² + y²); against 2/η both say the same.
"""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    fraction_of,
    last_value,
    late_mean,
    maximum,
)

ZHU = "Zhu, Wang, Wang, Zhou, Ge 2022, arXiv:2210.03294"
KREISLER = "Kreisler, Nacson, Soudry, Carmon 2023, arXiv:2305.13064"
AGARWALA = "Agarwala, Pedregosa, Pennington 2022, arXiv:2210.04860"

SHARPNESS, RATIO, LOSS = Measured("sharpness"), Measured("sharpness / threshold"), Measured("loss")
FLOW, LR = Measured("flow sharpness"), Setting("lr")
JUST_BELOW = Between(0.99, 1.0)

TWO, SMALL, THREE, SMALL_THREE = "x² y²", "small step", "three scalars", "three scalars, small step"
FAR, SECOND_ORDER, LINEAR = "far above the edge", "second order", "linear"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "on ½ (1 - x² y²)² gradient descent ends at 0.99 to 1 times 2/η where gradient flow would end above 2/η",
            ZHU,
            late_mean(RATIO, fraction=0.1), JUST_BELOW, region_from="pilot",
            on=TWO, control=Breaks(SMALL), name="two-end-just-below-the-edge",
        ),
        Claim(
            "at a tenth of the rate it ends where gradient flow ends: the sharpness there is the same to 1 %",
            "theory: for a vanishing rate gradient descent is gradient flow",
            last_value(SHARPNESS) / first_value(FLOW), Between(0.99, 1.01), region_from="theory",
            on=SMALL, control=Breaks(TWO), name="small-step-ends-where-flow-does",
        ),
        Claim(
            "on a product of three scalars no step raises the sharpness at which gradient flow would end (beyond "
            "rounding; to the resolution of the share of such steps)", KREISLER,
            fraction_of(Measured("flow sharpness rise") > 1e-12, last=1.0), AtMost(2e-3), region_from="theory",
            on=THREE, if_diverged="as measured", control=Breaks(FAR), name="sharpness-of-flow-never-rises",
        ),
        Claim(
            "meanwhile the loss itself rises in at least a tenth of the steps", KREISLER,
            fraction_of(Measured("relative progress") > 0, last=1.0), AtLeast(0.1), region_from="pilot",
            on=THREE, control=Breaks(SMALL_THREE), name="the-loss-does-rise",
        ),
        Claim(
            "on a product of three scalars gradient descent ends at 0.99 to 1 times 2/η where gradient flow would end "
            "above 2/η", KREISLER,
            late_mean(RATIO, fraction=0.1), JUST_BELOW, region_from="pilot",
            on=THREE, control=Breaks(SMALL_THREE), name="three-end-just-below-the-edge",
        ),
        Claim(
            "a random map of second order sharpens at least 1.5-fold", AGARWALA,
            maximum(SHARPNESS) / first_value(SHARPNESS), AtLeast(1.5), region_from="pilot",
            on=SECOND_ORDER, control=Breaks(LINEAR), name="second-order-sharpens",
        ),
        Claim(
            "over the last third of training the sharpness of a random map of second order averages 0.85 to 1.15 "
            "times 2/η", AGARWALA,
            late_mean(RATIO), Between(0.85, 1.15), region_from="pilot",
            on=SECOND_ORDER, control=Breaks(LINEAR), name="second-order-settles-near-the-edge",
        ),
    )  # fmt: skip
