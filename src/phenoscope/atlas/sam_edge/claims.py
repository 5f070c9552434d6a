"""What is claimed of the edge of sharpness-aware minimisation; the band is that of gradient descent at its own edge."""

from phenoscope.claims import (
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    late_mean,
    maximum,
    relative_spread,
)

LONG = "Long and Bartlett 2024, arXiv:2309.12488"

SHARPNESS, RATIO, LOSS = Measured("sharpness"), Measured("sharpness / threshold"), Measured("loss")
LR = Setting("lr")
THRESHOLD = SHARPNESS / RATIO
AT_THE_EDGE = Between(0.9, 1.15)

UNNORMALISED, NORMALISED, DESCENT, SMALL, LINEARISED = (
    "unnormalised SAM", "SAM", "gradient descent", "small step", "linearised",
)  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """The claims."""
    starts_below = first_value(RATIO) <= 0.75
    return (
        Claim(
            "over the last third of training the sharpness of unnormalised SAM averages 0.9 to 1.15 times the λ with "
            "η λ (1 + ρλ) = 2", LONG,
            late_mean(RATIO), AT_THE_EDGE, region_from="theory",
            on=UNNORMALISED, each="radius", given=starts_below, control=Breaks(SMALL),
            name="unnormalised-sits-at-its-edge",
        ),
        Claim(
            "over the last third of training the sharpness of SAM averages 0.9 to 1.15 times "
            "‖∇L‖/(2ρ) (√(1 + 8ρ/(η‖∇L‖)) - 1)", LONG,
            late_mean(RATIO), AT_THE_EDGE, region_from="theory",
            on=NORMALISED, each="radius", given=starts_below, control=Breaks(SMALL), name="normalised-sits-at-its-edge",
        ),
        Claim(
            "over the last third of training the sharpness of SAM is below 0.9 times 2/η", LONG,
            late_mean(SHARPNESS * LR / 2), Below(0.9), region_from="theory",
            on=NORMALISED, each="radius", control=Breaks(DESCENT), name="below-the-edge-of-gradient-descent",
        ),
        Claim(
            "with a small step the sharpness stays below its threshold throughout", LONG,
            maximum(RATIO), Below(1.0), region_from="theory",
            on=SMALL, control=Breaks(UNNORMALISED), name="small-step-stays-below",
        ),
        Claim(
            "with frozen features the sharpness is the same to 1 % throughout",
            "theory: with squared error the Hessian of a model linear in its parameters does not depend on them",
            relative_spread(SHARPNESS), AtMost(0.01), region_from="theory",
            on=LINEARISED, control=Breaks(UNNORMALISED), name="frozen-features-do-not-sharpen",
        ),
    )  # fmt: skip
