"""What is claimed of the central flow; the tolerances are those with which the comparison was planned."""

from phenoscope.claims import Below, Between, Breaks, Claim, Measured, Setting, late_mean, mean

COHEN = "Cohen et al. 2024, arXiv:2410.24206"

SHARPNESS, RATIO, LOSS, LR = (
    Measured("sharpness"), Measured("sharpness / threshold"), Measured("loss"), Setting("lr"),
)  # fmt: skip

DESCENT, CENTRAL, FLOW = "gradient descent", "central flow", "gradient flow"
BESIDE_CENTRAL, BESIDE_GRADIENT = "descent beside the central flow", "descent beside gradient flow"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "over the second half of training the central flow foretells the loss on average to 5 %", COHEN,
            mean(Measured("loss foretold / measured")), Between(0.95, 1.05), region_from="pilot",
            on=BESIDE_CENTRAL, control=Breaks(BESIDE_GRADIENT), name="foretells-the-loss",
        ),
        Claim(
            "over the second half of training the central flow foretells the sharpness to 20 %", COHEN,
            mean(Measured("sharpness foretold / measured")), Between(0.8, 1.2), region_from="pilot",
            on=BESIDE_CENTRAL, control=Breaks(BESIDE_GRADIENT), name="foretells-the-sharpness",
        ),
        Claim(
            "over the second half of training it foretells the variance of the oscillation to 20 %", COHEN,
            mean(Measured("variance foretold / measured")), Between(0.8, 1.2), region_from="pilot",
            on=BESIDE_CENTRAL, control=Breaks(BESIDE_GRADIENT), name="foretells-the-oscillation",
        ),
        Claim(
            "the central flow itself stays at the edge: over the last third its sharpness averages 0.98 to 1.02 times "
            "2/η", "theory: its covariance is the one that keeps the largest curvatures at 2/η",
            late_mean(RATIO), Between(0.98, 1.02), region_from="theory",
            on=CENTRAL, control=Breaks(FLOW), name="stays-at-the-edge",
        ),
        Claim(
            "at the end gradient descent is nearer to the central flow than 0.2 times the way that the flow has come",
            COHEN, mean(Measured("relative distance")), Below(0.2), region_from="pilot",
            on=BESIDE_CENTRAL, control=Breaks(BESIDE_GRADIENT), name="ends-near-the-flow",
        ),
    )  # fmt: skip
