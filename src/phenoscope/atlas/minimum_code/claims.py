"""What is claimed of the code of a minimum; chance gives rank correlations around 0, so 0 is the edge."""

import math

from phenoscope.claims import (
    Above,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Statistic,
    SweepStatistic,
    first_value,
    largest,
    rank_correlation,
)

HOCHREITER = "Hochreiter and Schmidhuber 1997, Neural Computation 9:1"
HINTON = "Hinton and van Camp 1993, COLT"
SMITH = "Smith and Le 2017, arXiv:1710.06451"
DINH = "Dinh et al. 2017, arXiv:1703.04933"

MODELS, LABELS = "models", "models of wrong labels"
OVER, NOISE = ("lr", "batch", "model.width"), "data.label_noise"

ERROR = first_value(1 - Measured("test accuracy"))
FIXED, ADAPTIVE = first_value(Measured("code length")), first_value(Measured("adaptive code length"))
RESCALED = first_value(Measured("rescaled code length"))
RESCALED_ADAPTIVE = first_value(Measured("rescaled adaptive code length"))
MESSAGE = first_value(Measured("code length") + Measured("loss") * Setting("data.train") / math.log(2))
"""Minus the log evidence, in bits: the code of the weights, and that of the labels."""
LR, WRONG = Setting("lr"), Setting(NOISE)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_lengths(), *_priors(), *_generalisation())


def _lengths() -> tuple[Claim, ...]:
    """What makes a code short."""
    return (
        Claim(
            "among models that differ in the learning rate alone, the larger the rate the shorter the code",
            HOCHREITER,
            rank_correlation(FIXED, LR, within="lr"), Below(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(FIXED, LR, "lr"), name="large-rates-find-short-codes",
        ),
        Claim(
            "with a prior of each layer's own size, too, the larger the rate the shorter the code", HOCHREITER,
            rank_correlation(ADAPTIVE, LR, within="lr"), Below(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(ADAPTIVE, LR, "lr"),
            name="large-rates-find-short-codes-under-an-adaptive-prior",
        ),
        Claim(
            "the more of the labels are wrong, the longer the code of the network that fits them", SMITH,
            rank_correlation(FIXED, WRONG), Above(0.0), region_from="theory",
            on=LABELS, over=NOISE, control=_shuffled(FIXED, WRONG, on=LABELS), name="wrong-labels-take-long-codes",
        ),
    )  # fmt: skip


def _priors() -> tuple[Claim, ...]:
    """What the prior does."""
    return (
        Claim(
            "with a fixed prior, rescaled layers and the same functions, the models come in another order", DINH,
            rank_correlation(RESCALED, FIXED), Below(0.5), region_from="pilot",
            on=MODELS, over=OVER,
            control=_read(rank_correlation(RESCALED_ADAPTIVE, ADAPTIVE), "with a prior of each layer's own size"),
            name="rescaling-reorders-under-a-fixed-prior",
        ),
        Claim(
            "with a prior that moves along, rescaled layers lengthen no code by more than a millionth of it",
            "theory: prior and posterior are rescaled alike, so that their divergence stays",
            largest(RESCALED_ADAPTIVE / ADAPTIVE), Between(1 - 1e-6, 1 + 1e-6), region_from="theory",
            on=MODELS, over=OVER, control=_read(largest(RESCALED / FIXED), "with a fixed prior"),
            name="rescaling-leaves-the-adaptive-code",
        ),
    )  # fmt: skip


def _generalisation() -> tuple[Claim, ...]:
    """Do short codes generalise?"""
    return (
        Claim(
            "over all models of one data set, the shorter the code the smaller the test error", HOCHREITER,
            rank_correlation(FIXED, ERROR), Above(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(FIXED, ERROR), name="short-codes-generalise",
        ),
        Claim(
            "over all models of one data set, the larger the evidence the smaller the test error", SMITH,
            rank_correlation(MESSAGE, ERROR), Above(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(MESSAGE, ERROR), name="the-evidence-ranks-by-test-error",
        ),
        Claim(
            "among models that differ in the learning rate alone, the shorter the code the smaller the test error",
            HOCHREITER,
            rank_correlation(FIXED, ERROR, within="lr"), Above(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(FIXED, ERROR, "lr"), name="short-codes-generalise-within-rates",
        ),
        Claim(
            "among networks of more and less wrong labels, the shorter the code the smaller the test error", SMITH,
            rank_correlation(FIXED, ERROR), Above(0.0), region_from="theory",
            on=LABELS, over=NOISE, control=_shuffled(FIXED, ERROR, on=LABELS), name="short-codes-have-right-labels",
        ),
    )  # fmt: skip


def _shuffled(x: Statistic, y: object, within: str | None = None, on: str = MODELS) -> Breaks:
    """The same models with one of the two dealt out anew: what chance makes of as many."""
    statistic = rank_correlation(x, y, within=within, shuffled=True)
    return Breaks(on, statistic=statistic, called="dealt out anew")


def _read(statistic: SweepStatistic, called: str) -> Breaks:
    """The same models, read otherwise."""
    return Breaks(MODELS, statistic=statistic, called=called)
