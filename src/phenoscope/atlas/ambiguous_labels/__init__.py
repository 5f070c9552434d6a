"""Ambiguous labels: where not all examples can be separated there is still one ray to follow."""

import dataclasses

from phenoscope.atlas.ambiguous_labels.claims import ALL, JI, ONE_LABEL, OTHER_START, SOME, claims
from phenoscope.atlas.ambiguous_labels.panels import panels
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.methods import AmbiguousDescent
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

SIZES: dict[Scale, tuple[int, int]] = {"smoke": (12, 40), "laptop": (30, 200), "paper": (50, 400)}
"""Examples, and doublings of the time."""


def ambiguous_labels(scale: Scale) -> Phenomenon:
    """Two digits told apart by a linear model of all pixels, a few of them with both labels.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    examples, steps = SIZES[scale]
    data = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=examples, scaling="centre", flat=True)
    some = AmbiguousDescent(data, steps=steps)
    fewer = dataclasses.replace(data, train=examples - 2)  # all of these are independent of each other
    arms = (
        Arm(SOME, some, says="three examples stand twice with their label and once with the other"),
        Arm(OTHER_START, dataclasses.replace(some, start=1.0), says="the same from normal weights"),
        Arm(ONE_LABEL, dataclasses.replace(some, both=False), role="control", says="each with its own label only"),
        Arm(
            ALL, dataclasses.replace(some, data=fewer, ambiguous=examples - 2), role="control",
            says="every example has both labels: the loss has a minimum",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="ambiguous_labels",
        title="Ambiguous labels",
        question="If no classifier is right on all examples, is there still one direction that descent goes to?",
        summary=(
            "Where all examples can be separated, descent goes to the largest margin; where none can be, to a minimum. "
            "Most data are in between. Theory splits the weights: in the span of the examples that contradict each "
            "other they come to rest, and at right angles to it they grow along one ray, the largest margin of all "
            "others with that span taken out. Both parts are computed beforehand."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=((f"{JI}: Risk and parameter convergence of logistic regression", "https://arxiv.org/abs/1803.07300"),),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
