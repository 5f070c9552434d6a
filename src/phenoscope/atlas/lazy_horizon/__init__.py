"""How long training stays lazy: the distance from the linearisation over horizons and scales of the outputs."""

import dataclasses

from phenoscope.atlas.lazy_horizon.claims import (
    BOIX,
    CHIZAT,
    COPIES,
    COPIES_LONG,
    DIGITS,
    LAZY,
    LINEAR,
    LONG,
    RICH,
    SLOW,
    SQUARE,
    STEPS,
    WELL,
    claims,
)
from phenoscope.atlas.lazy_horizon.panels import panels
from phenoscope.methods import LazyHorizon
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is: examples, width, horizons, one of them for several α, and α's on the lazy side."""

    examples: int
    width: int
    horizons: tuple[int, ...]
    middle: int
    alphas: tuple[float, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(16, 24, (4, 10, 25), 10, (30.0, 100.0)),
    "laptop": Size(60, 64, (10, 30, 100, 300, 1000), 300, (10.0, 30.0, 100.0, 300.0)),
    "paper": Size(200, 512, (10, 30, 100, 300, 1000, 3000, 10000), 1000, (10.0, 30.0, 100.0, 300.0, 1000.0)),
}
RATE = 0.5
BELOW = (0.1, 0.3, 1.0)
"""α on the rich side."""
FINER = (1, 2, 4)
"""By what the rate is divided."""
MANY = 20
"""Dimensions in which the kernel is well conditioned."""


def lazy_horizon(scale: Scale) -> Phenomenon:
    """Networks that start as the zero function, with their outputs multiplied by α, trained for a time T.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    first, last = size.horizons[0], size.horizons[-1]
    steps = tuple(round(time / RATE) for time in size.horizons)
    plain = LazyHorizon(steps=round(size.middle / RATE), rate=RATE, width=size.width, examples=size.examples)
    copies = dataclasses.replace(plain, start="symmetric")
    alphas, long = {"alpha": size.alphas}, {"steps": steps}
    slow = dataclasses.replace(plain, slower=10.0 * last)
    well = dataclasses.replace(plain, dimensions=MANY)
    arms = (
        Arm(
            LONG, plain, sweep=long,
            says="erf, on the sphere in 3 dimensions, an equal share of every mode of the kernel, α = 100",
        ),
        Arm(WELL, well, sweep={"steps": steps[len(steps) // 2 :]}, role="control", says=f"in {MANY} dimensions"),
        Arm(SLOW, slow, sweep=long, role="control", says=f"the first, with only modes that take {10 * last} or longer"),
        Arm(DIGITS, dataclasses.replace(plain, target="digits"), sweep=long, says="even against odd digits"),
        Arm(
            LINEAR, plain, sweep=long, along={"alpha": tuple(time / first for time in size.horizons)},
            says=f"the first, with α = T/{first}",
        ),
        Arm(
            SQUARE, plain, sweep=long, along={"alpha": tuple((time / first) ** 2 for time in size.horizons)},
            role="control", says=f"with α = (T/{first})²",
        ),
        Arm(LAZY, plain, sweep=alphas, says=f"the first, with one horizon, {size.middle}"),
        Arm(RICH, plain, sweep={"alpha": BELOW}, role="control", says="with α from 0.1 to 1"),
        Arm(COPIES, copies, sweep=alphas, says=f"a network less its copy, with the horizon {size.middle}"),
        Arm(COPIES_LONG, copies, sweep=long, says="a network less its copy, with α = 100"),
        Arm(
            STEPS, plain, sweep={"rate": tuple(RATE / by for by in FINER)},
            along={"steps": tuple(steps[len(steps) // 2] * by for by in FINER)}, role="control",
            says=f"the first at T = {size.horizons[len(steps) // 2]}, with steps of a half and a quarter",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="lazy_horizon",
        title="How long training stays lazy",
        question="How long is a network trained as its linearisation would be, and what sets that time?",
        summary=(
            "Multiply a network's outputs by α, and it trains for a while as its linearisation does. An older argument "
            "follows the speed of the parameters and asks for an α of order T² to hold up to a time T; a newer one "
            "notes that the loss pays for their way, which is then as the root of T at most, and asks for an α of "
            "order T. For that to be seen something must be left to learn at all times: here every mode of the kernel "
            "has an equal share of the targets, and the times that modes take spread over many orders of magnitude. "
            "Time is in units of that of the quickest mode."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{CHIZAT}: On lazy training in differentiable programming; the bound with T² is improved on in {BOIX}",
             "https://arxiv.org/abs/1812.07956"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
