"""What is claimed of pruning before training, up to the largest compression."""

import math

from phenoscope.claims import AtLeast, AtMost, Below, Breaks, Claim, Measured, largest, last_value

TANAKA = "Tanaka et al. 2020, arXiv:2006.05467"
DE_JORGE = "de Jorge et al. 2020, arXiv:2006.09081"
COUNTING = "theory: the chance of a path is at most the expected number of paths"

SYNFLOW, SYNFLOW_ONCE, MAGNITUDE = "SynFlow", "SynFlow at once", "magnitude"
SNIP, SNIP_ROUNDS, GRASP, RANDOM = "SNIP", "SNIP in rounds", "GraSP", "random"
REACH, SPREAD = Measured("reach"), Measured("score spread")

FURTHEST = largest(last_value(REACH))
"""The largest compression that leaves a path, on a scale from 0 (none) to 1 (one weight a layer)."""


def claims(most: float, paths: float, layers: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        most: the compression that leaves one weight a layer.
        paths: of the whole network.
        layers: of weights.
    """
    # with a share p of the weights kept by chance, paths · p^layers paths are expected: one of a thousand here
    unlikely = (1000 * paths) ** (1 / layers)
    return (
        Claim(
            "the scores of SynFlow add up to the same in every layer, at every compression", TANAKA,
            largest(last_value(SPREAD)), AtMost(1e-5), region_from="theory",
            on=SYNFLOW, over="compression", control=Breaks(MAGNITUDE), name="synaptic-flow-is-conserved",
        ),
        Claim(
            "taken anew in rounds, SynFlow leaves a path up to one weight a layer", TANAKA,
            FURTHEST, AtLeast(1 - 1e-9), region_from="theory",
            on=SYNFLOW, over="compression", control=Breaks(SYNFLOW_ONCE), name="synflow-never-collapses",
        ),
        *(
            Claim(
                f"{called}, taken once, loses every path before that", TANAKA,
                FURTHEST, Below(1.0), region_from="source",
                on=arm, over="compression", control=Breaks(SYNFLOW), name=f"{slug}-collapses",
            )
            for arm, called, slug in (
                (MAGNITUDE, "magnitude", "magnitude"), (SNIP, "SNIP", "snip"), (GRASP, "GraSP", "grasp"),
            )
        ),
        Claim(
            "in rounds SNIP reaches a larger compression than at once", DE_JORGE,
            FURTHEST, AtLeast(0.8), region_from="pilot",
            on=SNIP_ROUNDS, over="compression", control=Breaks(SNIP, by="difference"), name="rounds-help-snip",
        ),
        Claim(
            "by chance no path is left where a thousandth of one is expected", COUNTING,
            FURTHEST, Below(math.log(unlikely) / math.log(most)), region_from="theory",
            on=RANDOM, over="compression", control=Breaks(SYNFLOW), name="chance-keeps-as-many-paths-as-expected",
        ),
    )  # fmt: skip
