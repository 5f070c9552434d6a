"""What is claimed of tickets that are trained on another task, or by another rule, than they were found with."""

from phenoscope.claims import Above, AtLeast, AtMost, Breaks, Claim, Measured, last_value
from phenoscope.comparisons import Comparison, Kept
from phenoscope.record import Record

MORCOS = "Morcos et al. 2019, arXiv:1906.02773"

NATIVE, DENSE = "native ticket", "dense"
CLASSES, RULE, ORDER = "from other classes", "from another rule", "from inputs in another order"
"""Where tickets come from; each is also trained with its mask shuffled."""
ALONE, RATIOS, OTHER_RATIOS = "mask alone", "layer ratios alone", "layer ratios alone, other places"
EARLY = "dense, from other classes"


def shuffled(source: str) -> str:
    """The arm of the same weights under a mask with as many in each layer, elsewhere."""
    return f"{source}, shuffled"


def over_shuffled(source: str) -> str:
    """The comparison of a ticket with that."""
    return f"{source}: over shuffled"


def over_native(source: str) -> str:
    """The comparison of a ticket with the one that was found where it is trained."""
    return f"{source}: over native"


SHUFFLED_OVER_NATIVE = "shuffled over native"
ALONE_OVER_RATIOS, RATIOS_OVER_RATIOS = "mask over ratios", "ratios over ratios"
EARLY_OVER_DENSE = "dense: from other classes over fresh"

LEAD = last_value(Measured("lead"))

TOLERANCE = 0.015
"""As accurate as another: no more than one and a half points below it."""


def comparisons() -> tuple[Comparison, ...]:
    """By seed: networks that are trained on the same examples in the same order."""
    pairs = {over_shuffled(source): (source, shuffled(source)) for source in (CLASSES, RULE, ORDER)}
    pairs |= {over_native(source): (source, NATIVE) for source in (CLASSES, RULE, ORDER)}
    pairs |= {
        SHUFFLED_OVER_NATIVE: (shuffled(CLASSES), NATIVE),
        ALONE_OVER_RATIOS: (ALONE, RATIOS),
        RATIOS_OVER_RATIOS: (OTHER_RATIOS, RATIOS),
        EARLY_OVER_DENSE: (EARLY, DENSE),
    }
    return tuple(Comparison(name, arms, lead, ("lead",)) for name, arms in pairs.items())


def lead(first: Kept, second: Kept) -> dict[str, float]:
    """By how much the first is more accurate on test examples, on average over the last quarter of the steps."""
    return {"lead": late_accuracy(first.record) - late_accuracy(second.record)}


def late_accuracy(record: Record) -> float:
    """Mean test accuracy over the readings in the last quarter of training."""
    accuracy = record.series["test accuracy"]
    return float(accuracy.values[accuracy.steps > 0.75 * accuracy.steps[-1]].mean())


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "a ticket that was found on other classes is more accurate than the same weights under a mask with as many "
            "in each layer, elsewhere", MORCOS,
            LEAD, Above(0), on=over_shuffled(CLASSES), control=Breaks(RATIOS_OVER_RATIOS), name="other-classes-help",
        ),
        Claim(
            "it is as accurate as the ticket of the classes themselves, to one and a half points",
            f"{MORCOS}; the size from a pilot",
            LEAD, AtLeast(-TOLERANCE), region_from="pilot",
            on=over_native(CLASSES), control=Breaks(SHUFFLED_OVER_NATIVE), name="other-classes-are-as-good",
        ),
        Claim(
            "a ticket that was found by momentum is, under Adam, more accurate than with its mask shuffled", MORCOS,
            LEAD, Above(0), on=over_shuffled(RULE), control=Breaks(RATIOS_OVER_RATIOS), name="another-rule-helps",
        ),
        Claim(
            "it is as accurate as the ticket that was found by Adam, to one and a half points",
            f"{MORCOS}; the size from a pilot",
            LEAD, AtLeast(-TOLERANCE), region_from="pilot",
            on=over_native(RULE), control=Breaks(SHUFFLED_OVER_NATIVE), name="another-rule-is-as-good",
        ),
        Claim(
            "the mask alone is what helps: from scratch, too, it is more accurate than as many weights in each layer, "
            "elsewhere", f"{MORCOS}, who transfer masks with their weights",
            LEAD, Above(0), on=ALONE_OVER_RATIOS, control=Breaks(RATIOS_OVER_RATIOS), name="the-mask-alone-helps",
        ),
        Claim(
            "where each input stands is part of it: a ticket found on the inputs in another order is less accurate "
            "than the native one by more than one and a half points", "pilot: a mask says which inputs matter",
            LEAD, AtMost(-TOLERANCE), region_from="pilot",
            on=over_native(ORDER), control=Breaks(over_native(CLASSES)), name="another-order-does-not",
        ),
        Claim(
            "it is not the early training: a dense network that begins with the same early weights of the other "
            "classes is at most one and a half points more accurate than one from scratch",
            "pilot: the objection that a little training was transferred, and no mask",
            LEAD, AtMost(TOLERANCE), region_from="pilot",
            on=EARLY_OVER_DENSE, control=Breaks(over_shuffled(CLASSES)), name="early-weights-are-not-it",
        ),
    )  # fmt: skip
