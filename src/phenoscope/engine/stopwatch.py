"""Interleaved timing: the contenders take turns, so a machine that slows down slows all of them."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TURN = 0.03
"""About the seconds of one turn: shorter ones show how the system shares out time, not how fast the work is."""

MOST_CALLS = 1000
"""Calls in one turn."""


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of repeated measurements; the quartiles are the machine's noise."""

    low: float
    middle: float
    high: float


def spread(values: list[float]) -> Spread:
    """The quartiles of at least two values."""
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def interleaved(
    contenders: Mapping[str, Callable[[], object]],
    *,
    seconds: float,
    before: Callable[[str], object] = lambda name: None,
    fewest: int = 3,
    most: int = 200,
) -> dict[str, list[float]]:
    """Seconds of a call of each contender in each round; the first round, which warms up, is not counted.

    Args:
        contenders: what is timed, by name.
        seconds: no round begins after so long, once there are enough; nor after three times as long, once there
            are two.
        before: called with the contender's name before each turn, outside the time.
        fewest: rounds at least, however long they take.
        most: rounds at most.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    calls = dict.fromkeys(contenders, 1)
    begun = time.perf_counter()
    for number in range(1 + most):
        gone = time.perf_counter() - begun
        if (number > fewest and gone > seconds) or (number > 2 and gone > 3 * seconds):
            break
        for name, call in contenders.items():
            before(name)
            taken = _timed(call, calls[name])
            if number:
                times[name].append(taken)
            else:
                calls[name] = min(MOST_CALLS, math.ceil(TURN / max(taken, 1e-9)))
    return times


def _timed(call: Callable[[], object], calls: int) -> float:
    """Seconds of one call, over so many of them, or fewer where they turn out to be slow."""
    started = time.perf_counter()
    done, taken = 0, 0.0
    while done < calls and taken <= 3 * TURN:
        call()
        done, taken = done + 1, time.perf_counter() - started
    return taken / done


def ratios(times: list[float], baseline: list[float]) -> Spread:
    """How much longer than the baseline of the same round."""
    return spread([mine / base for mine, base in zip(times, baseline, strict=True)])
