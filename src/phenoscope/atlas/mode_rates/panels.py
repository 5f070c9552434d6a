"""What is drawn of eigenmodes: residuals along training beside those foretold before it."""

from phenoscope.atlas.mode_rates.claims import DEPARTURE, ORDER, RICH, WIDE, WIDTHS
from phenoscope.claims import Measured, Setting, last_value
from phenoscope.methods.function_space import SHOWN
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    told = "As a share of what it was at the start; foretold from the eigenvalue before training began."
    modes = [
        Lines(
            f"Mode {k} of the wide network", told,
            Measured(f"residual of mode {k}"), "residual / that at the start", (WIDE,),
            theory=Measured(f"foretold residual of mode {k}"),
            theory_label="foretold, first seed",
        )
        for k in SHOWN[1:]
    ]  # fmt: skip
    return (
        *modes[:1],
        Scatter(
            "Departure of the rates", "The largest of ten modes, |measured / foretold − 1|, against the width.",
            Setting("width"), last_value(DEPARTURE), "width", "largest departure", (WIDTHS, RICH),
        ),
        *modes[1:],
        Lines(
            "Mode 3 where features move", "It is learned sooner than its eigenvalue at the start foretells.",
            Measured("residual of mode 3"), "residual / that at the start", (RICH,),
            theory=Measured("foretold residual of mode 3"),
            theory_label="foretold, first seed",
        ),
        Scatter(
            "Order", "The rank correlation of measured rates and eigenvalues, against the width.",
            Setting("width"), last_value(ORDER), "width", "Kendall's τ", (WIDTHS, RICH), log="x",
        ),
    )  # fmt: skip
