"""What is claimed of early birds: when the choice of channels comes to rest, what it is worth, and what it is not."""

import torch

from phenoscope.claims import Above, AtLeast, AtMost, Breaks, Claim, Measured, Setting, Twin, first_step, last_value
from phenoscope.comparisons import Comparison, Kept
from phenoscope.instruments import early_bird, largest_gains
from phenoscope.training import channel_layout

YOU = "You et al. 2019, arXiv:1909.11957"

TRAINED, SLOW = "trained", "tiny rate"
EARLY, EARLY_AGAIN, RANDOM, LATE = "early bird", "early bird, another order", "random channels", "drawn at the end"
SLOW_BIRD = "drawn at the tiny rate"

MASKS = "early and last masks"
OVER_LATE, RANDOM_OVER_LATE = "early bird over late", "random over late"
OVER_RANDOM, OVER_AGAIN = "early bird over random", "early bird over early bird"
OVER_SLOW = "early bird over tiny rate"

BIRD = "early bird"
"""The mark at which the ticket is drawn."""
BELOW, SPARSITY = 0.1, 0.5
"""The distance below which masks agree, and the share of channels that goes."""
TOLERANCE = 0.015
"""As accurate as another: no more than one and a half points below it."""

DISTANCE, RELATIVE = Measured("channel mask distance"), Measured("channel mask distance / random")
LEAST = Measured("least layer share")
WHEN = first_step(DISTANCE <= BELOW) / Setting("steps")
LEAD = last_value(Measured("lead"))
APART, APART_SLOW = last_value(Measured("distance to the last mask")), last_value(Measured("distance at a tiny rate"))


def comparisons() -> tuple[Comparison, ...]:
    """By seed: masks of one initialisation, and networks that are trained from its values."""
    pairs = {
        OVER_LATE: (EARLY, LATE),
        RANDOM_OVER_LATE: (RANDOM, LATE),
        OVER_RANDOM: (EARLY, RANDOM),
        OVER_SLOW: (EARLY, SLOW_BIRD),
        OVER_AGAIN: (EARLY, EARLY_AGAIN),
    }
    masks = Comparison(MASKS, (TRAINED, SLOW), to_the_last, ("distance to the last mask", "distance at a tiny rate"))
    return masks, *(Comparison(name, arms, lead, ("lead",)) for name, arms in pairs.items())


def to_the_last(trained: Kept, slow: Kept) -> dict[str, float]:
    """How far the masks that both draw are from the one at the end of the first, in units of random masks."""
    places, names = channel_layout(trained.objective().model)

    def mask(point: torch.Tensor) -> dict[str, torch.Tensor]:
        values = places.unravel(point)
        return dict(largest_gains({name: values[name] for name in names}, SPARSITY))

    last = mask(trained["final"])
    one, two = (early_bird([mask(kept[BIRD]), last], window=2).relative for kept in (trained, slow))
    return {"distance to the last mask": one, "distance at a tiny rate": two}


def lead(first: Kept, second: Kept) -> dict[str, float]:
    """By how much the first is more accurate on test examples, on average over the last quarter of the steps."""
    one, two = (kept.record.series["test accuracy"] for kept in (first, second))
    late = one.steps > 0.75 * one.steps[-1]
    return {"lead": float(one.values[late].mean() - two.values[late].mean())}


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the choice of channels comes to rest in the first fifth of training", YOU,
            WHEN, AtMost(0.2), on=TRAINED, control=Twin(SLOW), name="drawn-early",
        ),
        Claim(
            "so it does at a thousandth of the rate, where nothing is learned: to have come to rest says nothing yet",
            "pilot: masks do not move where nothing does",
            WHEN, AtMost(0.2), region_from="pilot", on=SLOW, control=Twin(TRAINED), name="drawn-where-nothing-moves",
        ),
        Claim(
            "the mask that is drawn early is less than half as far from the one at the end as random masks are",
            f"{YOU}; the size from a pilot",
            APART, AtMost(0.5), region_from="pilot", on=MASKS, name="early-agrees-with-late",
            control=Breaks(MASKS, statistic=APART_SLOW, called="the mask drawn at a tiny rate"),
        ),
        Claim(
            "from its first values the ticket that is drawn early is as accurate as the one that is drawn at the end, "
            "to one and a half points", f"{YOU}; the size from a pilot",
            LEAD, AtLeast(-TOLERANCE), region_from="pilot",
            on=OVER_LATE, control=Breaks(RANDOM_OVER_LATE), name="early-is-as-good-as-late",
        ),
        Claim(
            "it is more accurate than as many random channels in each layer of the same network", YOU,
            LEAD, Above(0), on=OVER_RANDOM, control=Breaks(OVER_AGAIN), name="which-channels-matters",
        ),
        Claim(
            "it is at most one and a half points more accurate than the ticket that the tiny rate draws, where nothing "
            "has been learned: ranked over all layers together, gains tell layers apart as much as channels",
            "pilot: the objection that layers differ in their gains",
            LEAD, AtMost(TOLERANCE), region_from="pilot",
            on=OVER_SLOW, control=Breaks(OVER_RANDOM), name="no-better-than-without-learning",
        ),
    )  # fmt: skip
