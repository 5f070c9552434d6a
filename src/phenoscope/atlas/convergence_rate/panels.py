"""What is drawn of the rate of convergence: the loss beside its bound, and the eigenvalue that the bound rests on."""

from phenoscope.atlas.convergence_rate.claims import (
    ANGLE,
    BOUND,
    CONFLICT,
    DEPARTURE,
    EIGENVALUE,
    FORETOLD,
    FORETOLD_RATE,
    LIMIT,
    LOSS,
    MEAN_FIELD,
    MODEST,
    MOVEMENT,
    NARROW,
    RATE,
    TWINS,
    WIDE,
    WIDTH,
    WIDTHS,
)
from phenoscope.claims import first_value, last_value, late_mean, maximum, minimum
from phenoscope.panels import Lines, Panel, Scatter

TIME = "time, in readings"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Training loss", "Over that at the start; all readings together take a time of 4/λ₀.",
            LOSS, "loss", (WIDE, MODEST, NARROW), theory=BOUND, theory_label="exp(-λ₀t)", log_y=True, x_label=TIME,
        ),
        Lines(
            "What was foretold", "The loss beside that of infinite width, of the first seed.",
            LOSS, "loss", (WIDE, CONFLICT), theory=FORETOLD, theory_label="infinite width", log_y=True, x_label=TIME,
        ),
        Scatter(
            "The rate against the eigenvalue", "Of the loss, at the end; the line, of the infinitely wide network.",
            last_value(LIMIT), late_mean(RATE), "λ₀", "rate", (WIDE, MODEST, TWINS),
            theory=late_mean(FORETOLD_RATE), theory_label="infinite width",
        ),
        Scatter(
            "The smallest eigenvalue", "The most by which it departs from its limit along training.",
            WIDTH, maximum(DEPARTURE), "width", "|λ/λ₀ - 1|", (WIDTHS, MEAN_FIELD),
        ),
        Scatter(
            "How far units move", "Root mean square, relative to the lengths of their weights.",
            WIDTH, last_value(MOVEMENT), "width", "movement", (WIDTHS, MEAN_FIELD),
        ),
        Scatter(
            "Twins", "The lowest that the smallest eigenvalue comes to, over its limit; the line, before training.",
            ANGLE, minimum(EIGENVALUE), "angle between twins", "λ/λ₀", (TWINS,),
            theory=first_value(EIGENVALUE), theory_label="before training",
        ),
    )  # fmt: skip
