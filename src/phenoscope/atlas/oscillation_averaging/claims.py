"""What is claimed of the oscillation at the edge; bands are those with which the comparison was planned."""

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
    fraction_of,
    late_mean,
    sign_changes,
)

AHN = "Ahn, Zhang, Sra 2022, arXiv:2204.01050"
DAMIAN = "Damian, Nichani, Lee 2022, arXiv:2209.15594"

LOSS, PROGRESS, LR = Measured("loss"), Measured("relative progress"), Setting("lr")
RATIO, SECOND = Measured("sharpness / threshold"), Measured("sharpness 2")
ALONG, OVER = Measured("gradient along top eigenvector"), Measured("two-step mean / mean loss")
MEAN_RISE, RISE_1, RISE_8 = (
    Measured("rise of the two-step mean"), Measured("rise without top 1"), Measured("rise without top 8"),
)  # fmt: skip

DESCENT, ONE, SMALL = "gradient descent", "one output", "small step"
RAISED, ITSELF = fraction_of(PROGRESS > 0), "the loss itself"
SEVERAL, SINGLE = late_mean(SECOND * LR / 2) >= 0.9, late_mean(SECOND * LR / 2) < 0.9


def claims(block: int) -> tuple[Claim, ...]:
    """The claims; `block` is the window, in steps, over which the loss is averaged."""
    return (
        Claim(
            "at the edge a step does, on average over the last third, less than a fifth of what its gradient promises: "
            "the relative progress averages -0.2 to 0.2", AHN,
            late_mean(PROGRESS), Between(-0.2, 0.2), region_from="pilot",
            on=DESCENT, control=Breaks(SMALL), name="progress-averages-to-nothing",
        ),
        Claim(
            "with a small step the promise is kept: the relative progress averages -0.8 or less",
            "theory: on a quadratic it is ηλ/2 - 1, λ the curvature along the gradient, here at most a fifth of 2/η",
            late_mean(PROGRESS), AtMost(-0.8), region_from="theory",
            on=SMALL, control=Breaks(DESCENT), name="small-steps-keep-the-promise",
        ),
        Claim(
            "the descent lemma misleads: on 35 to 65 % of the late steps the loss rises although ηλ/2 < 1, or falls "
            "although ηλ/2 > 1", AHN,
            fraction_of(PROGRESS * (RATIO - 1) < 0), Between(0.35, 0.65), region_from="pilot",
            on=DESCENT, control=Breaks(SMALL), name="the-descent-lemma-misleads",
        ),
        Claim(
            f"all the same the loss averaged over {block} steps falls from each block to the next", COHEN,
            block_ratio(LOSS, block), Below(1.0), on=DESCENT, name="the-loss-falls-on-average",
        ),
        Claim(
            "the gradient along the top eigenvector averages out: over the last third the square of its mean is at "
            "most 5 % of its mean square", f"{COHEN}; {DAMIAN}",
            late_mean(ALONG) * late_mean(ALONG) / late_mean(ALONG * ALONG), AtMost(0.05), region_from="pilot",
            on=DESCENT, control=Breaks(SMALL), name="averages-to-zero",
        ),
        Claim(
            "where a single curvature is at the edge, the gradient along its eigenvector changes sign on at least 90 % "
            "of late steps", DAMIAN,
            sign_changes(ALONG), AtLeast(0.9), region_from="pilot",
            on=ONE, given=SINGLE, control=Breaks(SMALL), name="alternates",
        ),
        Claim(
            "the swing raises the loss: in the mean of two steps it is at most 0.9 times that of the two", DAMIAN,
            late_mean(OVER), AtMost(0.9), region_from="pilot",
            on=DESCENT, control=Breaks(SMALL), name="the-swing-raises-the-loss",
        ),
        Claim(
            "in the mean of two steps the loss falls nearly all the time: it rises on at most a fifth of late steps",
            f"{COHEN}; {DAMIAN}",
            fraction_of(MEAN_RISE > 0), AtMost(0.2), region_from="pilot",
            on=DESCENT, control=Breaks(DESCENT, statistic=RAISED, called=ITSELF), name="two-step-mean-falls",
        ),
        Claim(
            "without the component along the top eigenvector, where a single curvature is at the edge, the loss rises "
            "on at most a tenth of late steps", DAMIAN,
            fraction_of(RISE_1 > 0), AtMost(0.1), region_from="pilot",
            on=ONE, given=SINGLE, control=Breaks(ONE, statistic=RAISED, called=ITSELF), name="one-direction-is-enough",
        ),
        Claim(
            "where several curvatures are at the edge one is not enough: without the component along the top "
            "eigenvector the loss still rises on at least a fifth of late steps",
            "against the picture of one direction; seen in pilots",
            fraction_of(RISE_1 > 0), AtLeast(0.2), region_from="pilot",
            on=DESCENT, given=SEVERAL, control=Breaks(DESCENT, statistic=fraction_of(RISE_8 > 0), called="without 8"),
            name="one-of-several-is-not-enough",
        ),
        Claim(
            "without the components along the eight largest curvatures the loss rises on at most a fifth of late steps",
            DAMIAN,
            fraction_of(RISE_8 > 0), AtMost(0.2), region_from="pilot",
            on=DESCENT, control=Breaks(DESCENT, statistic=RAISED, called=ITSELF), name="eight-are-enough",
        ),
    )  # fmt: skip
