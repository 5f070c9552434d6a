"""What is drawn of the plane of scale and width: one curve where there were several, and what each side errs by."""

from phenoscope.atlas.feature_lazy_phase.claims import (
    ALPHA,
    CHANGE,
    COMBINED,
    GRID,
    LAZY,
    LIMIT,
    LINEAR,
    MEAN_FIELD,
    RICH,
    TEST,
    TOGETHER,
)
from phenoscope.panels import Panel, Scatter

MOVED = "‖K - K₀‖ / ‖K₀‖"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "One dial", "The kernel's change from start to end, for all scales and widths: one curve.",
            COMBINED, CHANGE, "α² · width", MOVED, (GRID,), by="width",
        ),
        Scatter(
            "Against α alone", "The same networks: as many curves as widths.",
            ALPHA, CHANGE, "α", MOVED, (GRID,), by="width",
        ),
        Scatter(
            "In the mean-field scaling", "Against α alone it is one curve here.",
            ALPHA, CHANGE, "α", MOVED, (MEAN_FIELD,), by="width",
        ),
        Scatter(
            "Test error", "Of networks with one training error; the line, of their linearisations after as many steps.",
            COMBINED, TEST, "α² · width", "test error", (GRID,), theory=LINEAR, theory_label="linearised", by="width",
        ),
        Scatter(
            "Several networks", "The mean of their outputs against one of them; on the line averaging gains nothing.",
            TEST, TOGETHER, "test error of one", "of their mean", (LAZY, RICH), slope=1.0,
        ),
        Scatter(
            "The infinitely wide network", "Test error of the mean of several lazy networks against that of the limit.",
            LIMIT, TOGETHER, "test error of the limit", "of the mean", (LAZY,), slope=1.0,
        ),
    )  # fmt: skip
