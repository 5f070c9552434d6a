"""Descent in epochs: the test error along training, of a linear model on two scales and of a network."""

import dataclasses

import numpy as np

from phenoscope.atlas.epoch_descent.claims import (
    CLEAN,
    HECKEL,
    MATCHED,
    NAKKIRAN,
    NOISY,
    ONE,
    PEZESHKI,
    TWO,
    claims,
)
from phenoscope.atlas.epoch_descent.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.data import dataset
from phenoscope.methods import TwoScales
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, HeldOutLoss
from phenoscope.theory import descent_risk
from phenoscope.training import Adam, Recipe

SIZES: dict[Scale, Size] = {
    "smoke": Size(60, (16,), 100, 10),
    "laptop": Size(300, (64,), 1500, 10),
    "paper": Size(1000, (1024,), 50_000, 100),
}
DRAWS: dict[Scale, int] = {"smoke": 20, "laptop": 200, "paper": 1000}


def epoch_descent(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Gradient flow on linear regression with features of two scales, and a network with wrong labels.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: what the network learns, a data set by name.
    """
    size = SIZES[scale]
    two = TwoScales(draws=DRAWS[scale])
    source = dataset(data, train=size.examples, test=200 if scale == "smoke" else 1000, flat=True)
    clean = Recipe(
        data=source,
        model=UniformMLP(size.widths[0], depth=1, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(0.003),
        steps=size.steps,
    )
    noisy = dataclasses.replace(clean, data=dataclasses.replace(source, label_noise=0.2))
    probes = (Accuracy(every=size.every), HeldOutLoss(every=size.every))
    arms = (
        Arm(TWO, two, says="50 features of variance 1 and 5 of a thousandth of it, one rate"),
        Arm(ONE, dataclasses.replace(two, ratio=1.0), role="control", says="55 features of variance 1"),
        Arm(
            MATCHED, dataclasses.replace(two, matched=True), role="control",
            says="two scales, and a rate of one over its variance for each feature",
        ),
        Arm(NOISY, noisy, probes, says=f"{size.widths[0]} hidden units, a fifth of the training labels wrong"),
        Arm(CLEAN, clean, probes, role="control", says="the same with all labels right"),
    )  # fmt: skip
    return Phenomenon(
        name="epoch_descent",
        title="Descent in epochs",
        question="Can the test error fall twice in one training, and what does it take?",
        summary=(
            "The test error of networks on noisy labels is said to fall, to rise while they are being fitted, and to "
            "fall again. A linear model does so where its features have two scales: each scale is a curve with one "
            "valley, and the slow one comes later. Rates that let all features take one time make one valley of the "
            "two, and a deeper one. The theory stands beside it; a small network is asked for the same."
        ),
        arms=arms,
        claims=claims(_smallest(two)),
        panels=panels(),
        sources=(
            (f"{NAKKIRAN}: Deep double descent: where bigger models and more data hurt",
             "https://arxiv.org/abs/1912.02292"),
            (f"{HECKEL}: Early stopping in deep networks: double descent and how to eliminate it",
             "https://arxiv.org/abs/2007.10099"),
            (f"{PEZESHKI}: Multi-scale feature learning dynamics: insights for double descent",
             "https://arxiv.org/abs/2112.03215"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _smallest(two: TwoScales) -> float:
    """The smallest predicted risk along training."""
    values, explained = two.modes
    return float(descent_risk(two.examples, values, np.sqrt(explained / values), two.times, noise=two.noise).min())
