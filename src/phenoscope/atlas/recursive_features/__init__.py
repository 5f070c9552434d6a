"""Recursive features: a kernel machine that finds the directions that matter, without a network."""

import dataclasses

from phenoscope.atlas.recursive_features.claims import LENGTH, PRODUCT, RADHAKRISHNAN, claims
from phenoscope.atlas.recursive_features.panels import panels
from phenoscope.methods import RecursiveFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int, int]] = {"smoke": (10, 150, 3), "laptop": (50, 1000, 5), "paper": (50, 4000, 8)}
"""Dimensions, examples, rounds."""


def recursive_features(scale: Scale) -> Phenomenon:
    """Kernel regression whose metric is made anew from its own gradients, on two inputs of many and on all alike.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    dimensions, examples, rounds = SIZES[scale]
    product = RecursiveFeatures(dimensions=dimensions, examples=examples, steps=rounds)
    return Phenomenon(
        name="recursive_features",
        title="Features without a network",
        question="Can a kernel machine learn features, and what does it gain where there are none to learn?",
        summary=(
            "A kernel sees every direction of its inputs alike. Fit it, ask along which directions its predictions "
            "change, and let the next kernel measure distances along these: after a few rounds only the inputs that "
            "matter are left. If that is what networks do when they learn features, it should help where a target "
            "depends on few directions. Where all count alike there is nothing to find, and the rounds that find "
            "something all the same do harm."
        ),
        arms=(
            Arm(PRODUCT, product, says="the target is the product of two of the inputs"),
            Arm(
                LENGTH, dataclasses.replace(product, target="length"), role="control",
                says="the target is the length of the input, for which no direction is better than another",
            ),
        ),
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{RADHAKRISHNAN}: Feature learning in neural networks and kernel machines that recursively learn "
             "features", "https://arxiv.org/abs/2212.13881"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
