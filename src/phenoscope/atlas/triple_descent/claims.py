"""What is claimed of random features of Gaussian inputs, from fewer examples than inputs to more than features."""

from phenoscope.claims import (
    Above,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    hump_across,
    hump_place,
    last_value,
    log_log_slope,
)

ASCOLI = "d'Ascoli, Sagun and Biroli 2020, arXiv:2006.03509"
SIMON = "Simon et al. 2023, arXiv:2311.14646"

FEW, MANY = "few examples", "many examples"
ABS_FEW, IDENTITY_MANY = "|x|, few examples", "linear, many examples"
CLEAN_FEW, CLEAN_MANY = "no noise, few examples", "no noise, many examples"
RIDGE = "ridge, many examples"
AT_INPUTS, AT_FEATURES = "ensembles, as many as inputs", "ensembles, as many as features"

EXAMPLES, MEMBERS = Setting("examples"), Setting("members")
RISK, PREDICTED = last_value(Measured("risk")), last_value(Measured("predicted risk"))
HUMP = hump_across(RISK, EXAMPLES)


def claims(dimensions: int, features: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        dimensions: D.
        features: P.
    """
    return (*_linear(dimensions), *_nonlinear(features), *_averaged(), _theory())


def _linear(dimensions: int) -> tuple[Claim, ...]:
    """The peak where the linear part just fits."""
    return (
        Claim(
            "with noise the risk peaks a first time, 1.2 times what it is on both sides, long before there are as many "
            "examples as features", ASCOLI,
            HUMP, Above(1.2), region_from="pilot", on=FEW, over="examples", control=Breaks(ABS_FEW),
            name="a-linear-peak",
        ),
        Claim(
            "that peak is at as many examples as inputs, where the linear part of the features just fits", ASCOLI,
            hump_place(RISK, EXAMPLES), Between(0.6 * dimensions, 1.6 * dimensions), region_from="pilot",
            on=FEW, over="examples", name="it-is-at-the-inputs",
        ),
        Claim(
            "it is made by noise: without any there is none", ASCOLI,
            HUMP, AtMost(1.1), region_from="pilot", on=CLEAN_FEW, over="examples", control=Breaks(FEW),
            name="noise-makes-the-linear-peak",
        ),
    )  # fmt: skip


def _nonlinear(features: int) -> tuple[Claim, ...]:
    """The peak where all features just fit."""
    return (
        Claim(
            "the risk peaks once more, at least 3 times what it is on both sides", ASCOLI,
            HUMP, Above(3.0), region_from="pilot", on=MANY, over="examples", control=Breaks(IDENTITY_MANY),
            name="a-nonlinear-peak",
        ),
        Claim(
            "that peak is at as many examples as features", ASCOLI,
            hump_place(RISK, EXAMPLES), Between(0.8 * features, 1.2 * features), region_from="pilot",
            on=MANY, over="examples", name="it-is-at-the-features",
        ),
        Claim(
            "it needs no noise, since what the inputs do beyond their linear part acts as noise", ASCOLI,
            HUMP, Above(1.5), region_from="pilot", on=CLEAN_MANY, over="examples", control=Breaks(CLEAN_FEW),
            name="the-nonlinear-peak-needs-none",
        ),
        Claim(
            "a ridge takes it away", ASCOLI,
            HUMP, AtMost(1.1), region_from="pilot", on=RIDGE, over="examples", control=Breaks(MANY),
            name="a-ridge-takes-it-away",
        ),
    )  # fmt: skip


def _averaged() -> tuple[Claim, ...]:
    """What the mean over draws of the features does."""
    exponent = log_log_slope(RISK, MEMBERS)
    return (
        Claim(
            "at the second peak the mean over draws of the features divides the risk nearly by their number: it is the "
            "variance of these draws", ASCOLI,
            exponent, Below(-0.6), region_from="pilot", on=AT_FEATURES, over="members", control=Breaks(AT_INPUTS),
            name="averaging-removes-the-nonlinear-peak",
        ),
        Claim(
            "at the first peak it hardly helps: that one is the noise of the labels", ASCOLI,
            exponent, Above(-0.3), region_from="pilot", on=AT_INPUTS, over="members", control=Breaks(AT_FEATURES),
            name="averaging-leaves-the-linear-peak",
        ),
    )  # fmt: skip


def _theory() -> Claim:
    return Claim(
        "from far fewer examples than features to more, the risk is what the eigenvalues predict, to a third", SIMON,
        RISK / PREDICTED, Between(0.75, 4 / 3), region_from="pilot", on=MANY, each="examples", name="as-predicted",
    )  # fmt: skip
