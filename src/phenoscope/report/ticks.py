"""Where the axes of a figure have their ticks, and how these are written."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence

from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from phenoscope.report.numbers import SUPERSCRIPTS, number

MOST = 8
"""Ticks at measured places at most."""

APART = 0.07
"""Of the axis: as far apart as the numbers at two ticks must be, so that they do not touch."""


def set_ticks(axis: Axis, places: Sequence[float] = ()) -> bool:
    """Put ticks on an axis whose scale and limits are known.

    Args:
        axis: of a figure.
        places: of the points along it. Where they are few settings, such as widths or rates, the ticks are there
            if their numbers are short; between whole numbers, such as seeds, there are none.

    Returns:
        Whether the places are few settings with room between them.
    """
    low, high = axis.get_view_interval()
    logarithmic = axis.get_scale() == "log"
    settings = _settings(places)
    apart = bool(settings) and _apart(settings, low, high, logarithmic=logarithmic)
    if apart and all(math.isclose(float(f"{place:.4g}"), place) for place in settings):
        axis.set_major_locator(FixedLocator(settings))
    elif logarithmic and (high < 300 * low or _powers(low, high) < 3):  # these alone would leave one or two ticks
        axis.set_major_locator(MaxNLocator(5) if high < 4 * low else LogLocator(subs=(1, 2, 5)))
    elif places and not logarithmic and all(place == round(place) for place in places):
        axis.set_major_locator(MaxNLocator("auto", integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: written(value, logarithmic=logarithmic)))
    axis.set_minor_formatter(NullFormatter())
    return apart


def written(value: float, *, logarithmic: bool) -> str:
    """The number at a tick.

    Example:
        >>> written(1e-6, logarithmic=True), written(12000.0, logarithmic=False)
        ('10⁻⁶', '12000')
    """
    power = round(math.log10(value)) if value > 0 else 0
    if logarithmic and abs(power) > 3 and math.isclose(value, 10.0**power):
        return f"10{str(power).translate(SUPERSCRIPTS)}"
    return number(value, 6)


def _settings(places: Sequence[float]) -> list[float]:
    """The places if they are few and there are several points at each, else none."""
    counts = Counter(places)
    return sorted(counts) if 1 < len(counts) <= MOST and min(counts.values()) > 1 else []


def _apart(settings: Sequence[float], low: float, high: float, *, logarithmic: bool) -> bool:
    scale = math.log if logarithmic else float
    least = APART * (scale(high) - scale(low))
    return all(scale(b) - scale(a) >= least for a, b in itertools.pairwise(settings))


def _powers(low: float, high: float) -> int:
    """How many powers of ten there are between."""
    return math.floor(math.log10(high)) - math.ceil(math.log10(low)) + 1
