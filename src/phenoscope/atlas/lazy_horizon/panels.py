"""What is drawn of the horizon: how the gap grows with it, and what is left to learn meanwhile."""

from phenoscope.atlas.lazy_horizon.claims import (
    ALPHA,
    COPIES,
    COPIES_LONG,
    DIGITS,
    DISPLACEMENT,
    GAP,
    LAZY,
    LEFT,
    LINEAR,
    LONG,
    RICH,
    SLOW,
    SQUARE,
    TIME,
    WELL,
)
from phenoscope.panels import Panel, Scatter

HORIZON, APART = "horizon T", "distance / length of the targets"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    arms = (LONG, WELL, SLOW, DIGITS)
    return (
        Scatter(
            "Distance by horizon", "The largest up to T, with one α; it grows while something is left to learn.",
            TIME, GAP, HORIZON, APART, (*arms, COPIES_LONG),
        ),
        Scatter("What is left to learn", "Of the targets, at T.", TIME, LEFT, HORIZON, "‖αf − y‖ / ‖y‖", arms),
        Scatter(
            "α as the horizon", "With α in proportion to T the distance stays; with T² it falls.",
            TIME, GAP, HORIZON, APART, (LINEAR, SQUARE, LONG),
        ),
        Scatter("Distance by α", "At one horizon.", ALPHA, GAP, "α", APART, (LAZY, COPIES, RICH)),
        Scatter(
            "Displacement", "As the root of T where something is learned at all times.",
            TIME, DISPLACEMENT, HORIZON, "‖θ − θ₀‖ / ‖θ₀‖", arms,
        ),
    )  # fmt: skip
