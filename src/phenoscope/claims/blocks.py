"""One run as its own replicates: blocks of time long enough to be told from each other.

Readings of one run that follow each other are not independent. Their integrated autocorrelation time tells how many of
them are worth one independent reading; means over blocks of ten such times are close to independent (Flyvbjerg and
Petersen 1989, J. Chem. Phys. 91:461, on blocking; Sokal 1997, Monte Carlo methods in statistical mechanics, on the
window).
"""

import itertools
import math

import numpy as np

from phenoscope.claims.intervals import BOOTSTRAP_FROM
from phenoscope.claims.statistics import Statistic, Value
from phenoscope.record import Record

TIMES = 10
"""Autocorrelation times in a block."""

LEAST = 5
"""Blocks that judge, as five seeds do; with fewer the autocorrelation time could not be told either."""

WINDOW = 2.5
"""The sum over lags is cut at so many of the times that it gives itself: 5 in Sokal's convention, ½ + Σ ρ(k)."""


def autocorrelation_time(values: np.ndarray) -> float:
    """1 + 2 Σ ρ(k), in readings, of a series (m,): 1 where readings are independent; never below 1.

    The sum ends at the first lag that is 2.5 times what it has come to (Sokal's window). A series that does not vary
    has 1; a series that drifts has a time of the order of its length.

    Example:
        >>> float(autocorrelation_time(np.array([1.0, -1.0] * 50)))
        1.0
    """
    size = len(values)
    centred = values - values.mean() if size else values
    spectrum = np.abs(np.fft.rfft(centred, 2 * size)) ** 2 if size else np.zeros(1)
    covariance = np.fft.irfft(spectrum)[:size] if size else np.zeros(1)
    if size < 2 or covariance[0] <= 1e-24 * size * max(1.0, float(np.abs(values).max())) ** 2:
        return 1.0
    times = 1 + 2 * np.cumsum(covariance[1:]) / covariance[0]
    beyond = np.flatnonzero(np.arange(1, size) >= WINDOW * times)
    return max(1.0, float(times[beyond[0] if len(beyond) else -1]))


def blocks(statistic: Statistic, record: Record) -> tuple[Value, ...] | str:
    """The statistic on blocks of one run, at least ten autocorrelation times each; or why there are none."""
    whole = statistic.of(record)
    if whole.reason is not None:
        return whole.reason
    parts = statistic.parts(record)
    if parts is None:
        return "it happens once in a run, so one run holds no replicates of it; several runs would"
    count = len(parts.values)
    time = autocorrelation_time(parts.values)
    most = min(count // math.ceil(TIMES * time), BOOTSTRAP_FROM - 1)
    if most < LEAST:
        longer = math.ceil(LEAST * TIMES * time / max(count, 1) * 10) / 10
        return (
            f"its {count} readings are worth {most} blocks of ten autocorrelation times ({time:.3g} readings each), "
            f"and {LEAST} are needed: a run about {longer:g} times as long"
        )
    cuts = [count * index // most for index in range(most + 1)]
    pieces = [slice(*ends) for ends in itertools.pairwise(cuts)]
    found = [parts.average(parts.values[piece], parts.errors[piece]) for piece in pieces]
    return tuple(Value(float(value), float(error), statistic.scale) for value, error in found)
