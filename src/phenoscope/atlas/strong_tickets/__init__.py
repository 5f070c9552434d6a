"""Strong tickets: is a network of any use in a random one that holds it, if weights are only ever removed?"""

import dataclasses

from phenoscope.atlas.strong_tickets.claims import (
    MALACH,
    NORMAL,
    ONE,
    PENSIA,
    PRODUCTS,
    RANDOM,
    SINGLE,
    TARGET,
    UNIFORM,
    claims,
)
from phenoscope.atlas.strong_tickets.panels import panels
from phenoscope.data import dataset
from phenoscope.methods import PrunedToTarget, SubsetSums
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

DRAWS: dict[Scale, int] = {"smoke": 50, "laptop": 400, "paper": 2000}
COUNTS: dict[Scale, tuple[int, ...]] = {
    "smoke": (4, 6, 8),
    "laptop": (4, 6, 8, 10, 12, 14),
    "paper": (4, 6, 8, 10, 12, 14, 16, 18),
}
IN_NETWORKS: dict[Scale, tuple[int, ...]] = {"smoke": (4, 8), "laptop": (8, 12, 16), "paper": (8, 12, 16, 20)}
EXAMPLES: dict[Scale, tuple[int, int, int]] = {
    "smoke": (100, 50, 50),
    "laptop": (600, 400, 400),
    "paper": (1200, 500, 1000),
}
"""Training and test examples, and steps of the target's training."""


def strong_tickets(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Weights as sums of random products, and a trained network as a part of a random one.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    train, test, steps = EXAMPLES[scale]
    sums = SubsetSums(steps=DRAWS[scale])
    network = PrunedToTarget(dataset(data, train=train, test=test, flat=True), steps=steps)
    sweep = {"candidates": COUNTS[scale]}
    wide = {"candidates": IN_NETWORKS[scale]}
    return Phenomenon(
        name="strong_tickets",
        title="Strong tickets",
        question="Does a large random network hold a given small one, to be found by removing weights alone?",
        summary=(
            "The sums of some of k random numbers lie everywhere: there are two to the power of k of them. So a weight "
            "can be made from k paths through random weights by removing some, with an error that nearly halves with "
            "each path more, and a network from a random one that is wider by the logarithm of the error. Nothing is "
            "trained. With one path chosen, instead of some of them, the error falls as 1/k only."
        ),
        arms=(
            Arm(PRODUCTS, sums, sweep=sweep, says="sums of products of two uniform numbers"),
            Arm(UNIFORM, dataclasses.replace(sums, numbers="uniform"), sweep=sweep, says="sums of uniform numbers"),
            Arm(NORMAL, dataclasses.replace(sums, numbers="normal"), sweep=sweep, says="sums of normal numbers"),
            Arm(
                SINGLE, dataclasses.replace(sums, subsets="one"), sweep=sweep, role="control",
                says="one product, the nearest, and no sums",
            ),
            Arm(TARGET, network, sweep=wide, says="a trained network as a part of a random one"),
            Arm(
                ONE, dataclasses.replace(network, subsets="one"), sweep=wide, role="control",
                says="the same with one path for each weight",
            ),
            Arm(
                RANDOM, dataclasses.replace(network, subsets="random"), sweep=wide, role="control",
                says="the same with half of the paths, by chance",
            ),
        ),
        claims=claims(wide["candidates"][-1]),
        panels=panels(),
        sources=(
            (f"{MALACH}: Proving the lottery ticket hypothesis: pruning is all you need",
             "https://arxiv.org/abs/2002.00585"),
            (f"{PENSIA}: Optimal lottery tickets via SubsetSum: logarithmic over-parameterization is sufficient",
             "https://arxiv.org/abs/2006.07990"),
            ("Orseau, Hutter and Rivasplata 2020: Logarithmic pruning is all you need",
             "https://arxiv.org/abs/2006.12156"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
