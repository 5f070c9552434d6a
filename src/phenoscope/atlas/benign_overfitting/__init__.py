"""Benign overfitting: an exact fit of noisy labels that costs nothing, something, or everything, by the spectrum."""

import dataclasses

from phenoscope.atlas.benign_overfitting.claims import (
    BARTLETT,
    EXPONENTIAL,
    MALLINAR,
    POWER,
    RIDGE,
    SIMON,
    SPIKES,
    STEEPER,
    claims,
)
from phenoscope.atlas.benign_overfitting.panels import panels
from phenoscope.methods import SpectralRegression
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

EXAMPLES: dict[Scale, tuple[int, ...]] = {
    "smoke": (20, 40, 60), "laptop": (30, 60, 120, 240), "paper": (50, 100, 200, 400, 800),
}  # fmt: skip
DRAWS: dict[Scale, int] = {"smoke": 10, "laptop": 40, "paper": 100}


def benign_overfitting(scale: Scale) -> Phenomenon:
    """Regression of the smallest norm on features with several spectra, with ever more examples.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    counts = EXAMPLES[scale]
    benign = SpectralRegression(counts[-1], steps=DRAWS[scale])
    power, steeper = (dataclasses.replace(benign, spectrum="power", decay=alpha) for alpha in (1.5, 2.0))
    steepest = dataclasses.replace(benign, spectrum="exponential", decay=0.1)
    sweep = {"examples": counts}
    arms = (
        Arm(SPIKES, benign, sweep=sweep, says="5 eigenvalues of 1, and n^1.5 small ones that sum to 1"),
        Arm(POWER, power, sweep=sweep, says="eigenvalues i^-1.5"),
        Arm(STEEPER, steeper, sweep=sweep, says="eigenvalues i^-2"),
        Arm(EXPONENTIAL, steepest, sweep=sweep, says="eigenvalues e^(-i/10)"),
        Arm(
            RIDGE, dataclasses.replace(steepest, ridge=0.01), sweep=sweep, role="control",
            says="the same with a ridge of 0.01 n, which does not fit the noise",
        ),
        Arm(f"{POWER}, most examples", power, says="the one with most examples"),
        Arm(f"{STEEPER}, most examples", steeper, says="the one with most examples"),
    )  # fmt: skip
    return Phenomenon(
        name="benign_overfitting",
        title="Benign overfitting and its failures",
        question="When does it do no harm to fit noisy labels exactly?",
        summary=(
            "Among all exact fits of noisy data, the one of smallest norm must put the noise somewhere. With a long "
            "tail of weak features it goes into directions that hardly matter, and more examples make the fit as good "
            "as one without noise; with eigenvalues that fall like a power a fixed share of the noise stays; with "
            "exponential ones the fit gets worse with every example. The spectrum alone foretells which."
        ),
        arms=arms,
        claims=claims(benign.noise),
        panels=panels(),
        sources=(
            (f"{BARTLETT}: Benign overfitting in linear regression", "https://arxiv.org/abs/1906.11300"),
            (f"{MALLINAR}: Benign, tempered, or catastrophic: a taxonomy of overfitting",
             "https://arxiv.org/abs/2207.06569"),
            (f"{SIMON}: The eigenlearning framework: a conservation law perspective on kernel regression and wide "
             "neural networks", "https://arxiv.org/abs/2110.03922"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
