"""Members that are computed: what they find is written down as it comes."""

import math
import time

from phenoscope.core.errors import BadInput
from phenoscope.engine.cohort import Progress
from phenoscope.methods import Computation, Found
from phenoscope.phenomenon import Plan
from phenoscope.probes import announced
from phenoscope.store import Journal

REPORT_SECONDS = 0.2


def compute(plan: Plan, journal: Journal | None, progress: Progress) -> int | None:
    """Write down all that a computation finds, from its beginning.

    Args:
        plan: of a computation.
        journal: where to.
        progress: told of the steps done.

    Returns:
        The step at which it diverged, `None` where it finished.

    Raises:
        BadInput: it writes a series that it did not announce, or goes back.
    """
    computation = plan.recipe
    assert isinstance(computation, Computation)
    assert journal is not None  # a cohort of one member has nothing finished in it
    reported, reached, clock = 0, 0, -math.inf
    for found in computation.readings():
        _check(computation, found, reached)
        for name, value in found.values.items():
            journal.append(found.step, name, float(value))
        journal.breathe()
        reached = found.step
        if found.diverged:
            progress(computation.steps - reported)
            return reached
        if time.monotonic() - clock > REPORT_SECONDS:
            progress(reached - reported)
            clock, reported = time.monotonic(), reached
    progress(computation.steps - reported)
    return None


def seconds_a_step(plan: Plan, enough: float) -> float:
    """What a step costs, from the beginning of the computation, timed for about so many seconds.

    Readings that come at once were found with the one before: what that took was for all of them.
    """
    computation = plan.recipe
    assert isinstance(computation, Computation)
    begun = last = time.perf_counter()
    reached, waits = 0, 0
    for count, found in enumerate(computation.readings(), start=1):
        now = time.perf_counter()
        took, reached = now - begun, found.step
        waits += count > 1 and now - last > took / count / 2
        if reached and waits > 1 and took > enough:
            break
        last = now
    return (time.perf_counter() - begun) / max(reached, 1)


def _check(computation: Computation, found: Found, reached: int) -> None:
    who = f"the computation {type(computation).__name__}"
    strange = [name for name in found.values if not announced(computation.units, name)]
    if strange:
        raise BadInput(
            f"{who} found a value of {strange[0]!r}, which it did not announce. Its `units` are of "
            f"{', '.join(computation.units)}."
        )
    if not reached <= found.step <= computation.steps:
        raise BadInput(
            f"{who} of {computation.steps} steps found something at step {found.step} after step {reached}. Its steps "
            "must rise, up to the last."
        )
