"""What is claimed of the gradient in a tiny subspace: "mostly" is more than half."""

import math

from phenoscope.claims import AtLeast, AtMost, Breaks, Claim, Measured, first_value, last_value, late_mean
from phenoscope.comparisons import Kept

GUR_ARI = "Gur-Ari, Roberts, Dyer 2018, arXiv:1812.04754"
SONG = "Song, Ahn, Yun 2024, arXiv:2405.16002"

LOSS, SHARE, OVERLAP = (
    Measured("loss"), Measured("gradient share in eigenspace"), Measured("overlap with last eigenspace"),
)  # fmt: skip
BATCH_SHARE = Measured("batch gradient share in eigenspace")

SGD, RANDOM, CROSS_ENTROPY = "SGD", "random spaces", "cross-entropy"
BULK, DOMINANT, ONWARDS = "without the dominant part", "only the dominant part", "SGD from there"
WITHOUT, ALONE = "without it, against SGD", "it alone, against SGD"

PROGRESS = Measured("share of progress")
LEFT = last_value(LOSS) / first_value(LOSS)


def progress(part: Kept, whole: Kept) -> dict[str, float]:
    """The fall of log loss along one training over that along another from the same point."""
    ends = (kept.record.series["loss"].values[[0, -1]] for kept in (part, whole))
    falls = [math.log(first / last) for first, last in ends]
    return {"share of progress": falls[0] / falls[1]}


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "over the last third of training more than half of the gradient lies in the space of the ten largest "
            "curvatures", GUR_ARI,
            late_mean(SHARE), AtLeast(0.5),
            on=SGD, control=Breaks(RANDOM), name="gradient-in-the-top-space",
        ),
        Claim(
            "of mini-batch gradients, too, it is more than half", GUR_ARI,
            late_mean(BATCH_SHARE), AtLeast(0.5),
            on=SGD, control=Breaks(RANDOM), name="batch-gradients-in-the-top-space",
        ),
        Claim(
            "the space hardly moves: late spaces 100 steps apart overlap by at least 0.8", GUR_ARI,
            late_mean(OVERLAP), AtLeast(0.8), region_from="pilot",
            on=SGD, control=Breaks(RANDOM), name="the-space-stays",
        ),
        Claim(
            "with cross-entropy, too, more than half of the gradient lies there over the last third of training",
            GUR_ARI,
            late_mean(SHARE), AtLeast(0.5),
            on=CROSS_ENTROPY, control=Breaks(RANDOM), name="cross-entropy-in-the-top-space",
        ),
        Claim(
            "training without the part of the gradient that lies there lowers the loss all the same, by at least a "
            "fifth", SONG,
            LEFT, AtMost(0.8), region_from="pilot",
            on=BULK, control=Breaks(DOMINANT), name="learns-without-the-dominant-part",
        ),
        Claim(
            "nearly as far: at least seven tenths of the fall of log loss under the whole gradient, on the same "
            "mini-batches from the same point", SONG,
            last_value(PROGRESS), AtLeast(0.7), region_from="pilot",
            on=WITHOUT, control=Breaks(ALONE), name="nearly-as-far",
        ),
        Claim(
            "training with that part alone makes at most a tenth of that progress", SONG,
            last_value(PROGRESS), AtMost(0.1), region_from="pilot",
            on=ALONE, control=Breaks(WITHOUT), name="the-dominant-part-alone-does-not-learn",
        ),
    )  # fmt: skip
