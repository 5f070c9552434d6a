"""How values show themselves in notebooks: a hook, since only the report knows how, and it lies far above them.

A class that shows itself has two methods of one line each, `_repr_html_` and `plot`, which call `html` and `plot`
here, or has them from `Shown`. What these do is said once, by
`phenoscope/notebooks.py`, which is imported with the package.
"""

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
else:
    Axes = Any  # nothing down here may import matplotlib, and most uses need none


@runtime_checkable
class Displays(Protocol):
    """What a report offers to notebooks."""

    def html(self, value: Any, /) -> str:
        """A value as a small piece of HTML that is readable on light and dark pages."""
        ...

    def plot(self, value: Any, ax: Axes | None, /, **options: Any) -> Axes:
        """A value drawn on these axes, or on new ones."""
        ...


_used: list[Displays] = []


def use(displays: Displays) -> None:
    """From now on, values are shown so."""
    _used[:] = [displays]


def html(value: Any) -> str:
    """What a notebook shows of a value."""
    return _used[0].html(value)


def plot(value: Any, ax: Axes | None, **options: Any) -> Axes:
    """Draw a value on these axes, or on new ones."""
    return _used[0].plot(value, ax, **options)


class Shown:
    """Shows itself in notebooks, and draws itself."""

    def _repr_html_(self) -> str:
        return html(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the value with what it may be off by."""
        return plot(self, ax)
