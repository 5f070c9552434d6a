"""What is claimed of sparse networks that leave a dense one on its way: that they are stable, and that they match."""

from phenoscope.atlas.papers import FRANKLE_LINEAR
from phenoscope.claims import AtLeast, AtMost, Below, Breaks, Claim, Measured, Setting, last_value, rank_correlation
from phenoscope.comparisons import Comparison, Kept
from phenoscope.instruments import barrier

PARENT, SEARCH = "dense", "pruned in rounds"
FOUND, SHUFFLED = "found masks", "shuffled masks"
WHOLE, SPARSE, SPARSEST = "dense from the start", "sparse from the start", "sparsest from the start"
MIXED, OTHER = "shuffled mask from the start", "found mask, other start"
AGAIN = ", second order"
"""Ends the name of the arm that meets the data in another order."""

OVER_WHOLE = {SPARSE: "sparse over dense", SPARSEST: "sparsest over dense", MIXED: "shuffled over dense"}

LOSS_LEVEL, TOLERANCE = 0.02, 0.02
"""Below these there is said to be no barrier, in nats of training loss; and to match, in test accuracy."""

BARRIER, ACCURACY, DENSITY = (last_value(Measured(name)) for name in ("barrier", "accuracy", "density"))
LEAD = last_value(Measured("lead"))
SHARE = Setting("start.at") / Setting("steps")
SWEPT = ("start.at", "mask.found_at")


def orders(arm: str) -> str:
    """The comparison of an arm's two orders of the data."""
    return f"{arm}: two orders"


def comparisons() -> tuple[Comparison, ...]:
    """By seed, and where they are swept by the step at which they leave and by the mask."""
    series = ("barrier", "barrier.residual", "accuracy", "density")
    arms = (FOUND, SHUFFLED, WHOLE, SPARSE, SPARSEST, MIXED, OTHER)
    ends = tuple(Comparison(orders(arm), (arm, arm + AGAIN), between, series) for arm in arms)
    return ends + tuple(Comparison(name, (arm, WHOLE), lead, ("lead",)) for arm, name in OVER_WHOLE.items())


def between(first: Kept, second: Kept) -> dict[str, float]:
    """The barrier between the ends of two orders, and their mean test accuracy late in training."""
    found = barrier(first.objective(), first["final"], second["final"])
    return {
        "barrier": found.value,
        "barrier.residual": found.grid_error,
        "accuracy": (late_accuracy(first) + late_accuracy(second)) / 2,
        "density": first.record.series["density"].values[-1],
    }


def lead(first: Kept, second: Kept) -> dict[str, float]:
    """By how much the first is more accurate late in training."""
    return {"lead": late_accuracy(first) - late_accuracy(second)}


def late_accuracy(kept: Kept) -> float:
    """The mean over the readings in the last quarter of the steps."""
    accuracy = kept.record.series["test accuracy"]
    return float(accuracy.values[accuracy.steps > 0.75 * accuracy.steps[-1]].mean())


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "from the start two orders of the data take the dense network beyond a barrier of 0.1 nats",
            f"{FRANKLE_LINEAR}; the size from a pilot",
            BARRIER, AtLeast(0.1), region_from="pilot",
            on=orders(WHOLE), control=Breaks(orders(SPARSE), by="contradiction"), name="dense-is-not-stable",
        ),
        Claim(
            "with the fifth of the weights that was found by pruning they end without a barrier, from the same start",
            "pilot: where the source finds none until later",
            BARRIER, AtMost(LOSS_LEVEL), region_from="pilot",
            on=orders(SPARSE), control=Breaks(orders(MIXED), by="contradiction"), name="a-found-mask-is-stable",
        ),
        Claim(
            "stable as it is, it matches the dense network, to two points of accuracy",
            f"{FRANKLE_LINEAR}; the size from a pilot",
            LEAD, AtLeast(-TOLERANCE), region_from="pilot",
            on=OVER_WHOLE[SPARSE], control=Breaks(OVER_WHOLE[MIXED]), name="stable-and-matching",
        ),
        Claim(
            "the sparsest network is stable from the start, too", "pilot: barriers fall with the density",
            BARRIER, AtMost(LOSS_LEVEL), region_from="pilot",
            on=orders(SPARSEST), control=Breaks(orders(WHOLE), by="contradiction"), name="the-sparsest-is-stable",
        ),
        Claim(
            "and it does not match: to be stable is not enough", "pilot: the other half of 'if and only if'",
            LEAD, AtMost(-TOLERANCE), region_from="pilot",
            on=OVER_WHOLE[SPARSEST], control=Breaks(OVER_WHOLE[SPARSE]), name="stable-and-not-matching",
        ),
        *(
            Claim(
                f"over steps and densities, the lower the barrier under {arm}, the more accurate", FRANKLE_LINEAR,
                rank_correlation(BARRIER, ACCURACY), Below(0),
                on=orders(arm), over=SWEPT, name=f"stable-is-accurate-{arm.replace(' ', '-')}",
                control=Breaks(orders(arm), statistic=rank_correlation(BARRIER, ACCURACY, shuffled=True),
                               called="accuracies dealt out anew"),
            )
            for arm in (FOUND, SHUFFLED)
        ),
    )  # fmt: skip
