"""What is claimed of the plane of scale and width; the kernel's change tells on which side a network is.

Outputs are α/√N Σ aφ(wx): to move them by 1 each of N units moves by 1/(α√N), and the kernel by as much. With the
division by N (mean field) α√N stands in the place of α.
"""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    crossing_slope,
    last_value,
    log_log_slope,
    ratio,
)

CHIZAT = "Chizat et al. 2018, arXiv:1812.07956"
GEIGER = "Geiger et al. 2019, arXiv:1906.08034"

GRID, MEAN_FIELD = "NTK scaling", "mean-field scaling"
LAZY, RICH = "several lazy networks", "several rich networks"
ALPHA, WIDTH = Setting("alpha"), Setting("width")
COMBINED = ALPHA * ALPHA * WIDTH
"""The square of α√width."""
CHANGE = last_value(Measured("kernel change"))
TEST, LINEAR, TOGETHER, LIMIT = (
    last_value(Measured(f"{name}test error")) for name in ("", "linear ", "ensemble ", "limit ")
)
HALFWAY = TEST / 2 + LIMIT / 2
PLANE = ("alpha", "width")
ONSET, FAR = 0.1, 1.0
"""Changes of the kernel: where features begin to move, and where the kernel has changed by as much as it was."""


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the boundary at which the kernel begins to move lies where α falls as one over the root of the width",
            GEIGER, crossing_slope(CHANGE, "alpha", level=ONSET, across="width"), Between(-0.65, -0.35),
            region_from="pilot", on=GRID, over=PLANE, control=Breaks(MEAN_FIELD), name="the-onset-is-a-line",
        ),
        Claim(
            "so does that at which it has changed by as much as it was: not one line but all are α√width = const",
            GEIGER, crossing_slope(CHANGE, "alpha", level=FAR, across="width"), Between(-0.65, -0.35),
            region_from="pilot", on=GRID, over=PLANE, control=Breaks(MEAN_FIELD), name="and-so-are-the-others",
        ),
        Claim(
            "in the mean-field scaling the boundary does not depend on the width", CHIZAT,
            crossing_slope(CHANGE, "alpha", level=ONSET, across="width"), Between(-0.15, 0.15),
            region_from="pilot", on=MEAN_FIELD, over=PLANE, control=Breaks(GRID), name="it-is-the-parametrisation",
        ),
        Claim(
            "across the boundary the test error rises, over the whole plane: its exponent in α²·width is 0.05 at least",
            GEIGER, log_log_slope(TEST, COMBINED), AtLeast(0.05), region_from="pilot",
            on=GRID, over=PLANE,
            control=Breaks(GRID, statistic=log_log_slope(LINEAR, COMBINED), called="of the linearised networks"),
            name="the-feature-side-generalises",
        ),
        Claim(
            "the mean of several lazy networks has at most 0.8 of the test error of one", GEIGER,
            ratio(TOGETHER, TEST), AtMost(0.8), region_from="pilot",
            on=LAZY, control=Breaks(RICH), name="lazy-networks-gain-by-averaging",
        ),
        Claim(
            "what a narrow lazy network errs more than an infinitely wide one is mostly chance: of the mean of several "
            "networks less than half of it is left",
            GEIGER, ratio(TOGETHER, HALFWAY), Below(1.0), region_from="pilot",
            on=LAZY, control=Breaks(LAZY, statistic=ratio(TEST, HALFWAY), called="of one network"),
            name="lazy-errors-are-chance",
        ),
    )  # fmt: skip
