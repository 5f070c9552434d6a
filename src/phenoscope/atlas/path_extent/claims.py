"""What is claimed of the extent of a path."""

from phenoscope.claims import AtLeast, AtMost, Below, Breaks, Claim, Measured, last_value

GARIPOV = "Garipov et al. 2018, arXiv:1802.10026"
READING = "a reading of mode connectivity; the size is a proposal of this library"

CURVE, LINE = "Bezier curve", "straight line"
WAYS = (CURVE, LINE)

RISE = "largest rise of the loss"
EXTENT = "way before the loss has risen by 0.1"
TOP, RANDOM, LOSS = (
    "extent / quadratic model, top eigenvector", "extent / quadratic model, random directions",
    "extent / loss itself, random directions",
)  # fmt: skip
TOP_SHARE, SHARE, SMALL_SHARE = (
    "reach / quadratic model, top eigenvector", "reach / quadratic model, random directions",
    "reach / quadratic model, random directions, small rise",
)  # fmt: skip


def claims() -> tuple[Claim, ...]:
    """The claims; each way ends where the loss has risen by 0.1 for the first time, or where it arrives."""
    return (
        Claim(
            "a curve with one trained bend arrives at another solution, and nowhere along it has the loss risen by 0.1",
            GARIPOV,
            last_value(Measured(RISE)), AtMost(0.1), region_from="pilot",
            on=CURVE, control=Breaks(LINE, by="contradiction"), name="the-curve-stays-low",
        ),
        Claim(
            "it is at least ten times as long as the Hessian allows along its top eigenvector", READING,
            last_value(Measured(TOP)), AtLeast(10), region_from="pilot",
            on=CURVE, control=Breaks(LINE), name="longer-than-the-top-direction-allows",
        ),
        Claim(
            "it is at least ten times as long as the Hessian allows along random directions", READING,
            last_value(Measured(RANDOM)), AtLeast(10), region_from="pilot",
            on=CURVE, control=Breaks(LINE), name="longer-than-random-directions-allow",
        ),
        Claim(
            "it is at least three times as long as the loss itself allows along random directions", READING,
            last_value(Measured(LOSS)), AtLeast(3), region_from="pilot",
            on=CURVE, control=Breaks(LINE), name="longer-than-the-loss-allows",
        ),
        Claim(
            "along random directions the loss has risen by 0.1 within four fifths of the distance that the Hessian "
            "tells",
            "theory: where every example is right the curvature of cross-entropy grows with the loss",
            last_value(Measured(SHARE)), Below(0.8), region_from="pilot",
            on=CURVE,
            control=Breaks(
                CURVE, statistic=last_value(Measured(SMALL_SHARE)),
                called="the same for a rise of a hundredth of the loss there",
            ),
            name="the-hessian-tells-too-far",
        ),
    )  # fmt: skip
