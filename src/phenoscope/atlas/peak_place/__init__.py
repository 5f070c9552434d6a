"""Where the peak is: the place of the largest test loss, and three predictions of it."""

import dataclasses

from phenoscope.atlas.growing import GROWING, WRONG, growing, noisy
from phenoscope.atlas.peak_place.claims import BELKIN, DECAY, LAST, LINEAR, NAKKIRAN, STOPPED, claims, share_of
from phenoscope.atlas.peak_place.panels import panels
from phenoscope.methods import RandomFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, HeldOutLoss
from phenoscope.training import Adam

FEATURES = (0.25, 0.5, 0.7, 0.85, 0.95, 1.0, 1.05, 1.15, 1.4, 2.0, 4.0)
"""Over examples."""
DRAWS: dict[Scale, int] = {"smoke": 2, "laptop": 4, "paper": 8}
EARLY = 0.4
"""Of the steps."""


def peak_place(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Networks of growing width, trained on, stopped early or with decay; and random features, solved exactly.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    size, trained = GROWING[scale], growing(scale, data)
    n, sweep = size.examples, {"model.width": size.widths}
    probes = (HeldOutLoss(every=size.every), Accuracy(every=size.every))
    linear = RandomFeatures(noisy(scale, data, n // 2), n // 2, steps=DRAWS[scale])
    counts = tuple(round(part * linear.features) for part in FEATURES)
    share = share_of(trained.data.shape[0], trained.data.outputs, n)
    arms = (
        Arm(LAST, trained, probes, sweep, says=f"{WRONG:.0%} of the training labels wrong, all steps"),
        Arm(
            STOPPED, dataclasses.replace(trained, steps=round(EARLY * size.steps)), probes, sweep,
            says=f"the same, for {EARLY:.0%} of the steps",
        ),
        Arm(
            DECAY, dataclasses.replace(trained, rule=Adam(0.01, decoupled=0.3)), probes, sweep,
            says="the same, with a decoupled weight decay of 0.3",
        ),
        Arm(
            LINEAR, linear, sweep={"features": counts}, role="control",
            says="least squares of the smallest norm on features that are not trained, of half as many examples",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="peak_place",
        title="Where the peak is",
        question="Is the test loss worst where parameters are as many as data, or where the data can just be fitted?",
        summary=(
            "Double descent is often drawn with its peak where a model has as many parameters as there are numbers to "
            "fit. For a linear model that is one place with two others: the size at which nearly all is fitted, and "
            "the first with no training error. For networks the three come apart. Which of them is nearest to the peak "
            "is judged as a ratio of what they miss it by, at the end of training, at an early end, and with decay."
        ),
        arms=arms,
        claims=claims(share, n // 2),
        panels=panels(share, n // 2),
        sources=(
            (f"{NAKKIRAN}: Deep double descent: where bigger models and more data hurt",
             "https://arxiv.org/abs/1912.02292"),
            (f"{BELKIN}: Reconciling modern machine learning practice and the bias-variance trade-off",
             "https://arxiv.org/abs/1812.11118"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
