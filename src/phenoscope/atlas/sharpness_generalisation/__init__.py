"""Sharpness and generalisation: which measures of flatness rank models by their gap, and which only seem to."""

import dataclasses

from phenoscope.atlas.fitted import small_network, there, training
from phenoscope.atlas.sharpness_generalisation.claims import DINH, JIANG, MODELS, OVER, claims
from phenoscope.atlas.sharpness_generalisation.panels import panels
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Instruments, Rescaled
from phenoscope.training import GradientDescent, WeightDecay


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; `level` is the training loss at which all models are measured."""

    examples: int
    level: float
    steps: int
    rates: tuple[float, ...]
    batches: tuple[int, ...]
    widths: tuple[int, ...]
    decays: tuple[float, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(40, 0.3, 300, (0.1, 0.2, 0.3), (10,), (16, 32), (2e-3,)),
    "laptop": Size(300, 0.1, 3000, (0.06, 0.1, 0.15, 0.22, 0.32), (10, 20, 40), (64, 128), (0.0, 2e-3)),
    "paper": Size(1000, 0.1, 20_000, (0.02, 0.05, 0.1, 0.2, 0.4), (10, 30, 100), (128, 256, 512), (0.0, 1e-3)),
}

RAW = ("sharpness", "trace")
"""Made of plain derivatives: rescaling layers changes them."""
SCALED = ("adaptive_gaussian", "relative_flatness")
"""Free of the layers' scale."""


def sharpness_generalisation(scale: Scale) -> Phenomenon:
    """About 60 small ReLU networks a seed, over rate, batch, width and decay, measured at one training loss.

    A fifth of the training labels are wrong, so that there is a gap.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    rule = WeightDecay(GradientDescent(size.rates[0]), size.decays[0])
    trained = small_network(size.examples, size.widths[0], rule, steps=size.steps, batch=size.batches[0])
    sweep: dict[str, tuple[float, ...]] = dict(
        zip(OVER, (size.rates, size.batches, size.widths, size.decays), strict=True)
    )
    instruments = Instruments((*RAW, *SCALED, "gaussian_sharpness", "noise_scale"), every=2)
    probes = (Accuracy(every=2), instruments, Rescaled((*RAW, *SCALED), every=2, most=1000.0))
    arms = (
        training(trained, sweep, size.level),
        Arm(
            MODELS, there(trained), probes, sweep,
            says="each network there, and a copy of it whose layers are rescaled at random and whose outputs are the "
            "same",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="sharpness_generalisation",
        title="Sharpness and generalisation",
        question="Do flat minima generalise better, or do rates, batches and widths move both?",
        summary=(
            "Among networks that fit the training data equally well, those in flatter places are said to generalise "
            "better. Here many are trained to one loss, and each measure of flatness is asked whether it ranks them by "
            "their gap: over all models, among those that differ in a single setting, and on copies with the same "
            "function and rescaled layers, which a measure of the function must not tell apart."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{JIANG}: Fantastic generalization measures and where to find them", "https://arxiv.org/abs/1912.02178"),
            ("Dziugaite et al. 2020: In search of robust measures of generalization",
             "https://arxiv.org/abs/2010.11924"),
            ("Andriushchenko et al. 2023: A modern look at the relationship between sharpness and generalization",
             "https://arxiv.org/abs/2302.07011"),
            (f"{DINH}: Sharp minima can generalize for deep nets", "https://arxiv.org/abs/1703.04933"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
