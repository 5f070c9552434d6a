"""A flow laid beside the gradient descent that it is to describe."""

from collections.abc import Sequence

import numpy as np

from phenoscope.comparisons import Kept, departure
from phenoscope.record import Record, Series

RATIOS = ("loss foretold / measured", "sharpness foretold / measured", "variance foretold / measured")
WINDOWS = 20
"""Of the curves: the swing is averaged out over each."""
CURVES = ("loss on average", "foretold loss on average", "variance on average", "foretold variance on average")
SERIES = (*RATIOS, *CURVES, "relative distance")


def beside(run: Kept, flow: Kept) -> dict[str, float | Series | Sequence[float]]:
    """What the flow foretells against what the run does, both averaged: over the second half, and window by window.

    A flow that says nothing of an oscillation foretells its own loss, and none.
    """
    pairs = {
        "loss": (run.record.series["loss"], _foretold(flow.record, "foretold loss", "loss")),
        "sharpness": (run.record.series["sharpness"], flow.record.series["sharpness"]),
        "variance": (
            run.record.series["oscillation variance"],
            _foretold(flow.record, "foretold oscillation variance"),
        ),
    }
    ratios = {f"{name} foretold / measured": _late(theirs) / _late(own) for name, (own, theirs) in pairs.items()}
    curves = {}
    for name in ("loss", "variance"):
        own, theirs = pairs[name]
        curves |= {f"{name} on average": _windows(own), f"foretold {name} on average": _windows(theirs)}
    return {**ratios, **curves, "relative distance": departure(run, flow)["relative distance"]}


def _foretold(record: Record, name: str, else_name: str = "") -> Series:
    if name in record.series:
        return record.series[name]
    own = record.series[else_name or "loss"]
    return own if else_name else Series(own.steps, np.zeros(len(own)))


def _late(series: Series) -> float:
    return float(series.values[series.steps >= series.steps[-1] / 2].mean())


def _windows(series: Series) -> Series:
    """Means over windows of equal length, each at the middle of its steps."""
    parts = [part for part in np.array_split(np.arange(len(series)), WINDOWS) if len(part)]
    steps = np.array([int(series.steps[part].mean()) for part in parts])
    return Series(steps, np.array([series.values[part].mean() for part in parts]))
