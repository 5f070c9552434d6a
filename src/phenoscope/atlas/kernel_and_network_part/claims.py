"""What is claimed of kernels that turn; distances are 1 less the cosine between two kernels of one set of examples."""

from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    last_value,
    late_mean,
    maximum,
    slope,
)
from phenoscope.comparisons import Kept

FORT = "Fort et al. 2020, arXiv:2010.15110"

NETWORK, FORKS = "network", "linearised later"
FROZEN, FROZEN_FORKS = "linearised at the start", "linearised later, from that"
DISTANCE, VELOCITY, ALIGNMENT = (Measured(f"kernel {name}") for name in ("distance", "velocity", "alignment"))
ACCURACY, LEFT = Measured("test accuracy"), Setting("start.at")
LEAD = "network against linearisation"
EARLY, LATE = Measured("early lead"), Measured("late lead")


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the kernel turns fast at first: over the last third its velocity is a tenth of the largest, at most", FORT,
            late_mean(VELOCITY) / maximum(VELOCITY), AtMost(0.1), region_from="pilot",
            on=NETWORK, name="the-kernel-turns-early",
        ),
        Claim(
            "at the end it has turned away from its start by 0.03 at least", FORT,
            last_value(DISTANCE), AtLeast(0.03), region_from="pilot",
            on=NETWORK, control=Breaks(FROZEN), name="the-kernel-has-turned",
        ),
        Claim(
            "it has turned towards the classes: its alignment with them is 1.05 times that at the start, or more", FORT,
            last_value(ALIGNMENT) / first_value(ALIGNMENT), AtLeast(1.05), region_from="pilot",
            on=NETWORK, control=Breaks(FROZEN), name="it-turns-towards-the-classes",
        ),
        Claim(
            "linearised later, a network generalises better: test accuracy rises with the step at which it is", FORT,
            slope(last_value(ACCURACY), LEFT), Above(0.0), region_from="source",
            on=FORKS, over="start.at", control=Breaks(FROZEN_FORKS), name="later-kernels-are-better",
        ),
        Claim(
            "kernel and network agree early: after a twentieth of training the test accuracies differ by 0.05 at most",
            FORT, last_value(EARLY), Between(-0.05, 0.05), region_from="pilot",
            on=LEAD, control=Breaks(LEAD, statistic=last_value(LATE), called="at the end"), name="they-agree-early",
        ),
        Claim(
            "they part later: at the end the network is ahead", FORT,
            last_value(LATE), Above(0.0), region_from="source",
            on=LEAD, control=Breaks(LEAD, statistic=last_value(EARLY), called="after a twentieth"),
            name="they-part-later",
        ),
    )  # fmt: skip


def lead(network: Kept, frozen: Kept) -> dict[str, float]:
    """By how much the network's test accuracy is above that of its linearisation, early and at the end."""
    ahead = [kept.record.series["test accuracy"].values for kept in (network, frozen)]
    steps = min(map(len, ahead))
    return {name: float(ahead[0][at] - ahead[1][at]) for name, at in (("early lead", 1), ("late lead", steps - 1))}
