"""What is claimed of gradient-free search: differences in test accuracy at one training loss, paired by seed."""

from phenoscope.claims import AtLeast, Below, Between, Breaks, Claim, Measured, Setting, last_value, slope
from phenoscope.comparisons import Kept

CHIANG = "Chiang et al. 2023, ICLR"
MINGARD = "Mingard et al. 2020, arXiv:2006.15191"

GUESSED, GRADIENT, FAR = "guess and check", "gradient descent", "descent further down"
RANDOM_STEPS, PATTERN = "random steps", "pattern search"
LEVELS, UNFITTED = "guess and check, several losses", "unfitted"

GUESS_LESS_DESCENT, STEPS_LESS_DESCENT, PATTERN_LESS_DESCENT, UNMATCHED = (
    "guessed less descended", "random steps less descended", "pattern less descended", "guessed less further down",
)  # fmt: skip
DIFFERENCES = {
    GUESS_LESS_DESCENT: (GUESSED, GRADIENT),
    STEPS_LESS_DESCENT: (RANDOM_STEPS, GRADIENT),
    PATTERN_LESS_DESCENT: (PATTERN, GRADIENT),
    UNMATCHED: (GUESSED, FAR),
}

TEST, MARGIN, LEVEL = Measured("test accuracy"), Measured("margin"), Setting("level")
DIFFERENCE, MARGINS = last_value(Measured("accuracy difference")), last_value(Measured("margin ratio"))
ALIKE = Between(-0.05, 0.05)


def difference(first: Kept, second: Kept) -> dict[str, float]:
    """The test accuracy of the first less that of the second, and the margin of the first over that of the second."""
    accuracies = [last_value(TEST).of(kept.record).value for kept in (first, second)]
    margins = [last_value(MARGIN).of(kept.record).value for kept in (first, second)]
    return {"accuracy difference": accuracies[0] - accuracies[1], "margin ratio": margins[0] / margins[1]}


def claims() -> tuple[Claim, ...]:
    """The claims."""

    def alike(who: str, comparison: str, name: str) -> Claim:
        return Claim(
            f"{who} are as often right on the test as those of gradient descent at the same training loss: within 0.05",
            CHIANG, DIFFERENCE, ALIKE, region_from="pilot",
            on=comparison, control=Breaks(UNMATCHED), name=name,
        )  # fmt: skip

    return (
        Claim(
            "networks that were guessed until they fit generalise: at least 65 % are right on the test",
            f"{CHIANG}; {MINGARD}",
            last_value(TEST), AtLeast(0.65), region_from="pilot",
            on=GUESSED, control=Breaks(UNFITTED), name="guessed-networks-generalise",
        ),
        alike("networks that were guessed", GUESS_LESS_DESCENT, "guessing-is-as-good-as-descent"),
        alike("networks that blind steps found", STEPS_LESS_DESCENT, "random-steps-are-as-good-as-descent"),
        alike("networks that a pattern search found", PATTERN_LESS_DESCENT, "pattern-search-is-as-good-as-descent"),
        Claim(
            "at the same loss the margins are alike, too: within a factor of 2 for guessing",
            "a control of this library: is the loss all that has to be matched?",
            MARGINS, Between(0.5, 2.0), region_from="pilot",
            on=GUESS_LESS_DESCENT, control=Breaks(UNMATCHED), name="margins-match-where-losses-do",
        ),
        Claim(
            "it is the loss that counts: the lower it is, the better do guessed networks generalise", CHIANG,
            slope(last_value(TEST), LEVEL), Below(0.0),
            on=LEVELS, over="level", name="a-lower-loss-generalises-better",
        ),
    )  # fmt: skip
