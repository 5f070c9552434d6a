"""What is claimed of the ways between two solutions."""

from phenoscope.claims import AtLeast, AtMost, Below, Between, Breaks, Claim, Measured, last_value

GARIPOV = "Garipov et al. 2018, arXiv:1802.10026"
DRAXLER = "Draxler et al. 2018, arXiv:1803.00885"
TATRO = "Tatro et al. 2020, arXiv:2009.02439"
ENTEZARI = "Entezari et al. 2021, arXiv:2110.06296"

LINE, STAYED, CURVE, CHAIN, BAND = (
    "straight line", "untrained bend", "Bezier curve", "chain of two pieces", "elastic band",
)  # fmt: skip
SHUFFLED, BACK = "line to its reordered copy", "line to that copy aligned back"
ALIGNED, REORDERED = "Bezier curve, aligned first", "Bezier curve, reordered first"

HEIGHT, REMOVED, LENGTH = "barrier", "share of the line's barrier removed", "length / distance"
ERROR, TEST_ERROR = "barrier in training error", "barrier in test error"
WAY, PLAIN_HEIGHT, PLAIN_WAY = "length", "barrier of the plain curve", "length of the plain curve"
PROFILE = "loss along the way"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    removed, height = last_value(Measured(REMOVED)), last_value(Measured(HEIGHT))
    return (
        Claim(
            "on the straight line between two solutions the training loss rises by at least 0.3 nats above the mean of "
            "its ends", GARIPOV,
            height, AtLeast(0.3), region_from="pilot",
            on=LINE, control=Breaks(CURVE, by="contradiction"), name="the-line-crosses-a-barrier",
        ),
        Claim(
            "a Bezier curve with one trained bend leaves at most a tenth of that barrier", GARIPOV,
            removed, AtLeast(0.9), region_from="pilot",
            on=CURVE, control=Breaks(STAYED, by="contradiction"), name="a-curve-goes-round",
        ),
        Claim(
            "so does a chain of two straight pieces", GARIPOV,
            removed, AtLeast(0.9), region_from="pilot",
            on=CHAIN, control=Breaks(STAYED, by="contradiction"), name="a-chain-goes-round",
        ),
        Claim(
            "so does an elastic band, which knows no other direction than down and sideways", DRAXLER,
            removed, AtLeast(0.9), region_from="pilot",
            on=BAND, control=Breaks(STAYED, by="contradiction"), name="a-band-goes-round",
        ),
        Claim(
            "along the Bezier curve the share of wrong answers on test examples stays within 2 points of its ends",
            GARIPOV,
            last_value(Measured(TEST_ERROR)), AtMost(0.02), region_from="pilot",
            on=CURVE, control=Breaks(LINE, by="contradiction"), name="test-error-stays",
        ),
        Claim(
            "a bend that stays in the middle removes nothing: within 1 % it has the line's barrier",
            "theory: it is the straight line",
            removed, Between(-0.01, 0.01), region_from="theory",
            on=STAYED, control=Breaks(CURVE, by="contradiction"), name="an-untrained-bend-is-the-line",
        ),
        Claim(
            "the line to the network's own copy, with its units in another order and the same outputs, rises by at "
            "least 0.3 nats as well", ENTEZARI,
            height, AtLeast(0.3), region_from="pilot",
            on=SHUFFLED, control=Breaks(BACK, by="contradiction"), name="the-same-function-lies-behind-a-barrier",
        ),
        Claim(
            "aligned back to the network, that copy lies behind no barrier: at most 1e-6",
            "theory: the order of the units is all that it differs by",
            height, AtMost(1e-6), region_from="theory",
            on=BACK, control=Breaks(SHUFFLED, by="contradiction"), name="aligned-back-it-is-the-same-point",
        ),
        Claim(
            "trained for as many steps, the curve is lower where the second network was first aligned to the other one",
            TATRO,
            height / last_value(Measured(PLAIN_HEIGHT)), Below(1), region_from="source",
            on=ALIGNED, control=Breaks(REORDERED), name="aligned-first-it-is-lower",
        ),
        Claim(
            "trained for as many steps after such an alignment, it is shorter, too", TATRO,
            last_value(Measured(WAY)) / last_value(Measured(PLAIN_WAY)), Below(1), region_from="source",
            on=ALIGNED, control=Breaks(REORDERED), name="aligned-first-it-is-shorter",
        ),
    )  # fmt: skip
