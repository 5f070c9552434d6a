"""Double descent of networks in their width."""

import dataclasses

from phenoscope.atlas.double_descent.claims import (
    AT_PEAK,
    BELKIN,
    BEYOND,
    CLEAN,
    DECAY,
    LARGE,
    NAKKIRAN,
    NOISY,
    SOME,
    TUNED,
    claims,
)
from phenoscope.atlas.double_descent.panels import panels
from phenoscope.atlas.size import Size
from phenoscope.data import dataset
from phenoscope.models import UniformMLP
from phenoscope.objective import CrossEntropy
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, HeldOutLoss
from phenoscope.training import Adam, Recipe

WIDTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 24, 32, 48, 64, 96, 128)
SIZES: dict[Scale, Size] = {
    "smoke": Size(50, (1, 3, 6, 24), 100, 20),
    "laptop": Size(150, WIDTHS, 1000, 25),
    "paper": Size(1000, (*WIDTHS, 192, 256, 512, 1024), 20_000, 250),
}
NEAR, FAR = 6, 24
"""Widths by the threshold and at least four times as wide."""
LEVELS = (0.0, 0.1, 0.2)


def double_descent(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """ReLU networks with one hidden layer, from one unit to far more than it takes to fit all labels.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    size = SIZES[scale]
    source = dataset(data, train=size.examples, test=1000 if scale != "smoke" else 200, flat=True)
    clean = Recipe(
        data=source,
        model=UniformMLP(size.widths[0], depth=1, activation="relu", init="he"),
        loss=CrossEntropy(),
        rule=Adam(0.01),
        steps=size.steps,
    )
    some, noisy = (_wrong(clean, share) for share in LEVELS[1:])
    probes = (HeldOutLoss(every=size.every), Accuracy(every=size.every))
    sweep = {"model.width": size.widths}
    near, far = (dataclasses.replace(clean, model=dataclasses.replace(clean.model, width=w)) for w in (NEAR, FAR))
    levels = {"data.label_noise": LEVELS}
    arms = (
        Arm(NOISY, noisy, probes, sweep, says=f"{LEVELS[2]:.0%} of the training labels wrong"),
        Arm(SOME, some, probes, sweep, says=f"{LEVELS[1]:.0%} of them"),
        Arm(CLEAN, clean, probes, sweep, role="control", says="none of them"),
        Arm(
            DECAY, dataclasses.replace(noisy, rule=Adam(0.01, decoupled=3.0)), probes, sweep, role="control",
            says=f"{LEVELS[2]:.0%} of them, and a decoupled weight decay of 3",
        ),
        Arm(
            LARGE, clean, probes, {"model.width": tuple(w for w in size.widths if w >= NEAR)}, role="control",
            says=f"none of them, widths from {NEAR} on",
        ),
        Arm(AT_PEAK, near, probes, levels, says=f"{NEAR} units"),
        Arm(BEYOND, far, probes, levels, role="control", says=f"{FAR} units"),
    )  # fmt: skip
    return Phenomenon(
        name="double_descent",
        title="Double descent of networks",
        question="Is a network that can just fit its noisy data worse than smaller and larger ones?",
        summary=(
            "A network that grows from one hidden unit on first learns too little, then fits its training labels with "
            "all their errors, and then has room to spare. The worst test loss is said to lie where it can just fit, "
            "and the best one beyond. Which of that shows in the loss and which in the answers, where the peak is, and "
            "what takes it away is judged on small networks, each trained to the same number of steps."
        ),
        arms=arms,
        claims=claims(source.shape[0], source.outputs, size.examples),
        panels=panels(),
        sources=(
            (f"{BELKIN}: Reconciling modern machine learning practice and the bias-variance trade-off",
             "https://arxiv.org/abs/1812.11118"),
            (f"{NAKKIRAN}: Deep double descent: where bigger models and more data hurt",
             "https://arxiv.org/abs/1912.02292"),
            (f"{TUNED}: Optimal regularization can mitigate double descent", "https://arxiv.org/abs/2003.01897"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _wrong(recipe: Recipe, share: float) -> Recipe:
    return dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, label_noise=share))
