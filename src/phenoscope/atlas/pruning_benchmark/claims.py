"""What is claimed of published scores beside magnitude and chance: gains in accuracy, as means over all densities."""

from phenoscope.atlas.accuracies import late_accuracy
from phenoscope.claims import Above, AtMost, Breaks, Claim, Measured, average, last_value
from phenoscope.comparisons import Comparison, Kept
from phenoscope.instruments import Pruner

BLALOCK = "Blalock et al. 2020, arXiv:2003.03033"
FRANKLE = "Frankle et al. 2020, arXiv:2009.08576"

DENSE = "dense"
BEFORE, AFTER = "before training", "after training"
MATCHED = ", its layers' shares"
CHANCE, SPREAD, MAGNITUDE, LAYERWISE = "chance", "chance, random graph", "magnitude", "magnitude in each layer"

BASELINES: dict[str, tuple[Pruner, str]] = {
    CHANCE: (Pruner("random", scope="uniform"), "the same share of every layer, by chance"),
    SPREAD: (Pruner("random", scope="erdos_renyi"), "by chance, with the layers' shares of a random graph"),
    MAGNITUDE: (Pruner("magnitude"), "the largest weights of all"),
    LAYERWISE: (Pruner("magnitude", scope="uniform"), "the largest weights of each layer, the same share of every one"),
}
"""What a new score must beat, and in words."""
PUBLISHED = {"SNIP": "snip", "GraSP": "grasp", "SynFlow": "synflow", "path norm": "path_norm"}
"""The published scores, and their names in the registry."""
STANDARD = {BEFORE: SPREAD, AFTER: MAGNITUDE}
"""The baseline that gains are counted from, chosen in a pilot: the best of the four."""

GAIN = average(last_value(Measured("gain")))
LITTLE = 0.01
"""Of accuracy: a gain that has vanished, but for this."""


def arm_name(when: str, name: str) -> str:
    """The name of an arm."""
    return f"{name} {when}"


def over(when: str, one: str, other: str) -> str:
    """The name of the comparison of two ways to prune."""
    return f"{one} over {other}, {when}"


def comparisons() -> tuple[Comparison, ...]:
    """Each score beside the baselines, and beside its own layers' shares; pairs have one seed and one density."""
    found = [(when, name, STANDARD[when]) for when in (BEFORE, AFTER) for name in (*PUBLISHED, *BASELINES)]
    found += [(BEFORE, name, name + MATCHED) for name in PUBLISHED] + [(AFTER, MAGNITUDE, CHANCE)]
    return tuple(
        Comparison(over(*three), (arm_name(three[0], three[1]), arm_name(three[0], three[2])), gained, ("gain",))
        for three in found
        if three[1] != three[2]
    )


def gained(one: Kept, other: Kept) -> dict[str, float]:
    """By how much the first is more accurate on test examples, over the last quarter of training."""
    return {"gain": late_accuracy(one) - late_accuracy(other)}


def claims() -> tuple[Claim, ...]:
    """The claims: published gains vanish beside a fair baseline, and beside chance in the right layers."""
    return (*_vanishing(), *_in_layers(), _baseline())


def _vanishing() -> tuple[Claim, ...]:
    """No score is ahead of the baseline."""
    called = {BEFORE: "chance with the layers' shares of a random graph", AFTER: "magnitude"}
    return tuple(
        Claim(
            f"{when}, {name} is ahead of {called[when]} by a point at most", f"{BLALOCK}: most gains vanish",
            GAIN, AtMost(LITTLE), region_from="pilot", over="mask.density",
            on=over(when, name, STANDARD[when]), control=Breaks(over(AFTER, MAGNITUDE, CHANCE), by="contradiction"),
            name=f"{PUBLISHED[name].replace('_', '-')}-gains-nothing-{when.split()[0]}",
        )
        for when in (BEFORE, AFTER) for name in PUBLISHED
    )  # fmt: skip


def _in_layers() -> tuple[Claim, ...]:
    """Chance with a score's own shares of the layers does as well."""
    return tuple(
        Claim(
            f"before training, {name} is ahead of chance with as many weights in each layer by a point at most",
            FRANKLE, GAIN, AtMost(LITTLE), region_from="pilot", over="mask.density",
            on=over(BEFORE, name, name + MATCHED),
            control=Breaks(over(AFTER, MAGNITUDE, CHANCE), by="contradiction"),
            name=f"{PUBLISHED[name].replace('_', '-')}-finds-layers-only",
        )
        for name in PUBLISHED
    )  # fmt: skip


def _baseline() -> Claim:
    return Claim(
        "after training, magnitude is ahead of chance", BLALOCK,
        GAIN, Above(0), over="mask.density", on=over(AFTER, MAGNITUDE, CHANCE), name="magnitude-beats-chance",
    )  # fmt: skip
