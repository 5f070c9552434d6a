"""Bands: what readings may be off by, shaded around their line."""

import numpy as np
from matplotlib.axes import Axes

from phenoscope.panels import Trace
from phenoscope.report.thinning import envelope


def band(axes: Axes, trace: Trace, most: int, colour: str) -> None:
    """Shade a line's errors; nothing, where none are known.

    Args:
        axes: where to.
        trace: whose errors.
        most: points of either edge at most.
        colour: of its line.
    """
    if len(trace.x) < 2 or not trace.error:
        return
    x, y, error = (np.array(part) for part in (trace.x, trace.y, trace.error))
    # On a logarithmic axis an edge below zero has no place; it is drawn three decades below the line.
    low = np.where(y > 0, np.maximum(y - error, y / 1000), y - error)
    under, over = envelope(x, low, most), envelope(x, y + error, most)
    axes.fill(
        np.concatenate((over[0], under[0][::-1])),
        np.concatenate((over[1], under[1][::-1])),
        color=colour, alpha=0.22, linewidth=0,
    )  # fmt: skip
