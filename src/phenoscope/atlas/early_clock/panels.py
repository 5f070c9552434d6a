"""What is drawn of the marks, and of what they are read from."""

from phenoscope.atlas.early_clock.claims import BARRIER, CLOCKS, LEAD, LOSS, MARKS, MIXED, RATIO
from phenoscope.claims import Setting
from phenoscope.panels import Lines, Panel, Scatter

LEAVES = "step at which copies leave"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        _beside("Edge and stable forks", "edge", "stable forks"),
        _beside("Edge and matching tickets", "edge", "matching tickets"),
        _beside("Stable forks and matching tickets", "stable forks", "matching tickets"),
        _beside("Edge and peak", "edge", "peak"),
        _beside("Edge and a plain mark", "edge", "loss of 1.5 nats"),
        Lines("Sharpness against 2/η", "Until the rate is lowered.", RATIO, "sharpness / (2/η)", (CLOCKS,),
              theory=Setting("lr") / Setting("lr"), theory_label="the edge"),
        Lines("Barrier between orders", "The mean over three pairs of copies; below 0.1 they count as stable.",
              BARRIER, "barrier (nats of training loss)", (CLOCKS,), log_y=True, x_label=LEAVES),
        Lines("Tickets", "Above -0.02 they count as matching.", LEAD, "test accuracy over that of dense copies",
              (CLOCKS,), x_label=LEAVES),
        Lines("Shuffled tickets", "As many weights in each layer, at random places.", MIXED,
              "test accuracy over that of dense copies", (CLOCKS,), x_label=LEAVES),
        Lines("Training loss", "Until the rate is lowered.", LOSS, "nats", (CLOCKS,), log_y=True),
    )  # fmt: skip


def _beside(title: str, first: str, second: str) -> Scatter:
    """One mark against another, on a clock that begins at 1; on the line they coincide."""
    return Scatter(
        title, "Where one of them has not come by the end there is no point; the claims count it as later.",
        MARKS[first] + 1, MARKS[second] + 1, f"1 + step: {first}", f"1 + step: {second}", (CLOCKS,), slope=1.0,
        theory_label="one event", by="lr",
    )  # fmt: skip
