"""Points of several arms at one place: next to each other, where they would hide each other."""

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

STEP, WIDTH = 6.0, 30.0
"""From one arm to the next, and from the first to the last at most, in CSS pixels; ticks stand further apart."""


def side_by_side(axes: Axes) -> None:
    """Shift the points of each arm a little along x if two arms have points at one x.

    The numbers of the lines, and so the limits of the axes, stay what they were.

    Args:
        axes: with a line for each arm, all of them points, and ticks where the points are.
    """
    lines, figure = axes.get_lines(), axes.figure
    kept = [set(np.asarray(line.get_xdata()).tolist()) for line in lines]
    if not any(a & b for a, b in itertools.combinations(kept, 2)):
        return
    step = min(STEP, WIDTH / (len(lines) - 1))
    for place, line in enumerate(lines):
        shift = step * (place - (len(lines) - 1) / 2) / 72
        line.set_transform(axes.transData + ScaledTranslation(shift, 0, figure.dpi_scale_trans))
