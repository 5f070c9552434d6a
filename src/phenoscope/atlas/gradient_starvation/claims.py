"""What is claimed of gradient starvation: how the weak feature's response goes with the strength of the other one."""

from phenoscope.claims import AtLeast, AtMost, Between, Breaks, Claim, Measured, Setting, last_value, log_log_slope

PEZESHKI = "Pezeshki et al. 2020, arXiv:2011.09468"

DECAY, LINEAR_PENALTY = "linear, decay", "linear, logit penalty"
LINEAR_APART, LINEAR_SQUARED = "linear, features apart", "linear, squared error"
DIGITS, DIGITS_PENALTY, DIGITS_APART = "two digits, decay", "two digits, logit penalty", "two digits apart"

STRENGTH, SCAN_STRENGTH = Setting("strength"), Setting("data.source.strength")
WEAK, PREDICTED = last_value(Measured("weak response")), last_value(Measured("predicted weak response"))
AREA = last_value(Measured("test AUC"))
STARVED, STARVED_AREA = log_log_slope(WEAK, STRENGTH), log_log_slope(AREA, SCAN_STRENGTH)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_linear(), *_digits())


def _linear() -> tuple[Claim, ...]:
    """Where the theory is exact."""
    return (
        Claim(
            "the weak feature's response falls with the strength of the other one, by a power of at least 0.2",
            PEZESHKI,
            STARVED, AtMost(-0.2), region_from="pilot",
            on=DECAY, over="strength", control=Breaks(LINEAR_APART), name="a-strong-feature-starves-a-weak-one",
        ),
        Claim(
            "the dual of the loss says how much is left: within 1 %", f"theory: the minimum, as {PEZESHKI} has it",
            WEAK / PREDICTED, Between(0.99, 1.01), region_from="pilot",
            on=DECAY, each="strength", name="the-dual-says-how-much-is-left",
        ),
        Claim(
            "with a penalty on the answers in place of the weights the weak feature does not know of the strong one's "
            "strength", f"{PEZESHKI}; theory: outputs do not change when features are rescaled",
            STARVED, Between(-0.01, 0.01), region_from="pilot",
            on=LINEAR_PENALTY, over="strength", control=Breaks(DECAY), name="a-penalty-on-answers-feeds-it",
        ),
        Claim(
            "it takes a loss that stops giving: with the squared error and the same decay the power is at most 0.2",
            PEZESHKI,
            STARVED, AtLeast(-0.2), region_from="pilot",
            on=LINEAR_SQUARED, over="strength", control=Breaks(DECAY), name="the-squared-error-hardly-starves",
        ),
    )  # fmt: skip


def _digits() -> tuple[Claim, ...]:
    """Networks on images."""
    return (
        Claim(
            "the stronger the first scan, the less is learned of the second one: the area by that alone falls by a "
            "power of at least 0.03 of the strength", PEZESHKI,
            STARVED_AREA, AtMost(-0.03), region_from="pilot",
            on=DIGITS, over="data.source.strength", control=Breaks(DIGITS_APART),
            name="a-strong-scan-starves-the-other",
        ),
        Claim(
            "in networks, too, a penalty on the outputs in place of the weights takes that away: a power of 0.03 at "
            "most",
            PEZESHKI,
            STARVED_AREA, AtLeast(-0.03), region_from="pilot",
            on=DIGITS_PENALTY, over="data.source.strength", control=Breaks(DIGITS),
            name="a-penalty-on-outputs-feeds-networks",
        ),
    )  # fmt: skip
