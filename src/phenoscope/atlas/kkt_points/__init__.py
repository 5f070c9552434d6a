"""Homogeneous networks approach KKT points of the largest margin."""

import dataclasses

from phenoscope.atlas.kkt_points.claims import BIASED, JI, LYU, PLAIN, claims
from phenoscope.atlas.kkt_points.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import HomogeneousDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int, int]] = {"smoke": (10, 5, 10), "laptop": (30, 20, 14), "paper": (200, 200, 20)}
"""Examples, units, and doublings of the updates."""


def kkt_points(scale: Scale) -> Phenomenon:
    """Two digits told apart by a ReLU network with one hidden layer, with and without biases.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    examples, width, steps = SIZES[scale]
    data = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=examples, scaling="centre", flat=True)
    plain = HomogeneousDescent(data, width, rate=4.0, steps=steps)
    arms = (
        Arm(PLAIN, plain, says="homogeneous of order 2"),
        Arm(
            BIASED, dataclasses.replace(plain, biases=True), role="control",
            says="biases in both layers, whose terms are of other orders",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="kkt_points",
        title="KKT points of the margin",
        question="Where does a ReLU network go once every example is right?",
        summary=(
            "A network without biases is homogeneous: its outputs grow like a power of the length of its weights. Once "
            "it is right on all examples training raises the margin that belongs to its direction, and the direction "
            "comes to a point at which the weights are a combination of the gradients of the smallest margins: a KKT "
            "point, which need not have the largest margin of all. Biases break the homogeneity, and the theorem."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{LYU}: Gradient descent maximizes the margin of homogeneous neural networks",
             "https://arxiv.org/abs/1906.05890"),
            (f"{JI}: Directional convergence and alignment in deep learning", "https://arxiv.org/abs/2006.06657"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
