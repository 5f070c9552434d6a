"""What is claimed of retraining: accuracies at the end of the last round, after equally many steps."""

from phenoscope.atlas.papers import RENDA
from phenoscope.claims import Above, AtLeast, Between, Breaks, Claim, Measured, last_value
from phenoscope.comparisons import Comparison, Kept

REPLAY, REWIND, FINE = "rates repeated", "weights rewound", "fine-tuned"
CONSTANT, DENSE = "constant rate", "dense"

REPLAY_OVER_FINE, REWIND_OVER_FINE = "repeated over fine-tuned", "rewound over fine-tuned"
REPLAY_OVER_REWIND, REPLAY_OVER_CONSTANT = "repeated over rewound", "repeated over constant"
FINE_OVER_REWIND, FINE_OVER_CONSTANT = "fine-tuned over rewound", "fine-tuned over constant"

LEAD, MILD = last_value(Measured("lead")), last_value(Measured("mild lead"))
AT_HALF = "after the first round, with half of the weights"


def comparisons() -> tuple[Comparison, ...]:
    """By seed: one data set, one initialisation, one order, and one dense training."""
    pairs = {
        REPLAY_OVER_FINE: (REPLAY, FINE),
        REWIND_OVER_FINE: (REWIND, FINE),
        REPLAY_OVER_REWIND: (REPLAY, REWIND),
        REPLAY_OVER_CONSTANT: (REPLAY, CONSTANT),
        FINE_OVER_REWIND: (FINE, REWIND),
        FINE_OVER_CONSTANT: (FINE, CONSTANT),
    }
    return tuple(Comparison(name, arms, ahead, ("lead", "mild lead")) for name, arms in pairs.items())


def ahead(first: Kept, second: Kept) -> dict[str, float]:
    """The lead in test accuracy after the last round, and after the first one with fewer weights."""
    one, two = (kept.record.series["test accuracy"] for kept in (first, second))
    settings = first.record.settings
    mild = one.steps == settings["pruning.first"] + settings["pruning.length"]
    lead = one.values - two.values
    return {"lead": lead[-1], "mild lead": lead[mild][0]}


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "to repeat the rates on the trained weights ends more accurate than to fine-tune them at the last rate",
            RENDA, LEAD, Above(0),
            on=REPLAY_OVER_FINE, control=Breaks(REPLAY_OVER_FINE, statistic=MILD, called=AT_HALF),
            name="repeating-beats-fine-tuning",
        ),
        Claim(
            "to go back to early weights ends more accurate than to fine-tune", RENDA,
            LEAD, Above(0),
            on=REWIND_OVER_FINE, control=Breaks(REWIND_OVER_FINE, statistic=MILD, called=AT_HALF),
            name="rewinding-beats-fine-tuning",
        ),
        Claim(
            "to repeat the rates alone is at least as good as to go back to early weights, to a point", RENDA,
            LEAD, AtLeast(-0.01),
            on=REPLAY_OVER_REWIND, control=Breaks(FINE_OVER_REWIND), region_from="pilot", name="the-rates-are-enough",
        ),
        Claim(
            "it is no matter that the rates fall: a constant rate, chosen well, ends within a point",
            "pilot: the objection that a larger rate is all there is to it",
            LEAD, Between(-0.01, 0.01), region_from="pilot",
            on=REPLAY_OVER_CONSTANT, control=Breaks(FINE_OVER_CONSTANT), name="a-constant-rate-does",
        ),
    )  # fmt: skip
