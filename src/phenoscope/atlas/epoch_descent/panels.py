"""What is drawn of the test error along training."""

from phenoscope.atlas.epoch_descent.claims import CLEAN, ERROR, LOSS, MATCHED, NOISY, ONE, PREDICTED, RISK, TWO
from phenoscope.panels import Lines, Panel

TIME = "reading (evenly spaced in the logarithm of time)"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Lines(
            "Two scales", "It falls while the large features are learned, rises while their noise is fitted, and falls "
            "when the small ones come. Dashed: what theory predicts.",
            RISK, "excess risk", (TWO,), theory=PREDICTED, theory_label="predicted", x_label=TIME,
        ),
        Lines(
            "One time for all", "One scale, or rates that make one of two.", RISK, "excess risk", (ONE, MATCHED),
            theory=PREDICTED, theory_label="predicted", x_label=TIME,
        ),
        Lines(
            "Wrong answers of a network", "With wrong labels it is best long before it has fitted them.",
            ERROR, "test error", (NOISY, CLEAN), log_y=True,
        ),
        Lines(
            "Test loss of a network", "It goes on rising where the share of wrong answers stays.",
            LOSS, "test loss (nats)", (NOISY, CLEAN), log_y=True,
        ),
    )  # fmt: skip
