"""Effective parameters: double descent, read against what a model makes use of instead of what it has."""

import dataclasses

from phenoscope.atlas.effective_parameters.claims import ALL, FEW, MANY, RIDGE, claims
from phenoscope.atlas.effective_parameters.panels import panels
from phenoscope.data import dataset
from phenoscope.methods import FeatureSmoother
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

EXAMPLES: dict[Scale, int] = {"smoke": 40, "laptop": 150, "paper": 1000}
HELD_OUT: dict[Scale, int] = {"smoke": 200, "laptop": 600, "paper": 700}
BELOW, AT, ABOVE = (0.25, 0.5, 0.75, 0.9), (1.0,), (1.1, 1.35, 2.0, 4.0, 10.0)
"""Features, over examples."""


def effective_parameters(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Least squares on random ReLU features, with the parameters that their predictions make use of.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    n = EXAMPLES[scale]
    noisy = FeatureSmoother(dataset(data, train=n, test=HELD_OUT[scale], flat=True, label_noise=0.2), 10 * n)

    def sizes(*parts: float) -> dict[str, tuple[int, ...]]:
        return {"features": tuple(round(part * n) for part in parts)}

    arms = (
        Arm(ALL, noisy, sweep=sizes(*BELOW, *AT, *ABOVE), says="a fifth of the training labels wrong"),
        Arm(FEW, noisy, sweep=sizes(*BELOW), says="those of them below the threshold"),
        Arm(MANY, noisy, sweep=sizes(*ABOVE), says="those of them above it"),
        Arm(
            RIDGE, dataclasses.replace(noisy, ridge=1e-2), sweep=sizes(*BELOW, *AT, *ABOVE), role="control",
            says="a ridge of 0.01 of the largest squared singular value",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="effective_parameters",
        title="Effective parameters",
        question="Does the peak of double descent survive when parameters are counted by what they do?",
        summary=(
            "A model with more parameters than examples need not be more changeable than one with fewer. Written as a "
            "smoother of its training labels, it has so many parameters as least squares would need to be as "
            "changeable. On new inputs that number peaks at the threshold with the loss and falls beyond it, so the "
            "two descents are two ways along one curve; on training inputs it says nothing of the kind."
        ),
        arms=arms,
        claims=claims(n),
        panels=panels(),
        sources=(
            ("Curth, Jeffares and van der Schaar 2023: A U-turn on double descent: rethinking parameter counting in "
             "statistical learning", "https://arxiv.org/abs/2310.18988"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
