"""What is drawn of spectral bias: how much of each frequency is learned, beside what was foretold."""

from phenoscope.atlas.spectral_bias.claims import FOURIER, LARGE, NARROW, WIDE
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    foretold, measured = (last_value(Measured(f"{what} of 5")) for what in ("foretold half time", "half time"))
    return (
        _part(9, WIDE, "The slowest one: foretold from the architecture, before any network was drawn."),
        _part(5, WIDE, "Of the same networks."),
        _part(3, WIDE, "Of the same networks."),
        _part(9, FOURIER, "The same frequency, learned in a few steps."),
        _part(5, LARGE, "Features move, and the frequency is later than foretold."),
        Scatter(
            "Half times of the fifth frequency", "On the line where they are as foretold.",
            foretold, measured, "foretold, in steps", "measured, in steps", (WIDE, NARROW, LARGE, FOURIER), slope=1.0,
            theory_label="as foretold",
        ),
    )  # fmt: skip


def _part(k: int, arm: str, says: str) -> Lines:
    theory = Measured(f"foretold part of {k}")
    return Lines(f"Frequency {k}, {arm}", says, Measured(f"part of {k}"), "part learned", (arm,), theory=theory,
                 theory_label="foretold")  # fmt: skip
