"""Numbers as a reader sees them: rounded together, never so far that a verdict seems wrong."""

import math
from collections.abc import Callable, Sequence

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MISSING = "–"
FINEST = 8
"""Decimals of an interval at most, however narrow it is, unless an edge of the region asks for more."""


def number(value: float, digits: int = 4) -> str:
    """A number to so many significant digits; a dash where there is none.

    Example:
        >>> number(0.12345), number(-1.5e-7), number(float("nan"))
        ('0.1235', '−1.5×10⁻⁷', '–')
    """
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return _typeset(f"{value:.{digits}g}")


def interval(
    estimate: float, low: float, high: float, *, edges: Sequence[float] = (), width: float | None = None
) -> tuple[str, str, str]:
    """An estimate and its interval, rounded together to two digits of the interval's width.

    An interval much wider than its estimate is (as on a log scale) would hide the estimate that way; there each of
    the three has three digits of its own.

    Digits are added while rounding would move an end to, or across, an edge of the region: else a page could show
    an interval inside the region beside the word "undecided". Intervals as narrow as rounding have eight decimals.

    Args:
        estimate: what is written first.
        low: the lower end.
        high: the upper end.
        edges: of the region.
        width: that sets the digits, where several intervals are written alike; by default that of this one.

    Example:
        >>> interval(1.02345, 0.98765, 1.05432)
        ('1.023', '0.988', '1.054')
        >>> interval(0.95, 0.8999, 1.0, edges=(0.9,))
        ('0.9500', '0.8999', '1.0000')
        >>> interval(0.119, 5.85e-12, 2.4e9)
        ('0.119', '5.85×10⁻¹²', '2.4×10⁹')
    """
    written: list[str] = []
    for write in _ways(estimate, low, high, high - low if width is None else width):
        written = [write(value) for value in (estimate, low, high)]
        if all(_same_side(value, write, edge) for value in (low, high) for edge in edges):
            break
    return written[0], written[1], written[2]


def duration(seconds: float) -> str:
    """A stretch of time in the two largest units.

    Example:
        >>> duration(0.42), duration(75), duration(7500)
        ('0.42 s', '1 min 15 s', '2 h 5 min')
    """
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "seed"), counted(5, "seed")
        ('1 seed', '5 seeds')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def _ways(estimate: float, low: float, high: float, width: float) -> list[Callable[[float], str]]:
    """Ever finer ways to write the three: fixed decimals where those are readable, then significant digits.

    The last way, 17 digits, tells any two numbers apart.
    """
    size = max((abs(value) for value in (estimate, low, high) if math.isfinite(value)), default=0.0)
    if not math.isfinite(width) or width <= 0:
        return _significant(4)
    if width > 3 * abs(estimate):  # as wide as this, an interval is known to three digits at most
        return _significant(3)
    if not 1e-3 <= size < 1e5:
        return _significant(3 + max(0, math.floor(math.log10(size / width))))
    first = min(FINEST, max(0, 1 - math.floor(math.log10(width))))
    fixed = [lambda value, decimals=decimals: _fixed(value, decimals) for decimals in range(first, first + 6)]
    return fixed + _significant(4)


def _significant(first: int) -> list[Callable[[float], str]]:
    return [lambda value, digits=digits: number(value, digits) for digits in range(min(first, 17), 18)]


def _fixed(value: float, decimals: int) -> str:
    # Adding 0.0 turns a negative zero into a plain one.
    return _typeset(f"{round(value, decimals) + 0.0:.{decimals}f}") if math.isfinite(value) else number(value)


def _typeset(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.replace("-", "−")
    return f"{mantissa}×10{str(int(exponent)).translate(SUPERSCRIPTS)}" if exponent else mantissa


def read(text: str) -> float:
    """The number that `number` wrote; nan for a dash.

    Example:
        >>> read("−1.5×10⁻⁷")
        -1.5e-07
    """
    if text == MISSING:
        return math.nan
    back = {ord(sup): plain for plain, sup in zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True)}
    return float(text.replace("×10", "e").translate(back).replace("−", "-").replace("∞", "inf"))


def _same_side(value: float, write: Callable[[float], str], edge: float) -> bool:
    if not (math.isfinite(value) and math.isfinite(edge)) or value == edge:
        return True
    shown = read(write(value))
    return (shown > edge) - (shown < edge) == (value > edge) - (value < edge)
