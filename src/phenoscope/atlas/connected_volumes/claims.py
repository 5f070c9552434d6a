"""What is claimed of the volumes between two solutions."""

from phenoscope.claims import AtLeast, AtMost, Below, Breaks, Claim, Measured, last_value

BENTON = "Benton et al. 2021, arXiv:2102.13042"
OPEN = "in dispute; to be run with and without alignment (Benton et al. 2021, arXiv:2102.13042, found it without)"

TRAINED, UNTRAINED, FREE, RANDOM, ALIGNED, REORDERED = (
    "trained points", "points before training", "points without a pull", "points as far in random directions",
    "trained points, aligned first", "trained points, reordered first",
)  # fmt: skip
KINDS = (TRAINED, UNTRAINED, FREE, RANDOM, ALIGNED, REORDERED)

MEAN, LARGEST, ERROR = "mean rise inside", "largest rise inside", "test error inside, above the ends"
APART, FATNESS = "distance of the trained points / that of the solutions", "fatness"
INSIDE, PLAIN = "mean loss inside", "mean loss inside, as they are"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "inside the tetrahedra the loss is on average at most 0.02 nats above the mean of the solutions", BENTON,
            last_value(Measured(MEAN)), AtMost(0.02), region_from="pilot",
            on=TRAINED, control=Breaks(UNTRAINED, by="contradiction"), name="low-inside",
        ),
        Claim(
            "and at none of 800 random points inside more than 0.1 nats above it", BENTON,
            last_value(Measured(LARGEST)), AtMost(0.1), region_from="pilot",
            on=TRAINED, control=Breaks(RANDOM, by="contradiction"), name="low-everywhere-inside",
        ),
        Claim(
            "they are no slivers: the trained points are at least 0.4 times as far from each other as the solutions",
            BENTON,
            last_value(Measured(APART)), AtLeast(0.4), region_from="pilot",
            on=TRAINED, control=Breaks(FREE, by="contradiction"), name="the-points-stand-apart",
        ),
        Claim(
            "the share of wrong answers on test examples is on average at most 2 points above that of the solutions",
            BENTON,
            last_value(Measured(ERROR)), AtMost(0.02), region_from="pilot",
            on=TRAINED, control=Breaks(UNTRAINED, by="contradiction"), name="test-error-stays",
        ),
        Claim(
            "aligned first, they are found, too: the same mean rise of at most 0.02 nats", OPEN,
            last_value(Measured(MEAN)), AtMost(0.02), region_from="pilot",
            on=ALIGNED, control=Breaks(UNTRAINED, by="contradiction"), name="low-inside-when-aligned",
        ),
        Claim(
            "and after as many steps the mean loss inside is lower than without alignment", OPEN,
            last_value(Measured(INSIDE)) / last_value(Measured(PLAIN)), Below(1), region_from="pilot",
            on=ALIGNED, control=Breaks(REORDERED), name="lower-when-aligned",
        ),
    )  # fmt: skip
