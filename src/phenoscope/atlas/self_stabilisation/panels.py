"""What is drawn of self-stabilisation: what is foretold beside what was measured."""

from phenoscope.atlas.self_stabilisation.claims import (
    AWAY,
    CROSSINGS,
    DESCENT,
    FIRST,
    FLOOR,
    FREE,
    LOCAL,
    MAPPED,
    MAPPED_AWAY,
    ONWARDS,
)
from phenoscope.claims import Measured, first_step
from phenoscope.panels import Lines, Panel, Scatter

LABEL = "foretold, first seed"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    edge = FLOOR / FLOOR
    return (
        Lines(
            "Sharpness from the second crossing", "On the floor of the valley, and what the two numbers foretell: the "
            "way up and over, but a return that is too late.",
            FLOOR, "floor sharpness / threshold", (ONWARDS,), theory=MAPPED, theory_label=LABEL,
        ),
        Lines(
            "With all other curvatures", "The same; foretold with the Hessian of the crossing for all directions but "
            "the swing's.",
            FLOOR, "floor sharpness / threshold", (ONWARDS,), theory=LOCAL, theory_label=LABEL,
        ),
        Lines(
            "Swing from the second crossing", "How far training is from the floor.",
            AWAY, "displacement (parameter)", (ONWARDS,), theory=MAPPED_AWAY, theory_label=LABEL, log_y=True,
        ),
        Lines(
            "Without the cubic term", "The displacement of a quadratic whose curvature rises at the rate found.",
            FREE, "displacement (parameter)", (ONWARDS,), log_y=True,
        ),
        Scatter(
            "Time above the edge", "Foretold at the crossing and measured, one point a seed.",
            first_step(MAPPED < 1), first_step(FLOOR < 1), "foretold (steps)", "measured (steps)", (ONWARDS, FIRST),
            slope=1.0, theory_label="equal",
        ),
        Lines(
            "Sharpness from the first crossing", "The sharpening slows down on the way, which the map cannot know.",
            FLOOR, "floor sharpness / threshold", (FIRST,),
        ),
        Lines(
            "Sharpness of the whole run", "On the floor of the valley, cycle after cycle.",
            FLOOR, "floor sharpness / threshold", (DESCENT,), theory=edge, theory_label="the edge",
        ),
        Lines(
            "Crossings", "How often the sharpness on the floor has risen to the edge.",
            CROSSINGS, "crossings", (DESCENT,),
        ),
        Lines("Training loss", "It falls all the while.", Measured("loss"), "loss", (DESCENT,), log_y=True),
    )  # fmt: skip
