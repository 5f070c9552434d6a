"""What is claimed of the horizon. Regions around exponents of theory are as wide as pilots' seeds were apart.

While what is left of the targets falls slowly, parameters move by at most √T/α, as the loss pays for the way. The
linearisation leaves out ½α D²f[Δ, Δ], of order T/α then; in a network less its copy those terms cancel.
"""

from phenoscope.claims import (
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    log_log_slope,
)

CHIZAT = "Chizat et al. 2018, arXiv:1812.07956"
BOIX = "Boix-Adserà and Littwin 2023, The NTK approximation is valid for longer than you think"

LAZY, COPIES, RICH = "several α", "network less its copy", "rich side"
LONG, COPIES_LONG = "several horizons", "network less its copy, several horizons"
WELL, SLOW, DIGITS = "well conditioned", "slow modes", "digits"
LINEAR, SQUARE, STEPS = "α as T", "α as T²", "smaller steps"
ALPHA, RATE = Setting("alpha"), Setting("rate")
TIME = Setting("steps") * RATE
GAP, DISPLACEMENT, LEFT = (last_value(Measured(name)) for name in ("gap", "displacement", "left"))
BY_ALPHA, BY_TIME = log_log_slope(GAP, ALPHA), log_log_slope(GAP, TIME)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "at one horizon the largest distance from the linearisation falls as 1/α", CHIZAT,
            BY_ALPHA, Between(-1.1, -0.9), region_from="pilot",
            on=LAZY, over="alpha", control=Breaks(RICH), name="the-gap-falls-as-one-over-alpha",
        ),
        Claim(
            "at one α it grows as the horizon, not as its square, where something is left to learn at all times", BOIX,
            BY_TIME, Between(0.6, 1.4), region_from="pilot",
            on=LONG, over="steps", control=Breaks(WELL), name="the-gap-grows-as-the-horizon",
        ),
        Claim(
            "so with α in proportion to T it stays where it is; α as T² is more than it takes", BOIX,
            BY_TIME, Between(-0.4, 0.4), region_from="pilot",
            on=LINEAR, over="steps", control=Breaks(SQUARE), name="alpha-as-the-horizon-is-enough",
        ),
        Claim(
            "that is since parameters move about as the root of the horizon only",
            "theory: the square of the way is at most T times what the loss has fallen by",
            log_log_slope(DISPLACEMENT, TIME), Between(0.4, 0.7), region_from="pilot",
            on=LONG, over="steps", control=Breaks(SLOW), name="parameters-move-as-the-root",
        ),
        Claim(
            "while nothing has been learned yet the gap grows faster than T, though not as T²",
            "theory: what parts them grows as T and adds up over T, but for what quick modes take back",
            BY_TIME, Between(1.4, 1.95), region_from="pilot",
            on=SLOW, over="steps", control=Breaks(LONG), name="before-learning-it-grows-faster",
        ),
        Claim(
            "and once all is learned it grows no more", "theory: with nothing left, nothing moves",
            BY_TIME, Below(0.05), region_from="theory",
            on=WELL, over="steps", control=Breaks(LONG), name="with-nothing-left-it-ends",
        ),
        Claim(
            "digits, most of which are soon learned, ask for less than the bound: an exponent of 1 at most", BOIX,
            BY_TIME, AtMost(1.0), region_from="source",
            on=DIGITS, over="steps", control=Breaks(SLOW), name="digits-stay-within-the-bound",
        ),
        Claim(
            "of a network less its copy the gap falls as 1/α²", "theory: the copies' first corrections cancel",
            BY_ALPHA, Between(-2.2, -1.8), region_from="pilot",
            on=COPIES, over="alpha", control=Breaks(LAZY), name="of-copies-it-falls-as-the-square",
        ),
        Claim(
            "and grows about as T²: it is a function of T/α here, too", "theory: the next corrections, of order (T/α)²",
            BY_TIME, Between(1.2, 2.4), region_from="pilot",
            on=COPIES_LONG, over="steps", control=Breaks(LONG), name="of-copies-it-grows-as-the-square",
        ),
        Claim(
            "none of this is due to finite steps: with smaller ones the gap is the same",
            "theory: descent and its linearisation take the same steps",
            log_log_slope(GAP, RATE), Between(-0.02, 0.02), region_from="pilot",
            on=STEPS, over="rate", name="steps-do-not-matter",
        ),
    )  # fmt: skip
