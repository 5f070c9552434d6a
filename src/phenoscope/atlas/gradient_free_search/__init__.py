"""Gradient-free search: networks that were guessed until they fit generalise like those that descent found."""

import dataclasses

from phenoscope.atlas.gradient_free_search.claims import (
    CHIANG,
    DIFFERENCES,
    FAR,
    GRADIENT,
    GUESSED,
    LEVELS,
    MINGARD,
    PATTERN,
    RANDOM_STEPS,
    UNFITTED,
    claims,
    difference,
)
from phenoscope.atlas.gradient_free_search.panels import panels
from phenoscope.comparisons import Comparison
from phenoscope.data import dataset
from phenoscope.methods import SmallSearch
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale


@dataclasses.dataclass(frozen=True)
class Size:
    """How large each scale is.

    Attributes:
        examples, solutions: trained on, and sought.
        level: of the loss at which ways are compared.
        guesses, descent, tries: steps of guessing, of descent and of the searches.
    """

    examples: int
    solutions: int
    level: float
    guesses: int
    descent: int
    tries: int


SIZES: dict[Scale, Size] = {
    "smoke": Size(4, 4, 0.5, 2, 100, 100),
    "laptop": Size(12, 30, 0.42, 40, 800, 1500),
    "paper": Size(32, 100, 0.42, 20_000, 2000, 10_000),
}
FAR_LEVEL, HELD_OUT = 0.05, 300


def gradient_free_search(scale: Scale, *, classes: tuple[int, int] = (3, 8)) -> Phenomenon:
    """Tiny networks on a few digits of two classes, found by guessing, by random steps, by patterns and by descent.

    Args:
        scale: "smoke", "laptop" or "paper".
        classes: the two digits.
    """
    size = SIZES[scale]
    data = dataset("digits", train=size.examples, test=HELD_OUT, classes=tuple(classes), scaling="centre", flat=True)
    guessed = SmallSearch(data, "guess", size.level, solutions=size.solutions, steps=size.guesses)
    descended = dataclasses.replace(guessed, way="gradient", steps=size.descent)
    at = f"until {size.examples} examples are right and their loss is {size.level:g}"
    levels = (size.level, size.level + 0.06, size.level + 0.12)
    arms = (
        Arm(GUESSED, guessed, says=f"all weights drawn anew, {at}"),
        Arm(GRADIENT, descended, says=f"descent along the gradient, {at}"),
        Arm(RANDOM_STEPS, dataclasses.replace(guessed, way="random steps", steps=size.tries),
            says=f"random steps that are kept where the loss falls, {at}"),
        Arm(PATTERN, dataclasses.replace(guessed, way="pattern", steps=size.tries),
            says=f"steps along one weight at a time, {at}"),
        Arm(LEVELS, guessed, sweep={"level": levels}, says="guessing until the loss is as asked"),
        Arm(FAR, dataclasses.replace(descended, level=FAR_LEVEL, steps=2 * size.descent), role="control",
            says=f"descent until the loss is {FAR_LEVEL:g}"),
        Arm(UNFITTED, dataclasses.replace(guessed, way="unfitted"), role="control",
            says="weights drawn once, whether they fit or not"),
    )  # fmt: skip
    return Phenomenon(
        name="gradient_free_search",
        title="Gradient-free search",
        question="Do networks that fit a few examples generalise alike, whether descent found them or mere guessing?",
        summary=(
            "If gradient descent is what makes networks generalise, then networks that fit the same examples as well "
            "but were found without any gradient should not. Here all weights are drawn at random until the examples "
            "are fitted, or steps are tried blindly, and the solutions are compared with those of descent at the same "
            "training loss of the normalised network: a loss that is further down generalises better, whoever found it."
        ),
        arms=arms,
        claims=claims(),
        comparisons=tuple(
            Comparison(name, pair, difference, ("accuracy difference", "margin ratio"))
            for name, pair in DIFFERENCES.items()
        ),
        panels=panels(),
        sources=(
            (f"{CHIANG}: Loss landscapes are all you need: neural network generalization can be explained without the "
             "implicit bias of gradient descent", "https://openreview.net/forum?id=QC10RmRbZy9"),
            (f"{MINGARD}: Is SGD a Bayesian sampler? Well, almost", "https://arxiv.org/abs/2006.15191"),
        ),
        scale=scale,
        options={"classes": tuple(classes)},
        pilot_seeds=PILOTS,
    )  # fmt: skip
