"""What is claimed of the adaptive edge; the band around the threshold is that of heavy ball at the plain edge."""

from phenoscope.claims import (
    AtLeast,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    fraction_of,
    late_mean,
    log_log_slope,
    maximum,
)

COHEN = "Cohen et al. 2022, Adaptive gradient methods at the edge of stability, arXiv:2207.14484"

EFFECTIVE, RATIO = Measured("effective sharpness"), Measured("effective sharpness / threshold")
LR, BETA1, LOSS = Setting("lr"), Setting("beta1"), Measured("loss")
ADAM_EDGE = 2 * (1 + BETA1) / (1 - BETA1) / LR
AT_THE_EDGE = Between(0.85, 1.15)

ADAM, RMSPROP, SMALL, SMALL_RMSPROP, LINEARISED = (
    "Adam", "RMSProp", "Adam, small step", "RMSProp, small step", "Adam, frozen features",
)  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "over the last third of training Adam's effective sharpness averages 0.85 to 1.15 times "
            "(2 + 2β₁)/((1 - β₁)η)", COHEN,
            late_mean(RATIO), AT_THE_EDGE, region_from="theory",
            on=ADAM, each="beta1", control=Breaks(SMALL), name="adam-sits-at-its-edge",
        ),
        Claim(
            "over the last third of training RMSProp's effective sharpness averages 0.85 to 1.15 times 2/η", COHEN,
            late_mean(RATIO), AT_THE_EDGE, region_from="theory",
            on=RMSPROP, each="lr", control=Breaks(SMALL_RMSPROP), name="rmsprop-sits-at-its-edge",
        ),
        Claim(
            "across momenta, late effective sharpness is proportional to (1 + β₁)/(1 - β₁)", COHEN,
            log_log_slope(late_mean(EFFECTIVE), ADAM_EDGE), Between(0.85, 1.15), region_from="theory",
            on=ADAM, over="beta1", name="follows-the-momentum",
        ),
        Claim(
            "across rates, RMSProp's late effective sharpness is proportional to 1/η", COHEN,
            log_log_slope(late_mean(EFFECTIVE), 1 / LR), Between(0.85, 1.15), region_from="theory",
            on=RMSPROP, over="lr", name="follows-the-rate",
        ),
        Claim(
            "at least a tenth of RMSProp's late steps raise the loss", COHEN,
            fraction_of(Measured("relative progress") > 0), AtLeast(0.1), region_from="theory",
            on=RMSPROP, each="lr", control=Breaks(SMALL_RMSPROP), name="loss-not-monotone",
        ),
        Claim(
            "with a small step Adam's effective sharpness stays below its threshold throughout", COHEN,
            maximum(RATIO), Below(1.0), region_from="theory",
            on=SMALL, control=Breaks(ADAM), name="small-step-stays-below",
        ),
        Claim(
            "with frozen features Adam reaches its edge all the same: the late effective sharpness averages 0.85 to "
            "1.15 times the threshold",
            "theory: the gradients of a linear model shrink as it learns, so P⁻¹ grows until the step is too large",
            late_mean(RATIO), AT_THE_EDGE, region_from="theory",
            on=LINEARISED, control=Breaks(SMALL), name="features-are-not-needed",
        ),
    )  # fmt: skip
