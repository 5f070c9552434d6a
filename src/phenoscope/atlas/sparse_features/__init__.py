"""Sparse features: large steps before the rate drops find sparser networks than small steps do."""

import functools

from phenoscope.atlas.sparse_features.arms import SIZES, arms
from phenoscope.atlas.sparse_features.claims import (
    FEATURES,
    LINEAR_FULL,
    LINEAR_FULL_FOUND,
    LINEAR_LARGE,
    LINEAR_LARGE_FOUND,
    LINEAR_SMALL,
    LINEAR_SMALL_FOUND,
    RECOVERY,
    RELU_FULL,
    RELU_FULL_LEARNED,
    RELU_LARGE,
    RELU_LARGE_LEARNED,
    RELU_LONG,
    RELU_SMALL,
    RELU_SMALL_LEARNED,
    claims,
)
from phenoscope.atlas.sparse_features.outcomes import found, learned
from phenoscope.atlas.sparse_features.panels import panels
from phenoscope.comparisons import Comparison
from phenoscope.phenomenon import PILOTS, Phenomenon, Scale


def sparse_features(scale: Scale) -> Phenomenon:
    """Diagonal linear networks on a sparse target, and two-layer ReLU networks on digits, at three rates each.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    recovery = functools.partial(found, size.support)
    return Phenomenon(
        name="sparse_features",
        title="Sparse features",
        question="Do large steps find sparse features, and does that survive once the rate drops?",
        summary=(
            "At a large rate the noise of mini-batches keeps the loss from falling: a plateau. Meanwhile the noise is "
            "said to work as a regulariser that prunes what is not needed, so that a drop of the rate then ends in "
            "a sparser network that generalises better than small steps would have found. A diagonal linear network "
            "with a sparse target shows whether the right inputs are found; a ReLU network on digits, how many units "
            "stay active."
        ),
        arms=arms(size),
        claims=claims(),
        comparisons=(
            Comparison(LINEAR_LARGE_FOUND, (LINEAR_LARGE, LINEAR_SMALL), recovery, RECOVERY),
            Comparison(LINEAR_SMALL_FOUND, (LINEAR_SMALL, LINEAR_FULL), recovery, RECOVERY),
            Comparison(LINEAR_FULL_FOUND, (LINEAR_FULL, LINEAR_SMALL), recovery, RECOVERY),
            Comparison(RELU_LARGE_LEARNED, (RELU_LARGE, RELU_LONG), learned, FEATURES),
            Comparison(RELU_SMALL_LEARNED, (RELU_SMALL, RELU_LONG), learned, FEATURES),
            Comparison(RELU_FULL_LEARNED, (RELU_FULL, RELU_LONG), learned, FEATURES),
        ),
        panels=panels(),
        sources=(
            ("Andriushchenko, Varre, Pillaud-Vivien, Flammarion 2023: SGD with large step sizes learns sparse features",
             "https://arxiv.org/abs/2210.05337"),
            ("Woodworth et al. 2020: Kernel and rich regimes in overparametrized models",
             "https://arxiv.org/abs/2002.09277"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
