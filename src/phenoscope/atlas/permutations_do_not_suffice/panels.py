"""What is drawn of solutions that no order brings together."""

from phenoscope.atlas.permutations_do_not_suffice.claims import BUILT, HIDDEN, MORE, MORE_SAME, SMALLEST
from phenoscope.panels import Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "The smallest barrier", "Over all orders of the units and all scales found; with two units it is at least "
            "1/4.", HIDDEN, SMALLEST, "hidden units", "barrier (mean square error)", (MORE,),
        ),
        Scatter(
            "As built", "The barrier before any order or scale is changed.",
            HIDDEN, BUILT, "hidden units", "barrier (mean square error)", (MORE, MORE_SAME), log=False,
        ),
        Scatter(
            "What order and scales remove", "Solutions by one feature come together; solutions by two do not.",
            BUILT, SMALLEST, "as built", "smallest", (MORE, MORE_SAME), slope=1.0, theory_label="nothing removed",
            log=False,
        ),
    )  # fmt: skip
