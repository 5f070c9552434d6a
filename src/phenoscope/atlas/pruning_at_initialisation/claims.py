"""What is claimed of masks found before training, and of what they carry."""

from phenoscope.atlas.accuracies import lost
from phenoscope.atlas.papers import TICKETS
from phenoscope.claims import Above, AtMost, Breaks, Claim, Measured, last_value
from phenoscope.comparisons import Comparison

FRANKLE = "Frankle et al. 2020, arXiv:2009.08576"
SU = "Su et al. 2020, arXiv:2009.11094"

SHUFFLED, OTHER, LABELS = "shuffled", "other weights", "random labels"
_CHECKS = {
    "as is": "the mask as it is",
    SHUFFLED: "each layer's places dealt out anew",
    OTHER: "a mask found for other weights",
}
SCORES = {
    "snip": {**_CHECKS, LABELS: "a mask found on random labels"},
    "grasp": {**_CHECKS, LABELS: "a mask found on random labels"},
    "synflow": _CHECKS,
}
"""The scores, and what is asked of their masks."""
CALLED = {"snip": "SNIP", "grasp": "GraSP", "synflow": "SynFlow"}

CHANCE, AFTER = "random", "after training"
AFTER_SHUFFLED, AFTER_OTHER = "after training, shuffled", "after training, other weights"
LOST = Measured("accuracy lost")
LITTLE = 0.03
"""Of accuracy: about one standard deviation between seeds."""


def tested(score: str, check: str) -> str:
    """The name of an arm."""
    return CALLED[score] if check == "as is" else f"{CALLED[score]}, {check}"


def comparisons() -> tuple[Comparison, ...]:
    """Each mask as it is beside its checks, and beside that found after training; pairs have one seed."""
    own = [(tested(score, "as is"), tested(score, check)) for score in SCORES for check in SCORES[score]]
    own = [pair for pair in own if pair[0] != pair[1]] + [(AFTER, AFTER_SHUFFLED), (AFTER, AFTER_OTHER)]
    below = [(AFTER, tested(score, "as is")) for score in SCORES] + [(tested("snip", "as is"), CHANCE)]
    return tuple(Comparison(_beside(*pair), pair, lost, ("accuracy lost",)) for pair in own + below)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_before(), *_after())


def _before() -> tuple[Claim, ...]:
    """Nothing is lost by the checks."""
    says = {
        SHUFFLED: "lose little accuracy when each layer's places are dealt out anew",
        OTHER: "lose little on weights that they were not found for",
        LABELS: "lose little when they are found on random labels",
    }
    broken = Breaks(_beside(AFTER, AFTER_SHUFFLED))
    return tuple(
        Claim(
            f"masks of {CALLED[score]} {says[check]}: at most 3 points", f"{FRANKLE}; {SU}",
            last_value(LOST), AtMost(LITTLE), region_from="pilot",
            on=_beside(tested(score, "as is"), tested(score, check)), control=broken,
            name=f"{score}-does-not-need-{check.replace(' ', '-')}",
        )
        for score, checks in SCORES.items() for check in checks if check != "as is"
    )  # fmt: skip


def _after() -> tuple[Claim, ...]:
    """Masks from training lose by the checks, and nothing found before training comes up to them."""
    return (
        Claim(
            "masks found by training lose accuracy when each layer's places are dealt out anew", FRANKLE,
            last_value(LOST), Above(0.0), region_from="source",
            on=_beside(AFTER, AFTER_SHUFFLED), name="training-finds-places",
        ),
        Claim(
            "and on weights that they were not found for", TICKETS,
            last_value(LOST), Above(0.0), region_from="source",
            on=_beside(AFTER, AFTER_OTHER), name="training-finds-them-for-its-weights",
        ),
        *(
            Claim(
                f"{CALLED[score]} stays below masks found by training", FRANKLE,
                last_value(LOST), Above(0.0), region_from="source",
                on=_beside(AFTER, tested(score, "as is")), name=f"{score}-misses-the-mark",
            )
            for score in SCORES
        ),
        Claim(
            "SNIP is ahead of chance with the layers' shares of a random graph by at most 3 points", SU,
            last_value(LOST), AtMost(LITTLE), region_from="pilot",
            on=_beside(tested("snip", "as is"), CHANCE), control=Breaks(_beside(AFTER, AFTER_SHUFFLED)),
            name="chance-with-the-right-shares-does-as-well",
        ),
    )  # fmt: skip


def _beside(one: str, other: str) -> str:
    return f"{one} | {other}"
