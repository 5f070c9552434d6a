"""The factors of the peak: three that it takes, and each one removed."""

import dataclasses

from phenoscope.atlas.growing import WRONG
from phenoscope.atlas.peak_factors.claims import AT, CUT, LINEAR, MORE, SAME, SCHAEFFER, WHOLE, claims
from phenoscope.atlas.peak_factors.panels import panels
from phenoscope.data import dataset
from phenoscope.methods import PeakAblation
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

FEATURES: dict[Scale, int] = {"smoke": 40, "laptop": 100, "paper": 300}
HELD_OUT: dict[Scale, int] = {"smoke": 200, "laptop": 1000, "paper": 1000}
DRAWS: dict[Scale, int] = {"smoke": 2, "laptop": 4, "paper": 8}
SIZES: dict[Scale, tuple[float, ...]] = {
    "smoke": (0.25, 0.5, 0.75, 1.0, 1.5, 5.0),
    "laptop": (0.2, 0.35, 0.5, 0.7, 0.9, 1.0, 1.1, 1.4, 2.0, 3.0, 5.0),
    "paper": (0.2, 0.35, 0.5, 0.7, 0.9, 1.0, 1.1, 1.4, 1.7),
}
"""Examples, over features; digits have no more."""


def peak_factors(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Least squares on one number of random ReLU features, with ever more examples, whole and with a factor removed.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    p, parts = FEATURES[scale], SIZES[scale]
    noisy = dataset(data, train=p, test=HELD_OUT[scale], flat=True, label_noise=WRONG)
    whole = PeakAblation(noisy, p, steps=DRAWS[scale])
    sweep = {"data.train": tuple(round(part * p) for part in parts)}
    most = dataclasses.replace(whole, data=dataclasses.replace(noisy, train=sweep["data.train"][-1]))

    def without(name: str, what: str, says: str) -> Arm:
        return Arm(name, dataclasses.replace(whole, without=what), sweep=sweep, role="control", says=says)

    arms = (
        Arm(WHOLE, whole, sweep=sweep, says=f"{p} features, the smallest norm, {WRONG:.0%} of the labels wrong"),
        without(CUT, "small singular values", f"those below {whole.floor:g} of the largest one are dropped"),
        without(SAME, "new inputs", "tested at the inputs of the training, on their right labels"),
        without(LINEAR, "residuals", "training labels are those of the best linear fit to the test examples"),
        Arm(AT, whole, says="nothing removed"),
        Arm(MORE, most, role="control", says="nothing removed, with the most examples"),
    )
    return Phenomenon(
        name="peak_factors",
        title="Three factors of the peak",
        question="What does it take for the test error to peak where a model can just fit?",
        summary=(
            "The error of least squares is a sum over directions of the training inputs, and each term is a product: "
            "of the inverse of a singular value, of a test input along that direction, and of what the labels have "
            "along it that no linear function gives. If that is all, then the peak has to vanish with any one of the "
            "three: without small singular values, without new inputs, and without residuals."
        ),
        arms=arms,
        claims=claims(p),
        panels=panels(),
        sources=(
            (f"{SCHAEFFER}: Double descent demystified: identifying, interpreting and ablating the sources of a deep "
             "learning puzzle", "https://arxiv.org/abs/2303.14151"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
