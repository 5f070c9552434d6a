"""Supermasks: is a network any good whose weights are random and only chosen?"""

import dataclasses

from phenoscope.atlas.papers import ZHOU_PAPER
from phenoscope.atlas.supermasks.claims import (
    ALL_KEPT,
    CHANCE,
    CONSTANT,
    LARGE,
    LARGE_START,
    NORMAL,
    RAMANUJAN,
    SAME_SIGN,
    TRAINED,
    claims,
    comparisons,
)
from phenoscope.atlas.supermasks.panels import panels
from phenoscope.data import dataset
from phenoscope.methods import EdgePopup, Supermask
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy

EXAMPLES: dict[Scale, tuple[int, int]] = {"smoke": (200, 100), "laptop": (1000, 600), "paper": (1200, 597)}
WIDTHS: dict[Scale, tuple[int, int]] = {"smoke": (20, 40), "laptop": (100, 200), "paper": (300, 1200)}
"""Of the trained network, and of the random one."""
STEPS: dict[Scale, int] = {"smoke": 20, "laptop": 300, "paper": 3000}
KEPT = (0.1, 0.3, 0.5, 0.7, 0.9)


def supermasks(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Masks from a training on the weights that it began with, and subnetworks of random weights found by descent.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    (train, test), (width, wide), steps = EXAMPLES[scale], WIDTHS[scale], STEPS[scale]
    drawn = dataset(data, train=train, test=test, flat=True)
    mask = Supermask(drawn, width=width, steps=steps)
    popup = EdgePopup(drawn, width=wide, steps=steps)
    sweep = {"kept": KEPT}

    def taken(name: str, criterion: str, says: str, role: str = "main") -> Arm:
        made = dataclasses.replace(mask, criterion=criterion)
        return Arm(name, made, sweep=sweep, role=role, says=says)  # type: ignore[arg-type]

    return Phenomenon(
        name="supermasks",
        title="Supermasks",
        question="Is a network any good whose weights are random and only chosen?",
        summary=(
            "A mask can carry what training has found: put on the weights that training began with, it makes of them a "
            "network that knows much of the task, if it keeps weights that grew and kept their sign. And a mask can be "
            "trained itself, by descent on a score for each weight, while all weights stay as they were drawn. Either "
            "way the training set has been used: choosing is a form of training."
        ),
        arms=(
            taken(SAME_SIGN, "large final, same sign", "weights that end large, with the sign that they began with"),
            taken(LARGE, "large final", "weights that end large"),
            taken(LARGE_START, "large start", "weights that begin large", "control"),
            taken(CHANCE, "chance", "as many in each layer, by chance", "control"),
            Arm(CONSTANT, popup, sweep=sweep, says="random signs, one size a layer; chosen by descent on scores"),
            Arm(
                NORMAL, dataclasses.replace(popup, weights="normal"), sweep=sweep,
                says="normal weights, chosen by descent on scores",
            ),
            Arm(ALL_KEPT, dataclasses.replace(popup, kept=1.0), role="control", says="random signs, all of them kept"),
            Arm(TRAINED, mask.recipe, (Accuracy(every=max(1, steps // 10)),), role="control", says="weights trained"),
        ),
        comparisons=comparisons(),
        claims=claims(),
        panels=panels(),
        sources=(
            ZHOU_PAPER,
            (f"{RAMANUJAN}: What's hidden in a randomly weighted neural network?", "https://arxiv.org/abs/1911.13299"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
