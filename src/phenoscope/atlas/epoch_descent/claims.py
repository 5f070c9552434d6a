"""What is claimed of the test error along training: whether it falls twice, and why."""

from phenoscope.claims import Above, AtLeast, AtMost, Below, Breaks, Claim, Measured, hump_height, last_value, maximum
from phenoscope.claims import minimum as smallest

NAKKIRAN = "Nakkiran et al. 2019, arXiv:1912.02292"
HECKEL = "Heckel and Yilmaz 2020, arXiv:2007.10099"
PEZESHKI = "Pezeshki et al. 2021, arXiv:2112.03215"

TWO, ONE, MATCHED = "two scales", "one scale", "two scales, matched rates"
NOISY, CLEAN = "network, a fifth wrong", "network, all right"

RISK, PREDICTED = Measured("risk"), Measured("predicted risk")
ERROR = 1 - Measured("test accuracy")
LOSS = Measured("test loss", unit="nats")


def claims(best: float) -> tuple[Claim, ...]:
    """The claims.

    Args:
        best: the smallest risk that theory predicts along training with two scales and one rate.
    """
    return (*_linear(best), *_network())


def _linear(best: float) -> tuple[Claim, ...]:
    """A model that can be solved."""
    return (
        Claim(
            "with features of two scales the risk falls, rises by a tenth or more, and falls again", f"{HECKEL}; "
            f"{PEZESHKI}",
            hump_height(RISK), Above(1.1), region_from="pilot", on=TWO, control=Breaks(ONE),
            name="two-scales-two-falls",
        ),
        Claim(
            "where each feature has a rate of its own, so that all take one time, it falls once", HECKEL,
            hump_height(RISK), AtMost(1.1), region_from="pilot", on=MATCHED, control=Breaks(TWO),
            name="matched-rates-one-fall",
        ),
        Claim(
            "and its smallest value is lower than the smallest with one rate for all", HECKEL,
            smallest(RISK), Below(best), region_from="theory", on=MATCHED, control=Breaks(TWO),
            name="matched-rates-are-better",
        ),
        Claim(
            "at no time is the risk more than a tenth above what theory predicts mode by mode", HECKEL,
            maximum(RISK / PREDICTED), AtMost(1.1), region_from="pilot", on=TWO, name="as-predicted-from-above",
        ),
        Claim(
            "nor more than a tenth below", HECKEL,
            smallest(RISK / PREDICTED), AtLeast(0.9), region_from="pilot", on=TWO, name="as-predicted-from-below",
        ),
    )  # fmt: skip


def _network() -> tuple[Claim, ...]:
    """And a network."""
    return (
        Claim(
            "with wrong labels the share of wrong answers of a wide network falls, rises by a tenth or more, and falls "
            "again", NAKKIRAN,
            hump_height(ERROR, window=3), Above(1.1), region_from="pilot", on=NOISY, control=Breaks(CLEAN),
            name="a-network-falls-twice",
        ),
        Claim(
            "with wrong labels it ends at more than 1.3 times its smallest share: stopping early pays", NAKKIRAN,
            last_value(ERROR) / smallest(ERROR), Above(1.3), region_from="pilot", on=NOISY, control=Breaks(CLEAN),
            name="stopping-early-pays",
        ),
    )  # fmt: skip
