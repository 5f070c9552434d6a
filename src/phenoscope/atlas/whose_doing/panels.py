"""What is drawn of whose doing test errors are."""

from phenoscope.atlas.whose_doing.claims import DATA, DEALT, EQUAL_STEPS, MATCHED, START, TRAINING
from phenoscope.claims import Measured, last_value
from phenoscope.panels import Panel, Scatter

BOTH = (MATCHED, EQUAL_STEPS)


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    return (
        Scatter(
            "Data against training",
            "Shares of the variance of test errors: of the draw of the data, and of rule, rate and batch together.",
            TRAINING, DATA, "share of rule, rate and batch", "share of the data", BOTH, log=False,
        ),
        Scatter(
            "Rule against rate", "The two largest parts of the share of training.",
            last_value(Measured("share of rule")), last_value(Measured("share of rate")), "share of the rule",
            "share of the rate", BOTH, log=False,
        ),
        Scatter(
            "By chance", "The share of training after the test errors were dealt out anew among the trainings.",
            TRAINING, DEALT, "share of training", "share after dealing out anew", BOTH, log=False,
        ),
        Scatter(
            "Initialisation and interactions", "What a start makes, and what no single factor explains.",
            START, last_value(Measured("share of rest")), "share of the initialisation", "share of the rest", BOTH,
            log=False,
        ),
        Scatter(
            "Test errors", "Their mean and their standard deviation over all trainings of a design.",
            last_value(Measured("mean test error")), last_value(Measured("spread")), "mean test error",
            "standard deviation", BOTH, log=False,
        ),
    )  # fmt: skip
