"""What is drawn of diffusion between minima."""

from phenoscope.atlas.sgd_diffusion.claims import (
    BY_BOLTZMANN,
    BY_THEORY,
    EQUAL,
    EXACT_FLAT,
    EXACT_SHARP,
    INVERSE,
    ISOTROPIC,
    ISOTROPIC_2D,
    LEFT_FLAT,
    LEFT_SHARP,
    SHAPED,
    SHAPED_2D,
    SHARE,
)
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter

LINE = (ISOTROPIC, SHAPED, EQUAL)
EVERY = (*LINE, ISOTROPIC_2D, SHAPED_2D)
HEIGHT = "barrier over temperature"
LOG_TIME = "log of the time to leave it"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    kramers = last_value(Measured("kramers log escape time flat"))
    return (
        Scatter(
            "Time in the flat well", "One point a seed and temperature; of equal wells it is half.",
            INVERSE, SHARE, HEIGHT, "share of time in the flat well", EVERY, log=False,
        ),
        Scatter(
            "Leaving the flat well", "With isotropic noise the slope is 1; shaped noise is weak here.",
            INVERSE, LEFT_FLAT, HEIGHT, LOG_TIME, EVERY, log=False,
        ),
        Scatter(
            "Leaving the sharp well", "Shaped noise is strong here, and the slope about a half.",
            INVERSE, LEFT_SHARP, HEIGHT, LOG_TIME, EVERY, log=False,
        ),
        Scatter(
            "Simulated and exact times, flat well", "Against the diffusion's first-passage time, by quadrature.",
            EXACT_FLAT, LEFT_FLAT, "exact log of the time", "simulated", LINE, slope=1.0, theory_label="equal",
            log=False,
        ),
        Scatter(
            "Simulated and exact times, sharp well", "The same of the sharp well.",
            EXACT_SHARP, LEFT_SHARP, "exact log of the time", "simulated", LINE, slope=1.0, theory_label="equal",
            log=False,
        ),
        Scatter(
            "Kramers' formula", "It is for high barriers: the exact time comes near it from above.",
            kramers, EXACT_FLAT, "log of the time by Kramers' formula", "exact", (ISOTROPIC, EQUAL), slope=1.0,
            theory_label="equal", log=False,
        ),
        Scatter(
            "Simulated and exact shares", "On the line, whatever the shape of the noise.",
            BY_THEORY, SHARE, "exact share of the flat well", "simulated", LINE, slope=1.0, theory_label="equal",
            log=False,
        ),
        Scatter(
            "Boltzmann's weights", "They hold for isotropic noise alone, in the plane as on the line.",
            BY_BOLTZMANN, SHARE, "Boltzmann's share of the flat well", "simulated", EVERY, slope=1.0,
            theory_label="equal", log=False,
        ),
    )  # fmt: skip
