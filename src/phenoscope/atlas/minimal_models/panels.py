"""What is drawn of the minimal models, with the edge beside it."""

from phenoscope.atlas.minimal_models.claims import (
    FAR,
    FLOW,
    LINEAR,
    LOSS,
    LR,
    RATIO,
    SECOND_ORDER,
    SMALL,
    SMALL_THREE,
    THREE,
    TWO,
)
from phenoscope.claims import first_value, last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    edge, ends = LR / LR, FLOW * LR / 2
    return (
        Lines(
            "Where flow would end", "From every point of the path the sharpness of the flow's end is known; it falls "
            "until it is just below the edge.",
            ends, "sharpness of the flow's end / (2/η)", (TWO, THREE), theory=edge, theory_label="the edge",
        ),
        Lines(
            "Sharpness", "The sharpness itself goes up and down, and meets the flow's end below the edge.",
            RATIO, "sharpness / threshold", (TWO, THREE), theory=edge, theory_label="the edge",
        ),
        Scatter(
            "Flow's end at the start and at the end", "Small steps keep it; large ones lower it to the edge.",
            first_value(ends), last_value(ends), "at the start, / (2/η)", "at the end, / (2/η)",
            (TWO, THREE, SMALL, SMALL_THREE), slope=1.0, theory_label="kept",
        ),
        Lines(
            "Training loss", "It rises and falls from step to step.",
            LOSS, "loss", (TWO, THREE), log_y=True,
        ),
        Lines(
            "Far above the edge", "From starts far above the edge the flow's end can rise, and descent diverges.",
            FLOW, "sharpness of the flow's end", (FAR,), log_y=True,
        ),
        Lines(
            "Maps of second order", "Random maps sharpen to the edge; linear ones keep their sharpness.",
            RATIO, "sharpness / threshold", (SECOND_ORDER, LINEAR), theory=edge, theory_label="the edge",
        ),
        Lines(
            "Loss of the maps", "Where the edge is met, the loss goes up and down.",
            LOSS, "loss", (SECOND_ORDER, LINEAR), log_y=True,
        ),
    )  # fmt: skip
