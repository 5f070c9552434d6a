"""Induction heads: attention learns to go on as the last time, at once, and with frozen features not at all."""

import dataclasses

from phenoscope.atlas.induction_heads.claims import (
    BY_HEART,
    DIAL,
    ELHAGE_PAPER,
    FROZEN,
    FROZEN_GIVEN,
    FROZEN_WIDTHS,
    GIVEN,
    NETWORK,
    OLSSON_PAPER,
    ONE_LAYER,
    ONE_PERIOD,
    PLACE,
    SINGH_PAPER,
    SOONER,
    WIDTHS,
    claims,
    sooner,
)
from phenoscope.atlas.induction_heads.panels import panels
from phenoscope.comparisons import Comparison
from phenoscope.methods import InductionHeads
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: updates, periods, tokens (as many as places), sequences, widths and scales α."""

    steps: int
    shortest: int
    longest: int
    tokens: int
    batch: int
    tested: int
    width: int
    widths: tuple[int, ...]
    alphas: tuple[float, ...]
    every: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(12, 3, 5, 12, 8, 32, 8, (8, 16), (1.0, 16.0), 3),
    "laptop": Size(500, 8, 15, 32, 32, 128, 32, (32, 64), (1.0, 4.0, 16.0), 10),
    "paper": Size(3000, 16, 31, 64, 64, 1024, 64, (64, 128, 256), (1.0, 2.0, 4.0, 8.0, 16.0, 64.0), 10),
}
LAZY = 64.0
"""The scale of outputs at which networks of several widths stand for their linearisations."""
LONGER = 3
"""Times as many steps that the frozen network is given."""
SELDOM = 5
"""Times as many steps between readings, where no event is to be dated."""


def induction_heads(scale: Scale) -> Phenomenon:
    """Attention in two layers, on repeated segments; the same with frozen features, in one layer, and in between.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    network = InductionHeads(
        steps=size.steps, width=size.width, every=size.every, vocabulary=size.tokens, length=size.tokens,
        shortest=size.shortest, longest=size.longest, batch=size.batch, tested=size.tested,
    )  # fmt: skip
    return Phenomenon(
        name="induction_heads",
        title="Induction heads",
        question="Can a network with frozen features learn to go on as the last time?",
        summary=(
            "A segment of random tokens is repeated: whoever finds the last occurrence of a token knows the next one. "
            "Two layers of attention learn it all of a sudden, in the very steps in which a head comes to look at the "
            "place after that occurrence. It takes two heads in a row, so that one layer should not learn it; and it "
            "takes weights that move far, so that it should be absent where training is that of a kernel. The controls "
            "ask what exactly frozen features lack."
        ),
        arms=_arms(network, size),
        comparisons=(Comparison(SOONER, (GIVEN, NETWORK), sooner, ("step ratio",)),),
        claims=claims(tokens=size.tokens, periods=(size.shortest, size.longest)),
        panels=panels(),
        sources=(OLSSON_PAPER, SINGH_PAPER, ELHAGE_PAPER),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _arms(network: InductionHeads, size: Size) -> tuple[Arm, ...]:
    periods, period = f"{size.shortest} to {size.longest}", size.longest - 3
    given, seldom = dataclasses.replace(network, previous=True), SELDOM * size.every
    frozen = dataclasses.replace(network.frozen(), every=seldom)
    place = dataclasses.replace(frozen, shortest=period, longest=period)
    single = dataclasses.replace(network, layers=1, every=seldom)
    return (
        Arm(NETWORK, network, says=f"two layers of attention, one head each, width {size.width}, periods {periods}"),
        Arm(
            FROZEN, dataclasses.replace(frozen, steps=LONGER * size.steps), role="control",
            says=f"the linearisation at its start, {LONGER} times as many steps, at the rate best for it in a pilot",
        ),
        Arm(
            ONE_LAYER, dataclasses.replace(single, steps=2 * size.steps), role="control",
            says="one layer, twice as many steps",
        ),
        Arm(DIAL, network, sweep={"alpha": size.alphas}, says="the first, with outputs times α and the rate over α"),
        Arm(WIDTHS, network, sweep={"width": size.widths}, role="control", says="the first at several widths"),
        Arm(
            FROZEN_WIDTHS, dataclasses.replace(network, alpha=LAZY, every=seldom), sweep={"width": size.widths},
            role="control", says=f"these with α = {LAZY:g}",
        ),
        Arm(GIVEN, given, says="the first, with a head given that looks at the place before"),
        Arm(
            FROZEN_GIVEN, dataclasses.replace(given.frozen(), every=seldom), role="control",
            says="the linearisation of that",
        ),
        Arm(
            BY_HEART, dataclasses.replace(frozen, known=True), role="control",
            says="a linearisation, where all segments are stretches of one order of the tokens",
        ),
        Arm(
            PLACE, place, role="control",
            says=f"a linearisation, where all periods are {period}: the place tells where to look",
        ),
        Arm(
            ONE_PERIOD, dataclasses.replace(place, dynamics="network", layers=1), role="control",
            says=f"one layer, where all periods are {period}",
        ),
    )  # fmt: skip
