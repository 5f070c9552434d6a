"""What is claimed of learning rates across widths; the loss is its mean over the last fifth of a fixed number of steps.

The best rate is read to half a notch of its grid, so an exponent of 0 means one to a quarter, as the pilot found it.
"""

from phenoscope.claims import AtMost, Between, Breaks, Claim, Measured, Setting, Twin, late_mean, optimum_slope

YANG_HU = "Yang and Hu 2020, arXiv:2011.14522"
YANG_TRANSFER = "Yang et al. 2022, arXiv:2203.03466"

MAXIMAL, NTK, STANDARD = "maximal update", "ntk", "standard"
LOSS = late_mean(Measured("loss"), fraction=0.2)
BEST = optimum_slope(LOSS, "lr", across="model.width")
LEAST = optimum_slope(LOSS, "lr", across="model.width", of="value")
OVER = ("model.width", "lr")
RATE, WIDTH = Setting("lr"), Setting("model.width")


def claims() -> tuple[Claim, ...]:
    """The claims; members that diverged are infinitely bad."""
    stays = Between(-0.25, 0.25)
    return (
        Claim(
            "under maximal update the best rate stays: its exponent in the width is 0, to a quarter", YANG_TRANSFER,
            BEST, stays, region_from="pilot",
            on=MAXIMAL, over=OVER, if_diverged="as measured", control=Breaks(STANDARD), name="the-best-rate-stays",
        ),
        Claim(
            "in the standard parametrisation it falls, at least as the root of the width", YANG_TRANSFER,
            BEST, AtMost(-0.5), region_from="pilot",
            on=STANDARD, over=OVER, if_diverged="as measured", control=Breaks(MAXIMAL),
            name="in-the-standard-parametrisation-it-falls",
        ),
        Claim(
            "under maximal update wider is better: at its best rate the loss falls with the width", YANG_TRANSFER,
            LEAST, AtMost(-0.05), region_from="pilot",
            on=MAXIMAL, over=OVER, if_diverged="as measured", control=Breaks(NTK), name="wider-is-better",
        ),
        Claim(
            "a rate that stays is no sign of features that move: it stays in the NTK parametrisation, too",
            "theory: its training comes to a limit, that of a kernel",
            BEST, stays, region_from="pilot",
            on=NTK, over=OVER, if_diverged="as measured", control=Twin(STANDARD), name="kernels-transfer-too",
        ),
    )  # fmt: skip
