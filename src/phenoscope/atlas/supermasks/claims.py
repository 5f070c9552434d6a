"""What is claimed of networks whose weights are chosen, and not trained."""

from phenoscope.atlas.papers import ZHOU
from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    largest,
    last_value,
    peak_place,
)
from phenoscope.comparisons import Comparison, Kept

RAMANUJAN = "Ramanujan et al. 2019, arXiv:1911.13299"

SAME_SIGN, LARGE, LARGE_START, CHANCE = "large final, same sign", "large final", "large start", "chance"
CONSTANT, NORMAL, ALL_KEPT, TRAINED = "chosen signs", "chosen normal weights", "all kept", "trained"
BESIDE, CHANCE_BESIDE = "chosen | trained", "all kept | trained"

KEPT = Setting("kept")
UNTRAINED, SIGNS = last_value(Measured("untrained accuracy")), last_value(Measured("constant accuracy"))
ACCURACY, CHANGED = last_value(Measured("test accuracy")), last_value(Measured("changed weights"))
GAINED = last_value(Measured("accuracy gained"))


def comparisons() -> tuple[Comparison, ...]:
    """The random network beside the trained one; pairs have one seed."""
    return (
        Comparison(BESIDE, (CONSTANT, TRAINED), _gained, ("accuracy gained",)),
        Comparison(CHANCE_BESIDE, (ALL_KEPT, TRAINED), _gained, ("accuracy gained",)),
    )


def claims() -> tuple[Claim, ...]:
    """The claims; of ten classes a tenth is chance."""
    return (
        Claim(
            "weights that end large and keep their sign are right three times as often as chance, untrained",
            ZHOU, largest(UNTRAINED), AtLeast(0.3), region_from="pilot",
            on=SAME_SIGN, over="kept", control=Breaks(CHANCE), name="a-mask-carries-what-was-learned",
        ),
        Claim(
            "so are their signs alone, all weights of a layer being of one size", ZHOU,
            largest(SIGNS), AtLeast(0.3), region_from="pilot",
            on=SAME_SIGN, over="kept", control=Breaks(CHANCE), name="signs-are-enough",
        ),
        Claim(
            "random signs that are chosen by descent come within 3 points of a trained network of half the width",
            RAMANUJAN, largest(GAINED), AtLeast(-0.03), region_from="pilot",
            on=BESIDE, over="kept", control=Breaks(CHANCE_BESIDE), name="chosen-weights-come-near-trained-ones",
        ),
        Claim(
            "they are best with a share of 0.3 to 0.7 of the weights kept", RAMANUJAN,
            peak_place(ACCURACY, KEPT), Between(0.3, 0.7), region_from="pilot",
            on=CONSTANT, over="kept", name="half-is-best",
        ),
        Claim(
            "with all weights kept, nothing has been chosen", "theory: of a random network's answers a tenth is right",
            ACCURACY, AtMost(0.25), region_from="pilot",
            on=ALL_KEPT, name="nothing-chosen-nothing-known",
        ),
        Claim(
            "no weight is other than it was drawn", RAMANUJAN,
            largest(CHANGED), AtMost(0.0), region_from="theory",
            on=CONSTANT, over="kept", name="no-weight-has-changed",
        ),
    )  # fmt: skip


def _gained(chosen: Kept, trained: Kept) -> dict[str, float]:
    """By how much the chosen network is more accurate at its end, on test examples."""
    ends = [float(kept.record.series["test accuracy"].values[-1]) for kept in (chosen, trained)]
    return {"accuracy gained": ends[0] - ends[1]}
