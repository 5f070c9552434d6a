"""Wide networks from a vanishing start come to the largest margin in the variation norm; their outputs alone do not."""

import dataclasses

from phenoscope.atlas.variation_norm.claims import BOTH, CHIZAT, LARGE, OUTPUT, claims
from phenoscope.atlas.variation_norm.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import WideDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int, int]] = {"smoke": (10, 50, 10), "laptop": (20, 200, 14), "paper": (60, 2000, 18)}
"""Examples, units, and doublings of the updates."""


def variation_norm(scale: Scale) -> Phenomenon:
    """Two digits told apart by two of their principal components, by wide ReLU networks with one hidden layer.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    examples, width, steps = SIZES[scale]
    data = Dataset(Sides(Digits(), plus=(0,), minus=(2,)), train=examples, scaling="centre", flat=True)
    both = WideDescent(data, width=width, rate=4.0, steps=steps)
    arms = (
        Arm(BOTH, both, says="both layers are trained, from a start of a tenth"),
        Arm(
            OUTPUT, dataclasses.replace(both, trained="output"), role="control",
            says="the hidden layer stays as it was drawn: a kernel",
        ),
        Arm(
            LARGE, dataclasses.replace(both, scale=100.0), role="control",
            says="both layers are trained, from a start a thousand times as large",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="variation_norm",
        title="The norm of wide networks",
        question="Which of all functions do wide networks come to, and is it that of a kernel?",
        summary=(
            "A wide network with one hidden layer can fit the data in many ways. If both layers are trained from a "
            "vanishing start, theory says, it comes to the largest margin in the variation norm, which a few "
            "directions attain; if only the outputs are trained, to the largest margin of a kernel, which takes all "
            "units. Both are computed beforehand, the first by linear programs over the directions of all units that "
            "there could be."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{CHIZAT}: Implicit bias of gradient descent for wide two-layer neural networks trained with the "
             "logistic loss", "https://arxiv.org/abs/2002.04486"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
