"""What is claimed of the parts of a ticket: accuracies after a round's steps, and after four times as many."""

from phenoscope.atlas.accuracies import lead
from phenoscope.atlas.papers import TICKETS as FOUND
from phenoscope.atlas.papers import ZHOU
from phenoscope.claims import Above, AtMost, Breaks, Claim, Measured, last_value
from phenoscope.comparisons import Comparison

SEARCH, TICKET, FRESH = "pruned in rounds", "ticket", "fresh start"
SHUFFLED, ANYWHERE = "shuffled mask", "random mask"
SIGNS, OTHER_SIZES = "signs alone", "signs and other sizes"
RANDOM_SIGNS, CONSTANT, RESHUFFLED = "sizes alone", "places alone", "reshuffled weights"
FROZEN = "others held at their start"

LOSERS = (FRESH, SHUFFLED, ANYWHERE, SIGNS, OTHER_SIZES, RANDOM_SIGNS, CONSTANT, RESHUFFLED, FROZEN)
LEAD, LATE = last_value(Measured("lead")), last_value(Measured("late lead"))
LITTLE = 0.01
"""Of accuracy: as accurate as the ticket, but for this."""


def over(other: str) -> str:
    """The name of the comparison of the ticket with another network."""
    return f"ticket over {other}"


def comparisons() -> tuple[Comparison, ...]:
    """The ticket beside each of the others; a pair has one seed, so its data, its order, and what the parts are of."""
    return tuple(Comparison(over(other), (TICKET, other), lead, ("lead", "late lead")) for other in LOSERS)


def claims() -> tuple[Claim, ...]:
    """The claims: what must not be missing, and what may be."""
    return (*_needed(), *_enough())


def _needed() -> tuple[Claim, ...]:
    """The ticket is ahead of what lacks its start, its places, or its signs."""
    broken = Breaks(over(SIGNS))
    return (
        Claim(
            "the ticket is more accurate than its mask on another initialisation", FOUND,
            LEAD, Above(0), on=over(FRESH), control=broken, name="the-start-is-needed",
        ),
        Claim(
            "it still is after four times the steps", FOUND,
            LATE, Above(0), on=over(FRESH), control=broken, name="and-not-for-speed-alone",
        ),
        Claim(
            "it is more accurate than its start under a mask with as many weights in each layer, elsewhere", FOUND,
            LEAD, Above(0), on=over(SHUFFLED), control=broken, name="the-places-are-needed",
        ),
        Claim(
            "it is more accurate than its places and sizes with random signs", ZHOU,
            LEAD, Above(0), on=over(RANDOM_SIGNS), control=broken, name="the-signs-are-needed",
        ),
        Claim(
            "it is more accurate than with its weights dealt out anew within each layer", ZHOU,
            LEAD, Above(0), on=over(RESHUFFLED), control=broken, name="each-weight-at-its-place",
        ),
        Claim(
            "it is more accurate than with the other weights held where they began, and not at 0", ZHOU,
            LEAD, Above(0), on=over(FROZEN), control=broken, name="zero-is-better-for-the-others",
        ),
    )  # fmt: skip


def _enough() -> tuple[Claim, ...]:
    """Sizes may be missing."""
    broken = Breaks(over(RANDOM_SIGNS))
    return (
        Claim(
            "its places and signs, all weights of a layer being of one size, end at most a point below it", ZHOU,
            LEAD, AtMost(LITTLE), region_from="pilot", on=over(SIGNS), control=broken, name="signs-are-enough",
        ),
        Claim(
            "so do its places and signs with other sizes", ZHOU,
            LEAD, AtMost(LITTLE), region_from="pilot", on=over(OTHER_SIZES), control=broken, name="sizes-do-not-matter",
        ),
    )  # fmt: skip
