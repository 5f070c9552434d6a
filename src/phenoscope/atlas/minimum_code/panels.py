"""What is drawn of the code of a minimum: each network once."""

from phenoscope.atlas.minimum_code.claims import (
    ADAPTIVE,
    ERROR,
    FIXED,
    LABELS,
    LR,
    MODELS,
    NOISE,
    RESCALED,
    RESCALED_ADAPTIVE,
)
from phenoscope.panels import Panel, Scatter

BITS, ERROR_LABEL = "bits for the weights", "test error"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Bits and the test error", "One point a model that fits the same labels; colours tell the width.",
            FIXED, ERROR, BITS, ERROR_LABEL, (MODELS,), by="model.width", log=False,
        ),
        Scatter(
            "Bits and the learning rate", "Large rates end where fewer bits are enough.",
            LR, FIXED,
            "learning rate", BITS, (MODELS,), by="model.width",
        ),
        Scatter(
            "Wrong labels", "To fit labels drawn at random takes weights that are said more finely.",
            FIXED, ERROR, BITS, ERROR_LABEL, (LABELS,), by=NOISE, log=False,
        ),
        Scatter(
            "Rescaled layers, a fixed prior", "The same functions: only their code is another.",
            FIXED, RESCALED, "before", "after", (MODELS,), slope=1.0, theory_label="unchanged", by="model.width",
        ),
        Scatter(
            "Rescaled layers, a prior that moves along", "On the line: the copy has the code of its model.",
            ADAPTIVE, RESCALED_ADAPTIVE, "before", "after", (MODELS,), slope=1.0, theory_label="unchanged",
            by="model.width", log=False,
        ),
        Scatter(
            "Two priors", "A fixed prior, and one of each layer's own size: not one order.",
            FIXED, ADAPTIVE, "fixed prior, bits", "each layer's own size, bits", (MODELS,), by="model.width",
            log=False,
        ),
    )  # fmt: skip
