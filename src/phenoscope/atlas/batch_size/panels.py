"""What is drawn of the batch size."""

from phenoscope.atlas.batch_size.claims import BATCH, EPOCHS, LOSS, MEASURES, SCALED, SHARPNESS, STEPS, TEST, TRAIN
from phenoscope.claims import Expression, last_value
from phenoscope.panels import Lines, Panel, Scatter

EVERY = (EPOCHS, SCALED, STEPS)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    names = {"sharpness": "Sharpness", "adaptive": "Adaptive worst case"}
    at_the_end = [
        _against(f"{names[slug]} against the batch", f"At the end: {what}.", measure, what)
        for slug, (what, measure) in MEASURES.items()
    ]
    return (
        *at_the_end,
        _against("Gap against the batch", "Training less test accuracy at the end.", TRAIN - TEST, "gap", log=False),
        _against("Training loss against the batch", "How far each has come at the end.", LOSS, "training loss"),
        Lines("Sharpness along training", "With as many epochs.", SHARPNESS, "sharpness", (EPOCHS,), log_y=True),
        Lines("Test accuracy", "With as many epochs.", TEST, "test accuracy", (EPOCHS,)),
    )


def _against(title: str, caption: str, y: Expression, label: str, *, log: bool = True) -> Scatter:
    return Scatter(title, caption, last_value(BATCH * LOSS / LOSS), last_value(y), "batch", label, EVERY, log=log)
