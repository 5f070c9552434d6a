"""Descent in samples: one model with ever more examples, which may hurt."""

import dataclasses

from phenoscope.atlas.sample_descent.claims import (
    DECAY,
    LESS_IS_MORE,
    NAKKIRAN,
    NETWORK,
    NOISY,
    RIDGE,
    TUNED,
    claims,
)
from phenoscope.atlas.sample_descent.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.data import dataset
from phenoscope.methods import RandomFeatures
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, HeldOutLoss
from phenoscope.training import Adam, Recipe

SIZES: dict[Scale, Size] = {
    "smoke": Size(30, (4,), 100, 50),
    "laptop": Size(100, (10,), 1000, 250),
    "paper": Size(1000, (64,), 20_000, 1000),
}
"""The `examples` are those of the threshold of random features."""
PARTS = (0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.3, 1.6, 2.5, 5.0)
COUNTS: dict[Scale, tuple[int, ...]] = {
    "smoke": (20, 40, 80, 160), "laptop": (40, 60, 80, 120, 160, 200, 250, 300, 400, 600, 800),
    "paper": (500, 1000, 2000, 4000, 8000),
}  # fmt: skip
WRONG = 0.2


def sample_descent(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Random features, and a network with one hidden layer, on nested sets of noisy examples.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    size, held_out = SIZES[scale], 200 if scale == "smoke" else 600
    source = dataset(data, train=size.examples, test=held_out, flat=True, label_noise=WRONG)
    noisy = RandomFeatures(source, size.examples)
    sizes = {"data.train": tuple(round(part * size.examples) for part in PARTS)}
    network = Recipe(
        data=source,
        model=UniformMLP(size.widths[0], depth=1, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(0.01),
        steps=size.steps,
    )
    probes, counts = (HeldOutLoss(every=size.every), Accuracy(every=size.every)), {"data.train": COUNTS[scale]}
    arms = (
        Arm(NOISY, noisy, sweep=sizes, says=f"{size.examples} of them, smallest norm, {WRONG:.0%} of the labels wrong"),
        Arm(
            RIDGE, dataclasses.replace(noisy, fit="tuned ridge"), sweep=sizes, role="control",
            says="a ridge tuned by leaving out one example at a time",
        ),
        Arm(NETWORK, network, probes, counts, says=f"{size.widths[0]} hidden units, {WRONG:.0%} of the labels wrong"),
        Arm(
            DECAY, dataclasses.replace(network, rule=Adam(0.01, decoupled=3.0)), probes, counts, role="control",
            says="the same with a decoupled weight decay of 3",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="sample_descent",
        title="Descent in samples",
        question="Can more training examples make the same model worse?",
        summary=(
            "If a model is worst where it can just fit its examples, then more examples bring a larger model there: "
            "between, each of them hurts. Random features show it without training, on nested noisy examples. A "
            "tuned ridge makes every example help. A small network is asked for the same."
        ),
        arms=arms,
        claims=claims(size.examples),
        panels=panels(),
        sources=(
            (f"{LESS_IS_MORE}: More data can hurt for linear regression: sample-wise double descent",
             "https://arxiv.org/abs/1912.07242"),
            (f"{NAKKIRAN}: Deep double descent: where bigger models and more data hurt",
             "https://arxiv.org/abs/1912.02292"),
            (f"{TUNED}: Optimal regularization can mitigate double descent", "https://arxiv.org/abs/2003.01897"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
