"""Tells the values below how they are shown in notebooks: by the report, which is imported when first needed."""

from typing import Any

from phenoscope.core import displays


class ByReport:
    """The report's displays; importing it, and matplotlib with it, waits until something is shown."""

    def html(self, value: Any, /) -> str:
        from phenoscope.report.cards import card

        return card(value)

    def plot(self, value: Any, ax: displays.Axes | None, /, **options: Any) -> displays.Axes:
        from phenoscope.report.plots import plot

        return plot(value, ax, **options)


displays.use(ByReport())
