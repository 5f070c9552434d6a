"""What is claimed of descent on products of matrices: theory gives the times, a pilot how near they are."""

from phenoscope.claims import (
    Above,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Statistic,
    last_value,
    log_log_slope,
)

SAXE = "Saxe et al. 2013, arXiv:1312.6120"
ARORA = "Arora et al. 2018, arXiv:1802.06509"
RAZIN = "Razin and Cohen 2020, arXiv:2005.06398"
GREEDY = "Li et al. 2020, arXiv:2012.09839"

TWO, STARTS, THREE, ONE, LARGE = "two factors", "starts", "three factors", "one factor", "large start"
STEPS, CORNER, CORNER_ONE, TURNED = "step sizes", "corner", "corner, one factor", "corner, the other sign"

HALF = last_value(Measured("second at half"))
LATE = last_value(Measured("time 3")) / last_value(Measured("time 1"))
DRIFT, OPEN, NUCLEAR = (last_value(Measured(name)) for name in ("drift", "open entry", "nuclear norm"))


def against(mode: int, other: int) -> Statistic:
    """The time of a mode over what is foretold for a mode."""
    return last_value(Measured(f"time {mode}")) / last_value(Measured(f"foretold time {other}"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_modes(), *_kept(), *_no_norm())


def _modes() -> tuple[Claim, ...]:
    """One mode after the other."""
    return (
        *(
            Claim(
                f"from a small start mode {mode} comes to a half when its logistic curve does, to 5 %", SAXE,
                against(mode, mode), Between(0.95, 1.05), region_from="pilot", on=TWO,
                control=Breaks(TWO, statistic=against(mode, mode % 3 + 1), called=f"against mode {mode % 3 + 1}"),
                name=f"mode-{mode}-on-time",
            )
            for mode in (1, 2, 3)
        ),
        Claim(
            "one after the other: the third mode takes more than twice as long as the first", f"{SAXE}; {GREEDY}",
            LATE, Above(2.0), region_from="pilot", on=TWO, control=Breaks(ONE), name="one-after-the-other",
        ),
        Claim(
            "the big get bigger: when the first mode has come to a half the second is below a tenth", ARORA,
            HALF, Below(0.1), region_from="pilot", on=TWO, control=Breaks(ONE), name="the-big-get-bigger",
        ),
        Claim(
            "with three factors, too", ARORA,
            HALF, Below(0.1), region_from="pilot", on=THREE, control=Breaks(ONE), name="the-big-get-bigger-deeper",
        ),
        Claim(
            "it takes a small start: from a large one the second mode is above a tenth then", GREEDY,
            HALF, Above(0.1), region_from="pilot", on=LARGE, control=Breaks(TWO), name="not-from-a-large-start",
        ),
        Claim(
            "the second mode is then in proportion to the scale of the start: a power of it between 0.8 and 1.2, as "
            "s₂/s₁ = ½ makes it", "theory: its growth until the time of the first; 1",
            log_log_slope(HALF, Setting("scale")), Between(0.8, 1.2), region_from="pilot", on=STARTS, over="scale",
            name="the-smaller-the-start",
        ),
    )  # fmt: skip


def _kept() -> tuple[Claim, ...]:
    """What gradient flow keeps."""
    return (
        Claim(
            "the differences that gradient flow keeps drift in proportion to the step size: a power of it between 0.9 "
            "and 1.1", f"{ARORA}; theory: 1",
            log_log_slope(DRIFT, Setting("rate")), Between(0.9, 1.1), region_from="pilot", on=STEPS, over="rate",
            name="drift-like-the-step",
        ),
    )  # fmt: skip


def _no_norm() -> tuple[Claim, ...]:
    """It is not a norm that is made small."""
    return (
        Claim(
            "the open entry of the corner grows beyond 5 while the loss falls, though 0 would do", RAZIN,
            OPEN, Above(5.0), region_from="pilot", on=CORNER, control=Breaks(TURNED),
            given=last_value(Measured("log loss")) < -4, name="the-open-entry-grows",
        ),
        Claim(
            "so the nuclear norm ends above twice the least one", RAZIN,
            NUCLEAR / 2, Above(2.0), region_from="pilot", on=CORNER, control=Breaks(CORNER_ONE),
            name="no-small-nuclear-norm",
        ),
        Claim(
            "and the effective rank falls below 1.1: it is the rank that is made small", RAZIN,
            last_value(Measured("effective rank")), Below(1.1), region_from="pilot", on=CORNER, control=Breaks(TURNED),
            name="the-rank-falls",
        ),
    )  # fmt: skip
