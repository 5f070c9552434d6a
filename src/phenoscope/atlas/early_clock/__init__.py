"""An early clock: do the edge, the peak of curvature, stable forks and matching tickets come at one time?"""

import dataclasses

from phenoscope.atlas.early_clock.claims import CLOCKS, claims
from phenoscope.atlas.early_clock.panels import panels
from phenoscope.atlas.papers import COHEN_PAPER, FRANKLE_LINEAR_PAPER, TICKETS_PAPER
from phenoscope.data import dataset
from phenoscope.methods import EarlyClock
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, widths, updates, forks after the start, initialisations, and rates."""

    examples: int
    widths: tuple[int, ...]
    steps: int
    forks: int
    starts: int
    rates: tuple[float, ...]


RATES = (0.6, 0.85, 1.2)
"""At the smallest the edge is met late or never, and copies end in one region nearly from the start."""
SIZES: dict[Scale, Size] = {
    "smoke": Size(100, (8,), 40, 2, 2, (0.5, 2.0)),
    "laptop": Size(4000, (32, 32), 800, 8, 3, RATES),
    "paper": Size(4000, (300, 100), 5000, 16, 5, RATES),
}


def early_clock(scale: Scale, *, data: str = "mnist1d") -> Phenomenon:
    """Networks of several initialisations and rates, in each of which four events are dated.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: the data set.
    """
    size = SIZES[scale]
    clock = EarlyClock(
        steps=size.steps,
        data=dataset(data, train=size.examples, flat=True),
        widths=size.widths,
        forks=size.forks,
        batch=min(64, size.examples // 2),
    )
    sweep = {"lr": size.rates, "initialisation": tuple(range(size.starts))}
    return Phenomenon(
        name="early_clock",
        title="An early clock",
        question="Do the edge, the peak of curvature, stable forks and matching tickets come at one time?",
        summary=(
            "Early in training several things happen that have been taken for one: the curvature rises to where steps "
            "of that size become unstable, and has its peak; copies that see the data in another order begin to end in "
            "one region; and sparse networks that go back to that step begin to match the dense one. Here all four are "
            "dated in the same networks. Two events that are one come at the same time, and where one is late the "
            "other is, too: in another initialisation at the same rate, which a common cause such as the rate itself "
            "cannot make."
        ),
        arms=(
            Arm(CLOCKS, clock, sweep=sweep, says="SGD at three rates from three initialisations; copies leave at "
                "several steps, dense and under a found and a shuffled mask"),
        ),
        claims=claims(),
        panels=panels(),
        sources=(FRANKLE_LINEAR_PAPER, COHEN_PAPER, TICKETS_PAPER),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
