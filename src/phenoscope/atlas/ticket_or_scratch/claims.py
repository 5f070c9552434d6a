"""What is claimed of tickets against their masks on other starts: in small networks and in large ones, at two costs."""

from phenoscope.atlas.papers import TICKETS as FOUND
from phenoscope.claims import (
    Above,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    rank_correlation,
)
from phenoscope.comparisons import Comparison, Kept

LIU, STABILIZING = "Liu et al. 2018, arXiv:1810.05270", "Frankle et al. 2019, arXiv:1903.01611"

SMALL, LARGE, FAST = "small", "large", "small, high rate"
"""Corners of the grid: a narrow network at the low rate, a wide one at the high rate, and the narrow one there."""
SEARCHES, TICKETS, SCRATCHES = "searches", "tickets", "scratches"
GRID = "tickets over scratches"

MARGIN = 0.015
"""As accurate as another: no more than one and a half points apart."""

LEAD, WHOLE = last_value(Measured("lead")), last_value(Measured("lead over the whole budget"))
WIDTH, RATE = Setting("model.width"), Setting("lr")
SWEPT = ("model.width", "lr")


def ticket(corner: str) -> str:
    """The arm of tickets from the start, as are the following ones of others."""
    return f"{corner}: ticket"


def rewound(corner: str) -> str:
    return f"{corner}: early ticket"


def scratch(corner: str) -> str:
    return f"{corner}: scratch"


def another(corner: str) -> str:
    return f"{corner}: another scratch"


def shuffled(corner: str) -> str:
    return f"{corner}: scratch, shuffled mask"


def under_rewound(corner: str) -> str:
    return f"{corner}: scratch, early mask"


def strong(corner: str) -> str:
    """The comparison behind the claim that tickets are there at the start; the others, that they are there early,
    that the mask alone is one, and that nothing is the matter.
    """
    return f"{corner}: ticket over scratch"


def weak(corner: str) -> str:
    return f"{corner}: early ticket over scratch"


def mask_only(corner: str) -> str:
    return f"{corner}: mask over shuffled mask"


def of_two(corner: str) -> str:
    return f"{corner}: scratch over scratch"


def comparisons() -> tuple[Comparison, ...]:
    """By seed, and by width and rate: networks that share their data and its order."""
    pairs = {GRID: (TICKETS, SCRATCHES), strong(FAST): (ticket(FAST), scratch(FAST))}
    for corner in (SMALL, LARGE):
        pairs |= {
            strong(corner): (ticket(corner), scratch(corner)),
            weak(corner): (rewound(corner), under_rewound(corner)),
            mask_only(corner): (another(corner), shuffled(corner)),
            of_two(corner): (another(corner), scratch(corner)),
        }
    return tuple(Comparison(name, arms, lead, ("lead", "lead over the whole budget")) for name, arms in pairs.items())


def lead(first: Kept, second: Kept) -> dict[str, float]:
    """By how much the first is more accurate at its end than the second after as many steps, and at the second's end.

    Each accuracy is the mean over readings in the last quarter of the first one's steps.
    """
    one, two = (kept.record.series["test accuracy"] for kept in (first, second))
    steps = one.steps[-1]
    late = one.steps > 0.75 * steps
    same, end = (two.steps > 0.75 * steps) & (two.steps <= steps), two.steps > two.steps[-1] - 0.25 * steps
    reached = one.values[late].mean()
    return {"lead": reached - two.values[same].mean(), "lead over the whole budget": reached - two.values[end].mean()}


def claims() -> tuple[Claim, ...]:
    """The claims: the three kinds of ticket at both corners, what the cost is, and what width and rate do."""
    return (*_at(SMALL), *_at(LARGE), *_sceptical())


def _at(corner: str) -> tuple[Claim, ...]:
    network = {SMALL: "a narrow network at the low rate", LARGE: "a wide network at the high rate"}[corner]
    start = Claim(
        f"of {network} the ticket, from its first values, is more accurate than its mask from scratch", FOUND,
        LEAD, Above(0), on=strong(SMALL), control=Breaks(of_two(SMALL)), name="ticket-at-the-start-of-the-small",
    ) if corner == SMALL else Claim(
        f"of {network} the ticket, from its first values, is as accurate as its mask from scratch, to one and a half "
        "points", f"{LIU}, for large networks; the size from a pilot",
        LEAD, Between(-MARGIN, MARGIN), region_from="pilot",
        on=strong(LARGE), control=Breaks(strong(SMALL)), name="no-ticket-at-the-start-of-the-large",
    )  # fmt: skip
    return (
        start,
        Claim(
            f"of {network} the ticket with weights of an early step is more accurate than its mask from scratch",
            STABILIZING, LEAD, Above(0),
            on=weak(corner), control=Breaks(of_two(corner)), name=f"ticket-early-in-the-{corner}",
        ),
        Claim(
            f"of {network} the mask alone, from scratch, is more accurate than one with as many weights in each layer, "
            "elsewhere", FOUND, LEAD, Above(0),
            on=mask_only(corner), control=Breaks(of_two(corner)), name=f"mask-alone-of-the-{corner}",
        ),
    )  # fmt: skip


def _sceptical() -> tuple[Claim, ...]:
    cost = "given the steps of the whole search, the mask from scratch is as accurate as the ticket, to one and a half"
    return (
        *(
            Claim(
                f"{cost} points, in a narrow network at the {rate} rate: what is searched must be paid for",
                f"{LIU}; the size from a pilot",
                WHOLE, AtMost(MARGIN), region_from="pilot",
                on=strong(corner), name=f"no-lead-at-equal-cost-{rate}-rate",
                control=Breaks(strong(corner), statistic=LEAD, called="after as many steps"),
            )
            for corner, rate in ((SMALL, "low"), (FAST, "high"))
        ),
        *(
            Claim(
                f"the lead of tickets over scratch falls with the {name}", LIU,
                rank_correlation(LEAD, setting, within=swept), Below(0),
                on=GRID, over=SWEPT, name=f"lead-falls-with-the-{name}",
                control=Breaks(GRID, statistic=rank_correlation(LEAD, setting, within=swept, shuffled=True),
                               called="leads dealt out anew"),
            )
            for name, setting, swept in (("width", WIDTH, "model.width"), ("rate", RATE, "lr"))
        ),
    )  # fmt: skip
