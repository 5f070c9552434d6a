"""What is drawn of descent on products of matrices."""

from phenoscope.atlas.incremental_rank.claims import CORNER, DRIFT, HALF, LARGE, ONE, STARTS, STEPS, THREE, TURNED, TWO
from phenoscope.claims import Measured, Setting
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    modes = tuple(
        Lines(
            f"Mode {mode}", caption, Measured(f"mode {mode}"), "share that is learned", (TWO, LARGE),
            theory=Measured(f"foretold mode {mode}"), theory_label="logistic curve, first seed",
        )
        for mode, caption in (
            (1, "The largest singular value is learned first."),
            (2, "The second one waits until the first is learned, if the start is small."),
            (3, "The third one comes last."),
        )
    )  # fmt: skip
    return (
        Lines(
            "Effective rank", "A small start passes by rank 1 and 2; the noise of the start goes away with the first "
            "mode.",
            Measured("effective rank"), "effective rank", (TWO, THREE, LARGE, ONE),
        ),
        *modes,
        Scatter(
            "The big get bigger", "The second mode when the first has come to a half.",
            Setting("scale"), HALF, "scale of the start", "share of mode 2 that is learned", (STARTS,),
        ),
        Scatter(
            "What gradient flow keeps", "Over one time it drifts in proportion to the step.",
            Setting("rate"), DRIFT, "step size η", "drift of AᵀA − BBᵀ", (STEPS,),
        ),
        Lines(
            "The open entry", "With the wrong sign of the determinant at the start it grows without end.",
            Measured("open entry"), "entry that is not observed", (CORNER, TURNED),
        ),
        Lines(
            "Rank of the corner", "It is the rank that falls.", Measured("effective rank"), "effective rank",
            (CORNER, TURNED),
        ),
    )  # fmt: skip
