"""What is claimed of the dial; exponents are those of the theory, to a tenth or two for the fit.

Outputs move by αJΔ, so Δ is of order 1/α. The linearisation leaves out ½α D²f[Δ, Δ], of order 1/α. In a network less
its copy both copies move oppositely, and those terms cancel; the next are of order 1/α². So it is with the kernel.
"""

from phenoscope.claims import AtLeast, Below, Between, Breaks, Claim, Measured, Setting, Twin, last_value, log_log_slope

CHIZAT = "Chizat et al. 2018, arXiv:1812.07956"
GEIGER = "Geiger et al. 2019, arXiv:1906.08034"
PETRINI = "Petrini et al. 2022, arXiv:2206.12314"
CANCEL = "theory: the first corrections of the two copies cancel"

LAZY, SUBTRACTED, RICH = "lazy side", "one network", "rich side"
TWO, ISOTROPIC, DIGITS = "two directions", "isotropic", "digits"
TOGETHER, ALONE = "α falls with the width", "one α"
ALPHA, WIDTH = Setting("alpha"), Setting("width")
DISPLACEMENT, CHANGE, GAP = (last_value(Measured(name)) for name in ("displacement", "kernel change", "gap"))
TEST, LINEAR = last_value(Measured("test error")), last_value(Measured("linear test error"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the displacement of the parameters falls as 1/α", CHIZAT,
            log_log_slope(DISPLACEMENT, ALPHA), Between(-1.1, -0.9), region_from="pilot",
            on=LAZY, over="alpha", control=Breaks(RICH), name="the-displacement-falls",
        ),
        Claim(
            "of a network less its copy the distance from the linearisation falls as 1/α²", CANCEL,
            log_log_slope(GAP, ALPHA), Between(-2.2, -1.8), region_from="pilot",
            on=LAZY, over="alpha", control=Breaks(SUBTRACTED), name="the-gap-falls-as-the-square",
        ),
        Claim(
            "and so does the change of the kernel", CANCEL,
            log_log_slope(CHANGE, ALPHA), Between(-2.2, -1.8), region_from="pilot",
            on=LAZY, over="alpha", control=Breaks(SUBTRACTED), name="the-kernel-changes-as-the-square",
        ),
        Claim(
            "of one network less its outputs at the start that distance falls as 1/α only", CHIZAT,
            log_log_slope(GAP, ALPHA), Between(-1.15, -0.85), region_from="pilot",
            on=SUBTRACTED, over="alpha", control=Breaks(LAZY), name="of-one-network-it-falls-as-one-over-alpha",
        ),
        Claim(
            "where two directions matter the test error rises into the lazy side: its exponent in α is 0.1 at least",
            GEIGER, log_log_slope(TEST, ALPHA), AtLeast(0.1), region_from="pilot",
            on=TWO, over="alpha", control=Breaks(ISOTROPIC), name="rich-learns-few-directions",
        ),
        Claim(
            "where all directions are alike it falls: the lazy side wins",
            f"{PETRINI}; theory: no estimate beats the mean of the process that the target is drawn from",
            log_log_slope(TEST, ALPHA), Below(0.0), region_from="theory",
            on=ISOTROPIC, over="alpha", control=Breaks(TWO), name="lazy-learns-isotropic-targets",
        ),
        Claim(
            "on digits, too, it rises into the lazy side", GEIGER,
            log_log_slope(TEST, ALPHA), AtLeast(0.0), region_from="source",
            on=DIGITS, over="alpha", control=Twin(ISOTROPIC), name="rich-learns-digits",
        ),
        Claim(
            "what counts is α√width: where that is one number the kernel changes as much at any width", GEIGER,
            log_log_slope(CHANGE, WIDTH), Between(-0.15, 0.15), region_from="pilot",
            on=TOGETHER, over="width", control=Breaks(ALONE), name="alpha-and-width-are-one-dial",
        ),
    )  # fmt: skip
