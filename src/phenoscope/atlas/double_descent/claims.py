"""What is claimed of networks around the width at which they just fit their data."""

from phenoscope.claims import (
    Above,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Expression,
    Measured,
    Setting,
    hump_across,
    hump_place,
    last_value,
    minimum,
    onset,
    quotient,
    rank_correlation,
    second_minimum,
    slope,
)

BELKIN = "Belkin et al. 2018, arXiv:1812.11118"
NAKKIRAN = "Nakkiran et al. 2019, arXiv:1912.02292"
TUNED = "Nakkiran et al. 2020, arXiv:2003.01897"

NOISY, SOME, CLEAN, DECAY = "a fifth wrong", "a tenth wrong", "all right", "weight decay"
AT_PEAK, BEYOND = "more wrong labels, by the threshold", "more wrong labels, far beyond it"
LARGE = "all right, beyond the threshold"

WIDTH, NOISE = Setting("model.width"), Setting("data.label_noise")
TEST_LOSS = Measured("test loss", unit="nats")
LOSS, BEST = last_value(TEST_LOSS), minimum(TEST_LOSS)
ERROR = 1 - last_value(Measured("test accuracy"))
UNFITTED = 1 - last_value(Measured("train accuracy"))
OVER = "model.width"


def claims(inputs: int, outputs: int, examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        inputs: of the networks, numbers.
        outputs: of theirs.
        examples: that they are trained on.
    """
    parameters = WIDTH * (inputs + 1 + outputs) + outputs
    return (*_peak(), *_place(parameters / (examples * outputs)), *_noise(), *_cures())


def _peak() -> tuple[Claim, ...]:
    """Is there one, and in what?"""
    return (
        Claim(
            "with wrong labels the test loss peaks on the way to wide networks: it is 1.4 times what it is on both "
            "sides", f"{BELKIN}; {NAKKIRAN}",
            hump_across(LOSS, WIDTH), Above(1.4), region_from="pilot", on=NOISY, over=OVER,
            control=Breaks(DECAY), name="the-loss-peaks",
        ),
        Claim(
            "so does the share of wrong answers", NAKKIRAN,
            hump_across(ERROR, WIDTH), Above(1.1), region_from="pilot", on=NOISY, over=OVER,
            control=Breaks(DECAY), name="the-error-peaks",
        ),
        Claim(
            "beyond the peak the loss is lower than it ever was before", BELKIN,
            second_minimum(LOSS, WIDTH), Below(1.0), region_from="source", on=NOISY, over=OVER,
            name="the-second-minimum-is-lower",
        ),
    )  # fmt: skip


def _place(share: Expression) -> tuple[Claim, ...]:
    """Where is it?"""
    fits = onset(UNFITTED <= 0.01, WIDTH)
    return (
        Claim(
            "the loss peaks at the width from which 99 % of the training labels are fitted, to a factor of two",
            NAKKIRAN,
            quotient(hump_place(LOSS, WIDTH), fits), Between(0.5, 2.0), region_from="pilot", on=NOISY, over=OVER,
            name="it-is-where-the-data-are-fitted",
        ),
        Claim(
            "it is where there are as many parameters as examples times classes, to a third", BELKIN,
            hump_place(LOSS, share), Between(2 / 3, 4 / 3), region_from="pilot", on=NOISY, over=OVER,
            name="it-is-where-parameters-are-outputs",
        ),
    )  # fmt: skip


def _noise() -> tuple[Claim, ...]:
    """Does it take wrong labels?"""
    return (
        Claim(
            "wrong labels raise the loss by the threshold, the more of them there are", NAKKIRAN,
            slope(LOSS, NOISE), Above(0.0), region_from="source", on=AT_PEAK, over="data.label_noise",
            control=Breaks(BEYOND, by="difference"), name="noise-raises-the-peak",
        ),
        Claim(
            "without any the peak is weak: less than 1.4 times what the loss is on both sides", NAKKIRAN,
            hump_across(LOSS, WIDTH), Below(1.4), region_from="pilot", on=CLEAN, over=OVER,
            control=Breaks(NOISY, by="contradiction"), name="right-labels-have-a-weak-peak",
        ),
        Claim(
            "with right labels a wider network beyond the threshold is hardly ever worse", NAKKIRAN,
            rank_correlation(WIDTH, LOSS), AtMost(-0.7), region_from="pilot", on=LARGE, over=OVER,
            name="right-labels-fall-with-width",
        ),
    )  # fmt: skip


def _cures() -> tuple[Claim, ...]:
    """What takes it away."""
    falls = rank_correlation(WIDTH, BEST)
    return (
        Claim(
            "stopped at its best step, a wider network is hardly ever worse", NAKKIRAN,
            falls, AtMost(-0.8), region_from="pilot", on=NOISY, over=OVER,
            control=Breaks(NOISY, statistic=rank_correlation(WIDTH, LOSS), called="at the last step"),
            name="stopped-early-it-has-no-peak",
        ),
        Claim(
            "with weight decay that suits the noise a wider one is hardly ever worse", TUNED,
            rank_correlation(WIDTH, LOSS), AtMost(-0.8), region_from="pilot", on=DECAY, over=OVER,
            control=Breaks(NOISY), name="decay-takes-it-away",
        ),
    )  # fmt: skip
