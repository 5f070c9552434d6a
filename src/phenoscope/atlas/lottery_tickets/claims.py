"""What is claimed of tickets: against the dense network, and against what has only their mask, or only their start."""

import numpy as np

from phenoscope.atlas.papers import TICKETS as FOUND
from phenoscope.claims import Above, AtMost, Between, Breaks, Claim, Measured, Twin, last_value
from phenoscope.comparisons import Comparison, Kept
from phenoscope.record import Record

LIU = "Liu et al. 2018, arXiv:1810.05270"

SEARCH, DENSE, RANDOM = "pruned in rounds", "dense, trained as long", "pruned at random"
TICKET, FRESH, ANOTHER, SHUFFLED = "ticket", "fresh start", "another fresh start", "shuffled mask"
FAST_SEARCH, FAST_TICKET, FAST_FRESH = "pruned in rounds, high rate", "ticket, high rate", "fresh start, high rate"
TICKETS, FRESHES, SHUFFLES = "tickets", "fresh starts", "shuffled masks"

ROUNDS, ROUNDS_AT_RANDOM = "rounds against dense", "random rounds against dense"
OVER_FRESH, OVER_SHUFFLED, OF_TWO = "ticket over fresh", "ticket over shuffled", "fresh over fresh"
FAST = "ticket over fresh, high rate"
ALL_FRESH, ALL_SHUFFLED = "tickets over fresh", "tickets over shuffled"

TOLERANCE = 0.01
"""As accurate as another: no more than one point below it."""

LEAD, LATE, EARLY, DENSITY, MATCHING, OVER_DENSE = (
    last_value(Measured(name))
    for name in ("lead", "late lead", "early lead", "density", "matching density", "best ticket over dense")
)
LEADS, AGAINST = ("lead", "late lead", "early lead", "density"), ("matching density", "best ticket over dense")


def comparisons() -> tuple[Comparison, ...]:
    """By seed, and by the density of the mask: networks that share their data, and a mask or a start."""
    leads = {
        OVER_FRESH: (TICKET, FRESH),
        OVER_SHUFFLED: (TICKET, SHUFFLED),
        OF_TWO: (FRESH, ANOTHER),
        FAST: (FAST_TICKET, FAST_FRESH),
        ALL_FRESH: (TICKETS, FRESHES),
        ALL_SHUFFLED: (TICKETS, SHUFFLES),
    }
    rounds = {ROUNDS: (SEARCH, DENSE), ROUNDS_AT_RANDOM: (RANDOM, DENSE)}
    ahead = tuple(Comparison(name, arms, lead, LEADS) for name, arms in leads.items())
    return ahead + tuple(Comparison(name, arms, against_dense, AGAINST) for name, arms in rounds.items())


def lead(first: Kept, second: Kept) -> dict[str, float]:
    """By how much one is more accurate: after a round's steps, a quarter of them, and four times as many."""
    one, two = (kept.record.series["test accuracy"].values for kept in (first, second))
    ahead = one - two
    return {
        "early lead": ahead[1],
        "lead": ahead[4],
        "late lead": ahead[-1],
        "density": first.record.series["density"].values[-1],
    }


def against_dense(first: Kept, second: Kept) -> dict[str, float]:
    """The least density down to which rounds end as accurate as the first, and how the best of them compares."""
    accuracy, density = at_ends(first.record)
    fine = np.append(accuracy >= accuracy[0] - TOLERANCE, False)
    best = accuracy[1:].max() - second.record.series["test accuracy"].values[-1]
    return {"matching density": density[np.argmin(fine) - 1], "best ticket over dense": best}


def at_ends(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Test accuracy and density at the end of each round."""
    accuracy, density = (record.series[name] for name in ("test accuracy", "density"))
    ends = np.isin(accuracy.steps, density.steps)
    return accuracy.values[ends][1:], density.values[1:]


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "pruned in rounds, networks stay within a point of the dense one's accuracy down to a fifth of the weights",
            FOUND, MATCHING, AtMost(0.2), on=ROUNDS, control=Breaks(ROUNDS_AT_RANDOM), name="sparse-networks-match",
        ),
        Claim(
            "the same mask on another initialisation is less accurate after as many steps", FOUND,
            LEAD, Above(0), on=OVER_FRESH, control=Breaks(OF_TWO), name="the-start-matters",
        ),
        Claim(
            "it is less accurate after four times the steps, too: it does not only learn more slowly", FOUND,
            LATE, Above(0), on=OVER_FRESH, control=Breaks(OF_TWO), name="the-lead-lasts",
        ),
        Claim(
            "the same start under a mask with as many weights in each layer, elsewhere, is less accurate", FOUND,
            LEAD, Above(0), on=OVER_SHUFFLED, control=Breaks(OF_TWO), name="the-places-matter",
        ),
        Claim(
            "at ten times the rate the start is no matter: a ticket leads by a point at most",
            f"{LIU}, for large networks; the size from a pilot",
            LEAD, Between(-0.01, 0.01), region_from="pilot",
            on=FAST, control=Breaks(OVER_FRESH), name="no-lead-at-a-high-rate",
        ),
        Claim(
            "the best of all tickets is less than a point more accurate than the dense network that was trained for "
            "the steps of the whole search", "pilot: what is searched must be paid for",
            OVER_DENSE, AtMost(0.01), region_from="pilot",
            on=ROUNDS, control=Twin(ROUNDS_AT_RANDOM), name="no-gain-at-equal-cost",
        ),
    )  # fmt: skip
