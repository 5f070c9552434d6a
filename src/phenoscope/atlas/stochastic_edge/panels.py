"""What is drawn of the stochastic edge."""

from phenoscope.atlas.stochastic_edge.claims import (
    AGAINST,
    BATCH,
    EDGE,
    FULL,
    INDEPENDENT,
    LOSS,
    LR,
    MINI,
    RATIOS,
    SAME,
    SHARPNESS,
    SMALL,
)
from phenoscope.claims import Measured, first_value, late_mean
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Batch sharpness", "Of mini-batches as large as those of the training, over 2/η.",
            AGAINST, "batch sharpness / (2/η)", (MINI,), theory=LR / LR, theory_label="the edge",
        ),
        Lines(
            "Sharpness of the whole loss", "Over 2/η: the smaller the batch, the lower.",
            EDGE, "sharpness / (2/η)", (MINI, FULL), theory=LR / LR, theory_label="the edge",
        ),
        Scatter(
            "Late sharpness against the batch", "The mean over the last third of training, one point a seed and batch.",
            first_value(BATCH * SHARPNESS / SHARPNESS), late_mean(EDGE), "batch", "late sharpness / (2/η)", (MINI,),
        ),
        Scatter(
            "Late batch sharpness against the batch", "At the edge it would be 1 at every batch.",
            first_value(BATCH * SHARPNESS / SHARPNESS), late_mean(AGAINST), "batch", "late batch sharpness / (2/η)",
            (MINI,),
        ),
        Lines(
            "Of independent mini-batches", "The curvature of one along the gradient of another, over batch sharpness.",
            INDEPENDENT / SAME, "independent batches / same batch", (MINI, FULL), theory=LR / LR,
            theory_label="no difference",
        ),
        Lines(
            "Mean of ratios", "Over the ratio of means, which weighs mini-batches by their gradients.",
            RATIOS / SAME, "mean of ratios / ratio of means", (MINI,), theory=LR / LR, theory_label="no difference",
        ),
        Lines("Small step", "Far below its edge.", AGAINST, "batch sharpness / (2/η)", (SMALL,)),
        Lines("Training loss", "On all training data.", LOSS, "loss", (MINI, FULL, SMALL), log_y=True),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", (MINI, FULL),
        ),
    )  # fmt: skip
