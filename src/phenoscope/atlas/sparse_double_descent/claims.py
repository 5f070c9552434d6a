"""What is claimed of pruning networks that have learned wrong labels."""

import numpy as np

from phenoscope.atlas.lottery_tickets.claims import at_ends
from phenoscope.claims import AtLeast, AtMost, Breaks, Claim, Measured, last_value
from phenoscope.comparisons import Comparison, Kept

HE = "He et al. 2022, arXiv:2206.08684"

WRONG, RIGHT = "wrong labels", "right labels"
ROUNDS, RIGHT_ROUNDS = "rounds with wrong labels", "rounds with right labels"
AFTER, DIP, GAIN, FALL, OVER_EARLY = (
    "accuracy after a round", "dip before the best", "best over dense", "fall behind the best",
    "best over stopping early",
)  # fmt: skip


def comparisons() -> tuple[Comparison, ...]:
    """Each arm by itself; the other one of a pair shares its seed, and is not read."""
    read = (AFTER, DIP, GAIN, FALL, OVER_EARLY)
    return (
        Comparison(ROUNDS, (WRONG, RIGHT), by_rounds, read),
        Comparison(RIGHT_ROUNDS, (RIGHT, WRONG), by_rounds, read),
    )


def by_rounds(first: Kept, _: Kept) -> dict[str, float | list[float]]:
    """Test accuracy at the end of each round, and how it goes from the dense network to the sparsest."""
    accuracy = at_ends(first.record)[0]
    best = int(np.argmax(accuracy))
    series, length = first.record.series["test accuracy"], first.record.series["density"].steps[1]
    dense = series.values[series.steps <= length]
    return {
        AFTER: accuracy.tolist(),
        DIP: float(accuracy[0] - accuracy[: best + 1].min()),
        GAIN: float(accuracy[best] - accuracy[0]),
        FALL: float(accuracy[best] - accuracy[-1]),
        OVER_EARLY: float(accuracy[best] - dense.max()),
    }


def claims() -> tuple[Claim, ...]:
    """The claims; sizes are a pilot's."""
    dip, gain, fall, over_early = (last_value(Measured(name)) for name in (DIP, GAIN, FALL, OVER_EARLY))
    return (
        Claim(
            "with wrong labels, networks that are pruned a little are less accurate than the dense one, by a point or "
            "more", HE,
            dip, AtLeast(0.01), region_from="pilot", on=ROUNDS, control=Breaks(RIGHT_ROUNDS), name="worse-at-first",
        ),
        Claim(
            "those that are pruned more are better than the dense one, by three points or more", HE,
            gain, AtLeast(0.03), region_from="pilot", on=ROUNDS, control=Breaks(RIGHT_ROUNDS), name="then-better",
        ),
        Claim(
            "and the sparsest are worse again, by three points or more", HE,
            fall, AtLeast(0.03), region_from="pilot", on=ROUNDS, name="worse-at-last",
        ),
        Claim(
            "the best of them is no better than the dense network stopped at its best step",
            "pilot: what sparsity gains could be had by stopping",
            over_early, AtMost(0.0), region_from="pilot", on=ROUNDS, name="stopping-early-does-as-well",
        ),
    )  # fmt: skip
