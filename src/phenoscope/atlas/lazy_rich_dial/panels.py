"""What is drawn of the dial: what each end learns, and how fast training becomes lazy."""

from phenoscope.atlas.lazy_rich_dial.claims import (
    ALONE,
    ALPHA,
    CHANGE,
    DIGITS,
    DISPLACEMENT,
    GAP,
    ISOTROPIC,
    LAZY,
    LINEAR,
    RICH,
    SUBTRACTED,
    TEST,
    TOGETHER,
    TWO,
    WIDTH,
)
from phenoscope.panels import Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    smooth = (LAZY, SUBTRACTED, RICH)
    return (
        Scatter(
            "What each end learns",
            "Test error of networks with one training error; dashed, their linearisations after as many steps.",
            ALPHA, TEST, "α", "test error", (TWO, ISOTROPIC, DIGITS), theory=LINEAR, theory_label="linearised",
        ),
        Scatter(
            "Distance from the linearisation", "The largest along training; a network less its copy comes nearer.",
            ALPHA, GAP, "α", "distance / length of the targets", smooth,
        ),
        Scatter("Displacement", "1/α on the lazy side.", ALPHA, DISPLACEMENT, "α", "‖θ − θ₀‖ / ‖θ₀‖", smooth),
        Scatter(
            "Change of the kernel", "From the start of training to its end.",
            ALPHA, CHANGE, "α", "‖K − K₀‖ / ‖K₀‖", (*smooth, TWO),
        ),
        Scatter(
            "One dial", "With α√width fixed the kernel changes as much at any width.",
            WIDTH, CHANGE, "width", "‖K − K₀‖ / ‖K₀‖", (TOGETHER, ALONE),
        ),
    )  # fmt: skip
