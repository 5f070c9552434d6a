"""Thinning: fewer points that draw the same curve."""

import dataclasses
import itertools

import numpy as np

from phenoscope.panels import PanelData, Trace

LARGEST = 1e250
"""What lies beyond no axis can show: the arithmetic of ticks would overflow."""


def envelope(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` points of a curve, among them the lowest and the highest of every stretch, in their order.

    Taking every k-th point of an oscillation draws a false, slower one (aliasing). The lowest and highest points of
    each stretch keep its width at every place, which is what a line thinner than its own oscillation shows anyway.

    Args:
        x: of the curve, (n,).
        y: of the curve, (n,).
        most: how many points may be kept, at least 4.

    Example:
        >>> x = np.arange(1000.0)
        >>> kept_x, kept_y = envelope(x, (-1) ** x, 20)
        >>> len(kept_x) <= 20, float(kept_y.min()), float(kept_y.max())
        (True, -1.0, 1.0)
    """
    if len(x) <= most:
        return x, y
    starts = np.linspace(0, len(x), (most - 2) // 2 + 1).astype(int)
    kept = {0, len(x) - 1}
    for start, end in itertools.pairwise(starts):
        kept |= {start + int(y[start:end].argmin()), start + int(y[start:end].argmax())}
    order = np.array(sorted(kept))
    return x[order], y[order]


def reachable(panel: PanelData) -> PanelData:
    """Without the numbers that no axis can show; `data_csv` has them."""

    def within(trace: Trace) -> Trace:
        parts = [part for part in (trace.x, trace.y, trace.error) if part]
        if all(abs(value) <= LARGEST for part in parts for value in part):
            return trace
        kept = [row for row in zip(*parts, strict=True) if all(abs(value) <= LARGEST for value in row)]
        x, y, *error = tuple(zip(*kept, strict=True)) or ((), ())
        return dataclasses.replace(trace, x=x, y=y, error=error[0] if error else ())

    drawn = {"traces": tuple(map(within, panel.traces)), "theory": tuple(map(within, panel.theory))}
    return dataclasses.replace(panel, **drawn)
