"""What is claimed of the step at which sparse networks begin: their accuracy, and the barrier between two orders."""

from phenoscope.atlas.papers import FRANKLE_LINEAR
from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    onset,
    rank_correlation,
)
from phenoscope.comparisons import Comparison, Kept
from phenoscope.instruments import barrier

STABILIZING = "Frankle et al. 2019, arXiv:1903.01611"

PARENT, SEARCH = "dense", "pruned in rounds"
FIRST, SECOND = "sparse, first order", "sparse, second order"
START, EARLY, LATE = "from the start", "from a twentieth", "from the end"
SHUFFLED, SHUFFLED_AGAIN = "shuffled, first order", "shuffled, second order"
START_SHUFFLED, EARLY_SHUFFLED = "shuffled, from the start", "shuffled, from a twentieth"

PAIRS, SHUFFLED_PAIRS = "two orders", "two orders, shuffled mask"
EARLY_OVER_START, LATE_OVER_EARLY = "early over start", "late over early"
SHUFFLED_EARLY_OVER_START, START_OVER_EARLY = "early over start, shuffled mask", "start over early"

LOSS_LEVEL = 0.02
"""Below this there is said to be no barrier: nats of training loss."""

BARRIER, ERRORS, ACCURACY, LOSS = (
    last_value(Measured(name)) for name in ("barrier", "error barrier", "accuracy", "final loss")
)
BETTER, RIGHTER = last_value(Measured("lower loss")), last_value(Measured("higher accuracy"))
BEGUN = Setting("start.at") / Setting("steps")
SERIES = ("barrier", "barrier.residual", "error barrier", "accuracy", "final loss")


def comparisons() -> tuple[Comparison, ...]:
    """By seed and by the step at which they begin."""
    ends = {PAIRS: (FIRST, SECOND), SHUFFLED_PAIRS: (SHUFFLED, SHUFFLED_AGAIN)}
    between_orders = tuple(Comparison(name, arms, between, SERIES) for name, arms in ends.items())
    begun = {
        EARLY_OVER_START: (EARLY, START),
        START_OVER_EARLY: (START, EARLY),
        LATE_OVER_EARLY: (LATE, EARLY),
        SHUFFLED_EARLY_OVER_START: (EARLY_SHUFFLED, START_SHUFFLED),
    }
    return between_orders + tuple(
        Comparison(name, arms, compared, ("lower loss", "higher accuracy")) for name, arms in begun.items()
    )


def compared(first: Kept, second: Kept) -> dict[str, float]:
    """By how much the first ends with a lower training loss, and with a higher test accuracy."""
    one, two = (
        {name: kept.record.series[name].values[-1] for name in ("loss", "test accuracy")} for kept in (first, second)
    )
    return {
        "lower loss": two["loss"] - one["loss"],
        "higher accuracy": one["test accuracy"] - two["test accuracy"],
    }


def between(first: Kept, second: Kept) -> dict[str, float]:
    """The barrier between two ends, their mean test accuracy, and their mean training loss."""
    found = barrier(first.objective(), first["final"], second["final"], errors=True)
    right, loss = (
        sum(kept.record.series[name].values[-1] for kept in (first, second)) / 2 for name in ("test accuracy", "loss")
    )
    return {
        "barrier": found.value,
        "barrier.residual": found.grid_error,
        "error barrier": found.error_value,
        "accuracy": right,
        "final loss": loss,
    }


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "a sparse network that begins after a twentieth of the dense training ends at a lower training loss than "
            "one that begins at its start", f"{STABILIZING}, of test accuracy",
            BETTER, Above(0), on=EARLY_OVER_START, control=Breaks(SHUFFLED_EARLY_OVER_START), name="early-beats-start",
        ),
        Claim(
            "one that begins with the weights of the end is no worse than that, to 0.02 nats of training loss",
            "pilot: a plateau, against the report that late rewinding loses the ticket",
            BETTER, AtLeast(-0.02), region_from="pilot",
            on=LATE_OVER_EARLY, control=Breaks(START_OVER_EARLY), name="late-is-no-worse",
        ),
        Claim(
            "nor is it on test examples, to a point of accuracy",
            "pilot: a plateau, against the report that late rewinding loses the ticket",
            RIGHTER, AtLeast(-0.01), region_from="pilot",
            on=LATE_OVER_EARLY, control=Breaks(START_OVER_EARLY), name="late-is-no-less-accurate",
        ),
        Claim(
            "from a fifth of the training on, at the latest, there is no barrier above 0.02 nats between two orders",
            f"{FRANKLE_LINEAR}: 3 % of the training for ResNet-20 on CIFAR-10, 20 % for ResNet-50 on ImageNet",
            onset(BARRIER <= LOSS_LEVEL, BEGUN), AtMost(0.2),
            on=PAIRS, over="start.at", name="onset-is-early",
            control=Breaks(SHUFFLED_PAIRS),
        ),
        Claim(
            "the lower the barrier between two orders, the lower the training loss at which they end",
            f"{FRANKLE_LINEAR}, of test accuracy",
            rank_correlation(BARRIER, LOSS), Above(0.5), region_from="pilot",
            on=PAIRS, over="start.at", name="stable-and-fit",
            control=Breaks(
                PAIRS, statistic=rank_correlation(BARRIER, LOSS, shuffled=True), called="losses dealt out anew"
            ),
        ),
    )  # fmt: skip
