"""The right side of the peak: how the test loss of ever larger models comes to its limit."""

import dataclasses

from phenoscope.atlas.growing import WRONG, noisy
from phenoscope.atlas.right_side_power_law.claims import (
    CLEAN,
    CLEAN_FAR,
    CLEAN_NEAR,
    GEIGER,
    KAPLAN,
    LEFT,
    NAKKIRAN,
    NOISY,
    NOISY_FAR,
    NOISY_NEAR,
    claims,
)
from phenoscope.atlas.right_side_power_law.panels import panels
from phenoscope.methods import FeatureLimit
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

EXAMPLES: dict[Scale, int] = {"smoke": 40, "laptop": 150, "paper": 600}
DRAWS: dict[Scale, int] = {"smoke": 2, "laptop": 4, "paper": 8}
BELOW, NEAR, FAR = (0.1, 0.2, 0.3, 0.4, 0.5), (1.1, 1.25, 1.5, 2.0), (4.0, 8.0, 16.0, 32.0)
"""Features, over examples."""


def right_side_power_law(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Random ReLU features with the smallest norm, from the threshold to 32 times as many as examples.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: a data set by name.
    """
    n = EXAMPLES[scale]
    wrong = FeatureLimit(noisy(scale, data, n), n, steps=DRAWS[scale])
    right = dataclasses.replace(wrong, data=dataclasses.replace(wrong.data, label_noise=0.0))

    def sizes(*parts: float) -> dict[str, tuple[int, ...]]:
        return {"features": tuple(round(part * n) for part in parts)}

    whole, some = "all with more features than examples", f"{WRONG:.0%} of the labels wrong"
    arms = (
        Arm(CLEAN, right, sweep=sizes(*NEAR, *FAR), says=f"all labels right; {whole}"),
        Arm(NOISY, wrong, sweep=sizes(*NEAR, *FAR), says=f"{some}; {whole}"),
        Arm(CLEAN_FAR, right, sweep=sizes(*FAR), says="all labels right; from four times as many as examples on"),
        Arm(NOISY_FAR, wrong, sweep=sizes(*FAR), says=f"{some}; from four times as many as examples on"),
        Arm(CLEAN_NEAR, right, sweep=sizes(*NEAR), says="all labels right; up to twice as many as examples"),
        Arm(NOISY_NEAR, wrong, sweep=sizes(*NEAR), says=f"{some}; up to twice as many as examples"),
        Arm(LEFT, wrong, sweep=sizes(*BELOW), role="control", says=f"{some}; at most half as many as examples"),
    )
    return Phenomenon(
        name="right_side_power_law",
        title="The right side of the peak",
        question="By what law do ever larger models approach the infinite one, and how near to the peak does it hold?",
        summary=(
            "Laws of scale say that what a model loses by its size falls like a power of that size, and they are drawn "
            "from models far beyond the threshold. Random features have a limit that can be computed, so that no "
            "asymptote need be fitted, which makes much look like a power law. How steep the approach is, far out and "
            "next to the threshold, with wrong labels and without, is judged apart."
        ),
        arms=arms,
        claims=claims(n),
        panels=panels(n),
        sources=(
            (f"{GEIGER}: Scaling description of generalization with number of parameters in deep learning",
             "https://arxiv.org/abs/1901.01608"),
            (f"{KAPLAN}: Scaling laws for neural language models", "https://arxiv.org/abs/2001.08361"),
            (f"{NAKKIRAN}: Deep double descent: where bigger models and more data hurt",
             "https://arxiv.org/abs/1912.02292"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip
