"""What is claimed of four marks on one clock: that they are one event, or come and go together."""

from phenoscope.atlas.papers import COHEN, FRANKLE_LINEAR
from phenoscope.claims import (
    Above,
    Between,
    Breaks,
    Claim,
    Measured,
    Statistic,
    first_step,
    highest_step,
    mark_correlation,
    mark_ratio,
    settled_step,
)

CLOCKS = "clocks"
OVER = ("lr", "initialisation")
OPEN = "an open question: said to look like one event"

RATIO, LOSS = Measured("sharpness / threshold"), Measured("loss")
BARRIER, LEAD, MIXED = Measured("barrier"), Measured("ticket lead"), Measured("shuffled lead")

LEVEL, TOLERANCE, LEARNED = 0.1, 0.02, 1.5
"""Below the first there is said to be no barrier, in nats of training loss; to match, in test accuracy; and where the
training loss has fallen to what is no event at all, in nats."""

EDGE, PEAK = first_step(RATIO >= 1), highest_step(RATIO)
STABLE, REWIND = settled_step(BARRIER <= LEVEL), first_step(LEAD >= -TOLERANCE)
PLAIN = first_step(LOSS <= LEARNED)
MARKS = {"edge": EDGE, "peak": PEAK, "stable forks": STABLE, "matching tickets": REWIND, "loss of 1.5 nats": PLAIN}
"""The four marks by name, and one that has nothing to do with them."""

NEAR = Between(0.5, 2.0)


def claims() -> tuple[Claim, ...]:
    """The claims: marks coincide; they go together where only the initialisation differs; and where only the rate."""
    return (*_coincide(), *_together("initialisation"), *_together("lr"))


def _coincide() -> tuple[Claim, ...]:
    """Two marks come at the same time, to a factor of two."""
    pairs = (
        ("the sharpness is highest when it first meets 2/η", COHEN, PEAK, EDGE, "peak-at-the-edge"),
        ("forks become stable when the sharpness meets 2/η", OPEN, STABLE, EDGE, "stable-at-the-edge"),
        ("tickets match from when the sharpness meets 2/η", OPEN, REWIND, EDGE, "tickets-at-the-edge"),
        ("tickets match from when forks become stable", FRANKLE_LINEAR, REWIND, STABLE, "tickets-when-stable"),
    )  # fmt: skip
    return tuple(
        Claim(
            f"{says}, to a factor of two", source, mark_ratio(one, other), NEAR, region_from="pilot",
            on=CLOCKS, over=OVER, name=name,
            control=Breaks(CLOCKS, statistic=mark_ratio(one, PLAIN), called="against when the loss is 1.5 nats"),
        )
        for says, source, one, other, name in pairs
    )  # fmt: skip


def _together(within: str) -> tuple[Claim, ...]:
    """Where one mark is late, so is the other, among networks that differ in one setting alone."""
    differ = {"initialisation": "at one rate", "lr": "of one initialisation"}[within]
    pairs = (
        ("the edge", EDGE, "stable forks", STABLE, "edge-and-stable"),
        ("the edge", EDGE, "matching tickets", REWIND, "edge-and-tickets"),
        ("stable forks", STABLE, "matching tickets", REWIND, "stable-and-tickets"),
    )
    return tuple(
        Claim(
            f"among networks {differ}, the later {first}, the later {second}", OPEN,
            mark_correlation(one, other, within=within), Above(0), on=CLOCKS, over=OVER,
            name=f"{name}-within-{'rates' if within == 'initialisation' else 'starts'}",
            control=_control(one, other, within),
        )
        for first, one, second, other, name in pairs
    )  # fmt: skip


def _control(one: Statistic, other: Statistic, within: str) -> Breaks:
    """Chance; over rates, a mark that has nothing to do with it, and moves with the rate all the same."""
    if within == "initialisation":
        return Breaks(
            CLOCKS, statistic=mark_correlation(one, other, within=within, shuffled=True), called="dealt out anew"
        )
    plain = mark_correlation(PLAIN, other, within=within)
    return Breaks(CLOCKS, statistic=plain, called="when the loss is 1.5 nats, in place of the first")
