"""Random labels: networks that learn from data learn the same data without anything to be learned."""

import dataclasses
from typing import Any

from phenoscope.atlas.random_labels.claims import (
    ARPIT,
    CORRUPTED,
    DECAYED,
    GAUSSIAN,
    HEAVY,
    LINEAR,
    ONE_ORDER,
    OWN_ORDER,
    RANDOM,
    TIMES,
    TRUE,
    ZHANG,
    claims,
    times,
)
from phenoscope.atlas.random_labels.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.comparisons import Comparison
from phenoscope.data import Dataset, Destroyed, Digits
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Loss
from phenoscope.training import Adam, Recipe, WeightDecay

SIZES: dict[Scale, Size] = {
    "smoke": Size(60, (64,), 250, 10),
    "laptop": Size(500, (128,), 1500, 10),
    "paper": Size(1198, (512, 512), 10_000, 20),
}
CHANCE = 0.9
"""Of ten classes: so many labels replaced by another one make all of them random."""
SHARES = (0.0, 0.2, 0.4, 0.6, CHANCE)
SMALL, LARGE = 1e-4, 0.03


def random_labels(scale: Scale) -> Phenomenon:
    """Small ReLU networks on digits whose labels, or whose pixels, are replaced by random ones.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    test = 500 if scale != "smoke" else 200
    true = Recipe(
        data=Dataset(Digits(), train=size.examples, test=test),
        model=MLP(size.widths, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(0.003),
        steps=size.steps,
        batch=50,
    )

    def on(**changes: Any) -> Recipe:
        return dataclasses.replace(true, data=dataclasses.replace(true.data, **changes))

    random = on(label_noise=CHANCE)
    probes = (Loss(size.every), Accuracy(size.every))
    arms = (
        Arm(CORRUPTED, true, probes, {"data.label_noise": SHARES}, says="a share of the labels replaced by other ones"),
        Arm(RANDOM, random, probes, says="every label drawn anew from all ten"),
        Arm(TRUE, true, probes, role="control", says="the digits as they are"),
        Arm(OWN_ORDER, on(source=Destroyed(Digits(), "own order")), probes,
            says="the pixels of each image in an order of its own, true labels"),
        Arm(GAUSSIAN, on(source=Destroyed(Digits(), "gaussian")), probes,
            says="normal numbers for pixels, true labels"),
        Arm(ONE_ORDER, on(source=Destroyed(Digits(), "one order")), probes, role="control",
            says="the pixels of all images in one random order, true labels"),
        Arm(LINEAR, dataclasses.replace(random, model=MLP(())), probes, role="control",
            says="random labels, a linear function"),
        Arm(DECAYED, dataclasses.replace(random, rule=WeightDecay(true.rule, SMALL)), probes,
            says=f"random labels, a weight decay of {SMALL:g}"),
        Arm(HEAVY, dataclasses.replace(random, rule=WeightDecay(true.rule, LARGE)), probes, role="control",
            says=f"random labels, a weight decay of {LARGE:g}"),
    )  # fmt: skip
    return Phenomenon(
        name="random_labels",
        title="Random labels",
        question="Can a network that generalises fit the same data with random labels?",
        summary=(
            "A network that generalises could have been too small to do anything else. It is not: with random labels, "
            "or with random inputs, the same network reaches the same training accuracy in about ten times as "
            "many steps, and a usual weight decay does not hinder it. So neither its size nor such a "
            "regulariser explains why it generalises where there is something to be learned."
        ),
        arms=arms,
        claims=claims(),
        comparisons=tuple(Comparison(name, pair, times, ("time ratio",)) for name, pair in TIMES.items()),
        panels=panels(),
        sources=(
            (f"{ZHANG}: Understanding deep learning requires rethinking generalization", "https://arxiv.org/abs/1611.03530"),
            (f"{ARPIT}: A closer look at memorization in deep networks", "https://arxiv.org/abs/1706.05394"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
