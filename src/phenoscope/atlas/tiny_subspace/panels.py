"""What is drawn of the gradient in a tiny subspace."""

from phenoscope.atlas.tiny_subspace.claims import (
    BATCH_SHARE,
    BULK,
    CROSS_ENTROPY,
    DOMINANT,
    LOSS,
    ONWARDS,
    OVERLAP,
    RANDOM,
    SGD,
    SHARE,
)
from phenoscope.claims import Measured
from phenoscope.panels import Lines, Panel


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "The loss with a part of the gradient", "Without the dominant part it falls; with that alone it does not.",
            LOSS, "loss", (ONWARDS, BULK, DOMINANT), log_y=True,
        ),
        Lines(
            "The share of the gradient", "In the space of the ten largest curvatures, and in random ones.",
            SHARE, "share of the gradient", (SGD, CROSS_ENTROPY, RANDOM),
        ),
        Lines(
            "The share of mini-batch gradients", "The mean over twenty mini-batches.",
            BATCH_SHARE, "share of the gradient", (SGD, CROSS_ENTROPY, RANDOM),
        ),
        Lines(
            "Spaces 100 steps apart", "After the first hundred steps the space hardly moves.",
            OVERLAP, "overlap", (SGD, CROSS_ENTROPY, RANDOM),
        ),
        Lines(
            "Test accuracy", "What the networks have learned meanwhile.",
            Measured("test accuracy"), "test accuracy", (SGD, ONWARDS, BULK, DOMINANT),
        ),
    )  # fmt: skip
