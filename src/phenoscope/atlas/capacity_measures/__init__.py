"""Measures of capacity: which of them still order models by their test loss, once these fit their data?"""

import dataclasses

from phenoscope.atlas.capacity_measures.claims import (
    BELKIN,
    FEATURES_FEW,
    FEATURES_MANY,
    FEW,
    MANY,
    NEYSHABUR,
    claims,
)
from phenoscope.atlas.capacity_measures.panels import panels
from phenoscope.atlas.growing import GROWING, WRONG, growing, noisy
from phenoscope.methods import RandomFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, HeldOutLoss, Instruments

LONGER = 3
"""Times as many steps as elsewhere: the longer the training, the higher the peak."""
THRESHOLD: dict[Scale, int] = {"smoke": 4, "laptop": 7, "paper": 14}
"""Hidden units at the peak of the pilots; it belongs to neither side."""
FEATURES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Over examples, on both sides."""
DRAWS: dict[Scale, int] = {"smoke": 2, "laptop": 4, "paper": 8}


def capacity_measures(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Networks of growing width and random features, on both sides of where they fit, with measures of capacity.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    size, threshold = GROWING[scale], THRESHOLD[scale]
    short = growing(scale, data)
    trained = dataclasses.replace(short, steps=LONGER * short.steps)
    end = trained.steps
    probes = (HeldOutLoss(end), Accuracy(end), Instruments(("sharpness", "margin_norm", "weight_norm"), end))
    n = size.examples // 2
    linear = RandomFeatures(noisy(scale, data, n), n, steps=DRAWS[scale])

    def networks(name: str, widths: tuple[int, ...], says: str) -> Arm:
        return Arm(name, trained, probes, {"model.width": widths}, says=says)

    def features(name: str, parts: tuple[float, ...], says: str) -> Arm:
        return Arm(name, linear, sweep={"features": tuple(round(part * n) for part in parts)}, says=says)

    below, above = ([w for w in size.widths if w < threshold], [w for w in size.widths if w > threshold])
    arms = (
        networks(FEW, tuple(below), f"networks of fewer than {threshold} units, {WRONG:.0%} of the labels wrong"),
        networks(MANY, tuple(above), f"networks of more than {threshold} units, {WRONG:.0%} of the labels wrong"),
        features(FEATURES_FEW, FEATURES[0], f"least squares on {n} examples, {WRONG:.0%} of the labels wrong"),
        features(FEATURES_MANY, FEATURES[1], "the smallest norm of those that fit all labels"),
    )
    return Phenomenon(
        name="capacity_measures",
        title="Measures of capacity",
        question="Which measure of capacity still tells good models from bad ones, once they fit their data?",
        summary=(
            "Up to the size at which a model just fits, more parameters make it worse; beyond, better. So their number "
            "has the wrong sign on one side, whichever sign one gives it. Measures of what the model has learned, its "
            "norms, its margin or the curvature of its loss, might keep theirs: each is asked for its rank correlation "
            "with the test loss on the two sides, seed by seed, with losses dealt out anew as a control."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{BELKIN}: Reconciling modern machine learning practice and the bias-variance trade-off",
             "https://arxiv.org/abs/1812.11118"),
            (f"{NEYSHABUR}: Exploring generalization in deep learning", "https://arxiv.org/abs/1706.08947"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
