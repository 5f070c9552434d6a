"""The code of a minimum: are flat ones shorter to say, and do short ones generalise?"""

import dataclasses

from phenoscope.atlas.fitted import fitted, small_network, there, training
from phenoscope.atlas.minimum_code.claims import HINTON, HOCHREITER, LABELS, MODELS, NOISE, OVER, SMITH, claims
from phenoscope.atlas.minimum_code.panels import panels
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale
from phenoscope.probes import Accuracy, Instruments, Loss, Rescaled
from phenoscope.training import GradientDescent

DINH = "Dinh et al. 2017"


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is; `level` is the training loss at which all models are measured."""

    examples: int
    level: float
    steps: int
    rates: tuple[float, ...]
    batches: tuple[int, ...]
    widths: tuple[int, ...]
    noise: tuple[float, ...]


SIZES: dict[Scale, Size] = {
    "smoke": Size(40, 1.4, 160, (0.2, 0.4), (10,), (5, 6), (0.0, 0.3)),
    "laptop": Size(150, 0.1, 5000, (0.05, 0.1, 0.2, 0.3), (10, 40), (12, 20), (0.0, 0.2, 0.4, 0.6)),
    "paper": Size(1000, 0.1, 20_000, (0.02, 0.05, 0.1, 0.2, 0.4), (10, 30, 100), (32, 64, 128), (0.0, 0.25, 0.5, 1.0)),
}
CODES = ("code_length", "adaptive_code_length")


def minimum_code(scale: Scale) -> Phenomenon:
    """Small ReLU networks over rate, batch and width, and over the share of wrong labels, measured at one loss.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    size = SIZES[scale]
    trained = small_network(
        size.examples, size.widths[0], GradientDescent(size.rates[1]), steps=size.steps, batch=size.batches[0],
        dtype="float64",
    )  # fmt: skip
    sweep: dict[str, tuple[float, ...]] = dict(zip(OVER, (size.rates, size.batches, size.widths), strict=True))
    wrong: dict[str, tuple[float, ...]] = {NOISE: size.noise}
    widest = dataclasses.replace(trained, model=dataclasses.replace(trained.model, width=size.widths[-1]))
    arms = (
        training(trained, sweep, size.level),
        Arm(
            MODELS, there(trained), (Accuracy(2), Instruments(("loss", *CODES), 2), Rescaled(CODES, 2)), sweep,
            says="each network there, and a copy of it whose layers are rescaled at random and whose outputs are the "
            "same",
        ),
        Arm(
            "training on wrong labels", widest, (Loss(every=20),), wrong, (fitted(size.level),),
            says="the wider network at one rate, with more and more of the labels drawn at random",
        ),
        Arm(
            LABELS, there(widest), (Accuracy(2), Instruments(("loss", *CODES), 2)), wrong,
            says="each of these where it fits its labels",
        ),
    )  # fmt: skip
    return Phenomenon(
        name="minimum_code",
        title="The code of a minimum",
        question="Does a flat minimum take fewer bits to describe, and do the shortest ones generalise best?",
        summary=(
            "A flat minimum may be described coarsely: what describes weights as finely as the loss asks, beside what "
            "describes the data given them, is the minimum description length's case for flatness, and the same number "
            "is Laplace's approximation of the Bayesian evidence. It rests on a prior for the weights. With a fixed "
            "one, rescaled layers change the length and not the function; with one that moves along they do not. Both "
            "lengths stand here side by side, for networks that fit the same labels equally well, and for labels that "
            "are more and more wrong."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(
            (f"{HOCHREITER}: Flat minima", "https://doi.org/10.1162/neco.1997.9.1.1"),
            (f"{HINTON}: Keeping neural networks simple by minimizing the description length of the weights",
             "https://doi.org/10.1145/168304.168306"),
            (f"{SMITH}: A Bayesian perspective on generalization and stochastic gradient descent",
             "https://arxiv.org/abs/1710.06451"),
            (f"{DINH}: Sharp minima can generalize for deep nets", "https://arxiv.org/abs/1703.04933"),
        ),
        scale=scale,
        pilot_seeds=PILOTS,
    )  # fmt: skip
