"""What is claimed of the edge of stability; regions are those of the sources, or of theory where it gives one."""

from phenoscope.atlas.papers import COHEN
from phenoscope.claims import (
    AtLeast,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    block_ratio,
    first_value,
    fraction_of,
    growth,
    late_mean,
    log_log_slope,
    maximum,
    maximum_until,
    relative_spread,
    sign_changes,
)

AHN = "Ahn, Zhang, Sra 2022, Understanding the unstable convergence of gradient descent"
DAMIAN = "Damian, Nichani, Lee 2022, arXiv:2209.15594"

SHARPNESS, LOSS, LR, MOMENTUM = Measured("sharpness"), Measured("loss"), Setting("lr"), Setting("momentum")
ALONG, ALONG_FIRST = Measured("gradient along top eigenvector"), Measured("gradient along first top eigenvector")
EDGE = SHARPNESS * LR / 2

DESCENT, SMALL, LINEARISED = "gradient descent", "small step", "linearised"
QUADRATIC, ONWARDS = "local quadratic", "network from there"


def claims(block: int) -> tuple[Claim, ...]:
    """The claims; `block` is the window, in steps, over which the loss is averaged."""
    starts_below = first_value(2 / LR / SHARPNESS) >= 2
    falls = f"while it goes up and down, the loss averaged over {block} steps falls from each block to the next"
    return (
        Claim(
            "before it first meets 2/η, the sharpness rises at least 1.5-fold", COHEN,
            maximum_until(SHARPNESS, EDGE >= 1) / first_value(SHARPNESS), AtLeast(1.5),
            on=DESCENT, each="lr", given=starts_below, control=Breaks(LINEARISED), name="progressive-sharpening",
        ),
        Claim(
            "over the last third of training the sharpness averages 0.9 to 1.15 times 2/η", COHEN,
            late_mean(EDGE), Between(0.9, 1.15),
            on=DESCENT, each="lr", control=Breaks(SMALL), name="sits-at-the-edge",
        ),
        Claim(
            "across learning rates, late sharpness is proportional to 1/η", COHEN,
            log_log_slope(late_mean(SHARPNESS), 1 / LR), Between(0.85, 1.15),
            on=DESCENT, over="lr", name="proportional-to-one-over-rate",
        ),
        Claim(
            "at least a tenth of the late steps raise the loss", f"{COHEN}; {AHN}",
            fraction_of(Measured("relative progress") > 0), AtLeast(0.1),
            on=DESCENT, each="lr", control=Breaks(SMALL), name="loss-not-monotone",
        ),
        Claim(
            falls, COHEN, block_ratio(LOSS, block), Below(1.0), on=DESCENT, each="lr", name="loss-falls-on-average",
        ),
        Claim(
            "the gradient along the top eigenvector changes sign on at least 80 % of late steps", DAMIAN,
            sign_changes(ALONG), AtLeast(0.8),
            on=DESCENT, each="lr", control=Breaks(SMALL), name="oscillates-along-top-eigenvector",
        ),
        Claim(
            "with heavy ball the late sharpness averages 0.85 to 1.15 times (2 + 2β)/η", COHEN,
            late_mean(SHARPNESS * LR / (2 + 2 * MOMENTUM)), Between(0.85, 1.15),
            on="heavy ball", name="heavy-ball-edge",
        ),
        Claim(
            "with cross-entropy the sharpness too reaches 2/η: its largest ηλ/2 is at least 0.9", COHEN,
            maximum(EDGE), AtLeast(0.9),
            on="cross-entropy", control=Breaks(SMALL), name="cross-entropy-reaches-the-edge",
        ),
        Claim(
            "with cross-entropy the late sharpness falls away again, below three quarters of its largest", COHEN,
            late_mean(SHARPNESS) / maximum(SHARPNESS), AtMost(0.75), region_from="pilot",
            on="cross-entropy", control=Breaks(DESCENT), name="cross-entropy-falls-away",
        ),
        Claim(
            "with frozen features the sharpness does not move: it stays constant to 1 %",
            "theory: with squared error the Hessian of a model linear in its parameters is constant",
            relative_spread(SHARPNESS), AtMost(0.01), region_from="theory",
            on=LINEARISED, control=Breaks(DESCENT), name="no-sharpening-without-features",
        ),
        Claim(
            "with a small step the sharpness stays below the edge throughout", COHEN,
            maximum(EDGE), Below(1.0),
            on=SMALL, control=Breaks(DESCENT), name="small-step-stays-below",
        ),
        Claim(
            "above the edge, the quadratic model diverges as the textbook says: the gradient along the top "
            "eigenvector grows at least 10-fold in 100 steps",
            "theory: on a quadratic it is multiplied by 1 - ηλ in each step",
            growth(ALONG_FIRST, fraction=0.1), AtLeast(10.0), region_from="theory",
            on=QUADRATIC, if_diverged="as measured", control=Breaks(ONWARDS), name="quadratic-diverges",
        ),
        Claim(
            "from the same point the network does not: there the growth stays below 10-fold", f"{COHEN}; {DAMIAN}",
            growth(ALONG_FIRST, fraction=0.1), Below(10.0),
            on=ONWARDS, if_diverged="as measured", control=Breaks(QUADRATIC), name="network-survives",
        ),
    )  # fmt: skip
