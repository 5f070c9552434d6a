"""Noise absorption: where an exact fit of noisy labels puts the noise, in waves on a circle and in networks."""

import dataclasses

from phenoscope.atlas.growing import GROWING, WRONG, growing
from phenoscope.atlas.noise_absorption.claims import (
    ABSORBED,
    ABSORBED_BEYOND,
    BEYOND,
    BEYOND_CLEAN,
    CLEAN,
    MANY,
    MOST,
    MUTHUKUMAR,
    NAKKIRAN,
    NOISY,
    RIDGE,
    STEEP,
    STEEP_MOST,
    WAVES,
    claims,
)
from phenoscope.atlas.noise_absorption.measure import SERIES, changed
from phenoscope.atlas.noise_absorption.panels import panels
from phenoscope.comparisons import Comparison
from phenoscope.methods import NoiseAbsorption
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, HeldOutLoss

EXAMPLES: dict[Scale, int] = {"smoke": 21, "laptop": 61, "paper": 201}
DRAWS: dict[Scale, int] = {"smoke": 4, "laptop": 40, "paper": 100}
BELOW, ABOVE = (0.25, 0.5, 0.75, 0.9), (1.1, 1.25, 1.5, 2.0, 4.0, 10.0)
"""Waves, over examples."""
WIDE = 8
"""Hidden units, from which on the networks of the pilots fit nearly all labels."""


def noise_absorption(scale: Scale, *, data: str = "digits") -> Phenomenon:
    """Regression on waves, whose noise is followed by frequency, and pairs of networks with and without wrong labels.

    Args:
        scale: "smoke", "laptop" or "paper".
        data: what the networks learn, a data set by name.
    """
    n, size = EXAMPLES[scale], GROWING[scale]
    below, above = ([_odd(part * n) for part in parts] for parts in (BELOW, ABOVE))
    waves = NoiseAbsorption(n, examples=n, steps=DRAWS[scale])
    steep, most = dataclasses.replace(waves, falloff=2.0), dataclasses.replace(waves, features=above[-1])
    every, many = {"features": (*below, n, *above)}, {"features": tuple(above)}
    noisy, probes = growing(scale, data), (HeldOutLoss(every=size.every), Accuracy(every=size.every))
    clean = dataclasses.replace(noisy, data=dataclasses.replace(noisy.data, label_noise=0.0))
    widths, wide = {"model.width": size.widths}, {"model.width": tuple(w for w in size.widths if w >= WIDE)}
    arms = (
        Arm(WAVES, waves, sweep=every, says=f"{n} examples on a circle, the smallest norm, the lowest waves first"),
        Arm(MANY, waves, sweep=many, says="those of them with more waves than examples"),
        Arm(MOST, most, says="the one with most waves"),
        Arm(STEEP, steep, sweep=many, role="control", says="weights of the waves that fall like 1/k² with frequency"),
        Arm(STEEP_MOST, dataclasses.replace(most, falloff=2.0), role="control", says="the one with most waves"),
        Arm(
            RIDGE, dataclasses.replace(waves, ridge=0.03), sweep=every, role="control",
            says="a ridge of 0.03 of the largest squared singular value",
        ),
        Arm(NOISY, noisy, probes, widths, says=f"networks of growing width, {WRONG:.0%} of the labels wrong"),
        Arm(CLEAN, clean, probes, widths, says="the same starts and inputs, all labels right"),
        Arm(BEYOND, noisy, probes, wide, says=f"those with {WIDE} units or more"),
        Arm(BEYOND_CLEAN, clean, probes, wide, says=f"those with {WIDE} units or more"),
    )  # fmt: skip
    return Phenomenon(
        name="noise_absorption",
        title="Where the noise goes",
        question="What becomes of the noise of labels that are fitted exactly?",
        summary=(
            "A fit that is linear in its labels is a sum of two: what it makes of the signal, and what it makes of the "
            "noise. The second part, between the examples, is largest where the model can just fit, and falls in "
            "larger ones, which answer the noise by spikes that are too narrow to matter. That takes features with "
            "such spikes in them. Networks are asked the same by pairs that differ in their wrong labels alone."
        ),
        arms=arms,
        claims=claims(n),
        comparisons=(
            Comparison(ABSORBED, (NOISY, CLEAN), changed, SERIES),
            Comparison(ABSORBED_BEYOND, (BEYOND, BEYOND_CLEAN), changed, SERIES),
        ),
        panels=panels(),
        sources=(
            (f"{MUTHUKUMAR}: Harmless interpolation of noisy data in regression", "https://arxiv.org/abs/1903.09139"),
            (f"{NAKKIRAN}: Deep double descent: where bigger models and more data hurt",
             "https://arxiv.org/abs/1912.02292"),
        ),
        scale=scale,
        options={"data": data},
        pilot_seeds=PILOTS,
    )  # fmt: skip


def _odd(number: float) -> int:
    """The odd number next to it: a constant and pairs of waves."""
    return 2 * round((number - 1) / 2) + 1
