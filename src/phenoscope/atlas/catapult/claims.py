"""What is claimed of the catapult; its thresholds are those of the theory of wide two-layer linear networks."""

from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Below,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    last_value,
    maximum,
)
from phenoscope.training import DIVERGED

LEWKOWYCZ = "Lewkowycz, Bahri, Dyer, Sohl-Dickstein, Gur-Ari 2020, arXiv:2003.02218"

LOSS, SHARPNESS, RATIO = Measured("loss"), Measured("sharpness"), Measured("sharpness / threshold")
DEAD, TIMES = Measured("dead units"), Setting("lr.times")

LAZY, CATAPULT, BEYOND, FROZEN, RELU, FAR = (
    "linear, lazy", "linear, catapult", "linear, beyond", "frozen features", "ReLU", "ReLU, far beyond",
)  # fmt: skip

SPIKE, END = maximum(LOSS) / first_value(LOSS), last_value(LOSS) / first_value(LOSS)


def claims() -> tuple[Claim, ...]:
    """The claims; where losses are compared a network that diverged counts as the factor at which it was stopped."""
    return (
        Claim(
            "with η λ₀ below 2 the loss never exceeds its start", LEWKOWYCZ,
            SPIKE, AtMost(1.0), region_from="theory",
            on=LAZY, each="lr.times", control=Breaks(CATAPULT), name="lazy-does-not-spike",
        ),
        Claim(
            "with η λ₀ between 2 and 4 the loss of a linear network first grows above its start", LEWKOWYCZ,
            SPIKE, Above(1.0), region_from="theory",
            on=CATAPULT, each="lr.times", if_diverged=DIVERGED, control=Breaks(LAZY), name="catapult-spikes",
        ),
        Claim(
            "and then falls: it ends below its start", LEWKOWYCZ,
            END, Below(1.0), region_from="theory",
            on=CATAPULT, each="lr.times", if_diverged=DIVERGED, control=Breaks(FROZEN), name="catapult-falls",
        ),
        Claim(
            "its curvature, too large at the start, ends below 2/η", LEWKOWYCZ,
            last_value(RATIO), Below(1.0), region_from="theory",
            on=CATAPULT, each="lr.times", given=first_value(RATIO) >= 1, if_diverged="as measured",
            control=Breaks(FROZEN), name="catapult-ends-flat-enough",
        ),
        Claim(
            "with η λ₀ above 4 a linear network diverges: its loss ends above its start", LEWKOWYCZ,
            END, Above(1.0), region_from="theory",
            on=BEYOND, each="lr.times", if_diverged=DIVERGED, control=Breaks(CATAPULT), name="linear-diverges",
        ),
        Claim(
            "with frozen features there is no catapult: with η λ₀ above 2 the loss ends above its start",
            "theory: with squared error the curvature of a model linear in its parameters is constant",
            END, Above(1.0), region_from="theory",
            on=FROZEN, each="lr.times", if_diverged=DIVERGED, control=Breaks(CATAPULT), name="frozen-diverges",
        ),
        Claim(
            "a ReLU network bears η λ₀ above 4, too: its loss ends below its start", LEWKOWYCZ,
            END, Below(1.0),
            on=RELU, each="lr.times", if_diverged=DIVERGED, control=Breaks(BEYOND), name="relu-bears-more",
        ),
        Claim(
            "it does so without dying: at most half of its units are zero on all examples at the end", LEWKOWYCZ,
            last_value(DEAD), AtMost(0.5), region_from="pilot",
            on=RELU, each="lr.times", control=Breaks(FAR), name="relu-lives",
        ),
        Claim(
            "a ReLU network, too, diverges where η λ₀ is far above 12: its loss ends above its start", LEWKOWYCZ,
            END, Above(1.0),
            on=FAR, each="lr.times", if_diverged=DIVERGED, control=Breaks(RELU), name="relu-diverges-far-beyond",
        ),
        Claim(
            "a ReLU network far above 12 that does not diverge has died: four fifths of its units are zero on all "
            "examples at the end", "pilot: what passes for convergence there",
            last_value(DEAD), AtLeast(0.8), region_from="pilot",
            on=FAR, each="lr.times", control=Breaks(RELU), name="far-beyond-units-die",
        ),
    )  # fmt: skip
