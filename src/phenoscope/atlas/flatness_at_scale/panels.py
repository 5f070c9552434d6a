"""What is drawn of flatness at scale: each network once."""

from phenoscope.atlas.flatness_at_scale.claims import ALL, GAP, NARROW, SCALED, SHARPNESS, WIDE, WIDTH
from phenoscope.panels import Panel, Scatter

SHARPNESS_LABEL, GAP_LABEL = "sharpness", "train less test accuracy"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Sharpness and the gap, by width", "One point a model; within one colour, does the gap rise?",
            SHARPNESS, GAP, SHARPNESS_LABEL, GAP_LABEL, (ALL,), by=WIDTH,
        ),
        Scatter(
            "The narrowest", "Colours tell the learning rate.",
            SHARPNESS, GAP, SHARPNESS_LABEL, GAP_LABEL, (NARROW,), by="lr",
        ),
        Scatter(
            "The widest", "Colours tell the learning rate.",
            SHARPNESS, GAP, SHARPNESS_LABEL, GAP_LABEL, (WIDE,), by="lr",
        ),
        Scatter(
            "Noise in proportion to each weight, by width", "A measure that rescaled layers leave as it is.",
            SCALED, GAP, "rise of the loss under scaled noise", GAP_LABEL, (ALL,), by=WIDTH,
        ),
    )  # fmt: skip
