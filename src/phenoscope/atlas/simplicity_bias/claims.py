"""What is claimed of the simplicity bias: areas under the ROC curve after a block was shuffled among test examples."""

from phenoscope.claims import Above, AtLeast, AtMost, Between, Breaks, Claim, Measured, last_value, value_when

SHAH = "Shah et al. 2020, arXiv:2006.07710"
NAKKIRAN = "Nakkiran et al. 2019, arXiv:1905.11604"
OWN = "a control of this library: is it the simple block that counts, or the one that tells more?"

BOTH, ALONE, LINEAR = "both blocks", "hard block alone", "linear, hard block alone"
WIDE, LAZY, IMPERFECT = "ten times as wide", "linearised", "easy block imperfect"
DIGITS, DIGITS_ALONE = "two digits", "two digits, hard one alone"

LOSS, ACCURACY = Measured("loss"), Measured("test accuracy")
EASY_LOST, HARD_LOST = Measured("AUC, first block shuffled"), Measured("AUC, second block shuffled")

CHANCE, WHOLE, HALF_FIT = Between(0.4, 0.6), AtLeast(0.99), 0.3


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_slabs(), *_causes(), *_digits())


def _slabs() -> tuple[Claim, ...]:
    """Which block is used."""
    return (
        Claim(
            "with the easy entry shuffled the classes are told apart no better than by chance: an area of 0.4 to 0.6",
            SHAH,
            last_value(EASY_LOST), CHANCE, region_from="pilot",
            on=BOTH, control=Breaks(ALONE), name="the-easy-block-is-all",
        ),
        Claim(
            "with the hard entry shuffled they are told apart as before: an area of at least 0.99", SHAH,
            last_value(HARD_LOST), WHOLE, region_from="pilot",
            on=BOTH, control=Breaks(ALONE), name="the-hard-block-is-not-used",
        ),
        Claim(
            "the hard entry alone is learned by the same network in as many steps: at least 95 % right on the test",
            SHAH,
            last_value(ACCURACY), AtLeast(0.95), region_from="pilot",
            on=ALONE, control=Breaks(LINEAR), name="the-hard-block-can-be-learned",
        ),
    )  # fmt: skip


def _causes() -> tuple[Claim, ...]:
    """What it takes, and what cures it."""
    return (
        Claim(
            "ten times the width does not help: with the easy entry shuffled, chance", SHAH,
            last_value(EASY_LOST), CHANCE, region_from="pilot",
            on=WIDE, control=Breaks(ALONE), name="width-is-no-cure",
        ),
        Claim(
            "it takes no learning of features: the linearised network, too, is at chance with the easy entry shuffled",
            "theory: in the kernel of the start, too, the threshold is the easiest to learn",
            last_value(EASY_LOST), CHANCE, region_from="pilot",
            on=LAZY, control=Breaks(ALONE), name="the-linearised-network-does-the-same",
        ),
        Claim(
            f"an easy entry that misleads in one example of ten still comes first: when the loss reaches {HALF_FIT}, "
            "it is the one whose shuffling costs more", f"{NAKKIRAN}; {OWN}",
            value_when(HARD_LOST - EASY_LOST, HALF_FIT >= LOSS), Above(0.0), region_from="theory",
            on=IMPERFECT, control=Breaks(ALONE), name="an-imperfect-easy-block-comes-first",
        ),
        Claim(
            "in the end the hard entry has taken its place: with the easy one shuffled the area is at least 0.95", OWN,
            last_value(EASY_LOST), AtLeast(0.95), region_from="pilot",
            on=IMPERFECT, control=Breaks(BOTH), name="an-imperfect-easy-block-is-given-up",
        ),
    )  # fmt: skip


def _digits() -> tuple[Claim, ...]:
    """The same on images."""
    return (
        Claim(
            "of two digits, too, the easier one counts more: an area of at most 0.75 with that shuffled", SHAH,
            last_value(EASY_LOST), AtMost(0.75), region_from="pilot",
            on=DIGITS, control=Breaks(DIGITS_ALONE), name="the-easier-digit-counts",
        ),
        Claim(
            "and the harder one is not needed: an area of at least 0.99 with that shuffled", SHAH,
            last_value(HARD_LOST), WHOLE, region_from="pilot",
            on=DIGITS, control=Breaks(DIGITS_ALONE), name="the-harder-digit-is-not-needed",
        ),
    )  # fmt: skip
