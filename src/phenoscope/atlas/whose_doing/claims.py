"""What is claimed of whose doing test errors are: shares of their variance over a crossed design."""

from phenoscope.claims import AtLeast, AtMost, Between, Breaks, Claim, Measured, last_value

MINGARD = "Mingard et al. 2020, arXiv:2006.15191"
WILSON = "Wilson et al. 2017, arXiv:1705.08292"
OWN = "a control of this library: no source puts a number to it"

MATCHED, EQUAL_STEPS = "at one training loss", "after equal steps"

TRAINING, DEALT = last_value(Measured("share of training")), last_value(Measured("share of training, dealt out"))
DATA, START = last_value(Measured("share of data")), last_value(Measured("share of initialisation"))
REACHED = last_value(Measured("reached"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "at one training loss rule, rate and batch together make at most 15 % of the variance of test errors",
            f"{MINGARD}, suspected; {OWN}",
            TRAINING, AtMost(0.15), region_from="pilot",
            on=MATCHED, control=Breaks(EQUAL_STEPS), name="the-optimiser-does-little-at-one-loss",
        ),
        Claim(
            "the draw of the data, training and test part, makes at least half of it", OWN,
            DATA, AtLeast(0.5), region_from="pilot",
            on=MATCHED, control=Breaks(EQUAL_STEPS), name="the-data-do-most",
        ),
        Claim(
            "initialisations make at most 15 %", OWN,
            START, AtMost(0.15), region_from="pilot", on=MATCHED, name="the-start-does-little",
        ),
        Claim(
            "after equal steps the optimiser seems to matter: at least 25 %", f"{WILSON}, of rules at their end; {OWN}",
            TRAINING, AtLeast(0.25), region_from="pilot",
            on=EQUAL_STEPS, control=Breaks(MATCHED), name="after-equal-steps-it-seems-to-do-much",
        ),
        Claim(
            "shares are none where the test errors are dealt out anew: within 0.1 of 0",
            "theory: the mean of ε² is 0 for a factor without effect",
            DEALT, Between(-0.1, 0.1), region_from="pilot",
            on=MATCHED, control=Breaks(EQUAL_STEPS, statistic=TRAINING, called="after equal steps, not dealt out"),
            name="dealt-out-errors-have-no-shares",
        ),
        Claim(
            "at least 99 % of the trainings come to the training loss at which they are compared",
            "a precondition: what is not matched cannot be compared",
            REACHED, AtLeast(0.99), region_from="pilot",
            on=MATCHED, control=Breaks(EQUAL_STEPS), name="trainings-are-matched",
        ),
    )  # fmt: skip
