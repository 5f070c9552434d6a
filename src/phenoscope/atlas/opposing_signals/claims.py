"""What is claimed of opposing signals; the bands are a pilot's, the sources give directions."""

from phenoscope.atlas.papers import COHEN
from phenoscope.claims import AtLeast, AtMost, Between, Breaks, Claim, Measured, first_value, last_value, late_mean
from phenoscope.comparisons import Kept

ROSENFELD = "Rosenfeld and Risteski 2023, arXiv:2311.04163"

SHARPNESS, RATIO, LOSS = Measured("sharpness"), Measured("sharpness / threshold"), Measured("loss")
SHARE, OPPOSITE, TOP = Measured("planted share of top"), Measured("opposite changes"), Measured("top share of change")
RISE = Measured("share of the rise")

PLANTED, SLOW = "planted", "planted, small step"
WITHOUT, WITHOUT_OTHERS = "small step, planted left out", "small step, others left out"
AGAINST, WITHOUT_OTHERS_AGAINST = "planted left out, against all", "others left out, against all"


def rise(part: Kept, whole: Kept) -> dict[str, float]:
    """How far the sharpness rises in one training, over how far it does in another."""
    ends = (kept.record.series["sharpness"].values[[0, -1]] for kept in (part, whole))
    rises = [last - first for first, last in ends]
    return {"share of the rise": rises[0] / rises[1]}


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "with the planted feature the sharpness settles at the edge: over the last third it averages 0.9 to 1.15 "
            "times 2/η", f"{COHEN}; the precondition of the claims on steps at the edge",
            late_mean(RATIO), Between(0.9, 1.15),
            on=PLANTED, given=first_value(RATIO) <= 0.9, control=Breaks(SLOW), name="is-at-the-edge",
        ),
        Claim(
            "of the 4 % of the examples whose losses change most in a step at the edge, more than 80 % are planted",
            ROSENFELD,
            late_mean(SHARE), AtLeast(0.8), region_from="pilot",
            on=PLANTED, control=Breaks(SLOW), name="planted-examples-change-most",
        ),
        Claim(
            "in at least 80 % of the steps there the losses of the two planted groups change in opposite directions",
            ROSENFELD,
            late_mean(OPPOSITE), AtLeast(0.8), region_from="pilot",
            on=PLANTED, control=Breaks(SLOW), name="in-opposite-directions",
        ),
        Claim(
            "without the planted examples the sharpness rises at most half as far in as many small steps", ROSENFELD,
            last_value(RISE), AtMost(0.5), region_from="pilot",
            on=AGAINST, control=Breaks(WITHOUT_OTHERS_AGAINST), name="without-them-less-sharpening",
        ),
        Claim(
            "without as many others it rises as far, to a quarter at least", ROSENFELD,
            last_value(RISE), Between(0.75, 1.5), region_from="pilot",
            on=WITHOUT_OTHERS_AGAINST, control=Breaks(AGAINST), name="others-do-not-matter",
        ),
    )  # fmt: skip
