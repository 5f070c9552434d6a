"""What is drawn of the parameters that random features make use of."""

from phenoscope.atlas.effective_parameters.claims import ALL, EFFECTIVE, FEATURES, FEW, LOSS, MANY, RIDGE, TRAINING
from phenoscope.panels import Panel, Scatter

COUNT, USED, DISTANCE = "features P", "effective parameters on new inputs", "squared distance from the true class"


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Loss against what is used", "The peak is gone: both sides of the threshold lie along one rising curve.",
            EFFECTIVE, LOSS, USED, DISTANCE, (FEW, MANY, RIDGE),
        ),
        Scatter("Loss against the raw count", "The same models.", FEATURES, LOSS, COUNT, DISTANCE, (FEW, MANY, RIDGE)),
        Scatter(
            "What is used on new inputs", "It grows with the features, and falls again beyond the threshold.",
            FEATURES, EFFECTIVE, COUNT, USED, (ALL, RIDGE),
        ),
        Scatter(
            "What is used in training", "The number of features, and then that of examples.",
            FEATURES, TRAINING, COUNT, "effective parameters in training", (ALL, RIDGE),
        ),
    )  # fmt: skip
