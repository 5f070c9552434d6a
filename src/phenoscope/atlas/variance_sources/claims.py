"""What is claimed of where the variance of random features comes from."""

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
    largest,
    last_value,
    log_log_slope,
    peak_place,
    slope,
)

ADLAM = "Adlam and Pennington 2020, arXiv:2011.03321"
ASCOLI = "d'Ascoli et al. 2020, arXiv:2003.01054"
NEAL = "Neal et al. 2018, arXiv:1810.08591"

NOISY, RIDGE, BEYOND = "a fifth wrong", "ridge", "beyond the threshold"
THRESHOLD, WIDE = "by the threshold", "ten times as many"
MORE_WRONG, MORE_WRONG_WIDE = "more wrong labels, by the threshold", "more wrong labels, ten times as many"

FEATURES, WRONG = Setting("features"), Setting("flipped")
RISK, ENSEMBLE = last_value(Measured("risk")), last_value(Measured("ensemble risk"))
BIAS, VARIANCE = last_value(Measured("bias")), last_value(Measured("variance"))
WITH_START = last_value(Measured("variance with start"))
WITH_EXAMPLES, WITH_LABELS = (last_value(Measured(f"variance with {name}")) for name in ("examples", "labels"))
FORETOLD, FORETOLD_BIAS, FORETOLD_TOGETHER, FORETOLD_START, FORETOLD_RISK, FORETOLD_ENSEMBLE = (
    last_value(Measured(f"predicted {name}"))
    for name in ("variance", "bias", "interaction", "variance with start", "risk", "ensemble risk")
)
TOGETHER = last_value(Measured("variance of examples and start")) + last_value(
    Measured("variance of examples and labels and start")
)


def claims(examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        examples: n.
    """
    return (*_peak(examples), *_sources(), *_cures(), *_theory())


def _peak(examples: int) -> tuple[Claim, ...]:
    """Which part of the risk it is."""
    return (
        Claim(
            "the variance is largest where there are as many features as examples", ADLAM,
            peak_place(VARIANCE, FEATURES), Between(0.7 * examples, 1.4 * examples), region_from="pilot",
            on=NOISY, over="features", control=Breaks(RIDGE), name="the-variance-peaks-at-the-threshold",
        ),
        Claim(
            "the peak is one of the variance: by the threshold the squared bias is at most a tenth of the risk",
            f"{ADLAM}; {NEAL}",
            BIAS / RISK, AtMost(0.1), region_from="pilot", on=THRESHOLD, control=Breaks(WIDE),
            name="the-peak-is-variance",
        ),
    )  # fmt: skip


def _sources() -> tuple[Claim, ...]:
    """What was drawn that makes it."""
    return (
        Claim(
            "it belongs to neither the examples nor the features: by the threshold more than half of the variance is "
            "in interactions of the two", ADLAM,
            TOGETHER / VARIANCE, Above(0.5), region_from="pilot", on=THRESHOLD, control=Breaks(WIDE),
            name="the-peak-is-an-interaction",
        ),
        Claim(
            "wrong labels raise the risk there, the more of them there are", f"{ADLAM}; {ASCOLI}",
            slope(RISK, WRONG), Above(0.0), region_from="source", on=MORE_WRONG, over="flipped",
            control=Breaks(MORE_WRONG_WIDE, by="difference"), name="wrong-labels-raise-it",
        ),
        Claim(
            "with ten times as many features as examples less than a quarter of the variance has to do with their draw",
            NEAL,
            WITH_START / VARIANCE, Below(0.25), region_from="pilot", on=WIDE, control=Breaks(THRESHOLD),
            name="width-ends-the-variance-of-the-start",
        ),
        Claim(
            "beyond the threshold the variance with the draw of features falls at least like their number to the power "
            "of -0.7", f"{NEAL}; {ASCOLI}",
            log_log_slope(WITH_START, FEATURES), Below(-0.7), region_from="pilot", on=BEYOND, over="features",
            control=Breaks(
                BEYOND, statistic=log_log_slope(WITH_EXAMPLES, FEATURES), called="the variance with the examples"
            ),
            name="it-falls-with-width",
        ),
    )  # fmt: skip


def _cures() -> tuple[Claim, ...]:
    """What removes it."""
    return (
        Claim(
            "by the threshold the mean over draws of the features has less than 0.35 of the risk of one", ASCOLI,
            ENSEMBLE / RISK, Below(0.35), region_from="pilot", on=THRESHOLD, control=Breaks(WIDE),
            name="ensembles-remove-it",
        ),
        Claim(
            "with a ridge the risk has no peak between", ADLAM,
            hump_across(RISK, FEATURES), AtMost(1.2), region_from="pilot", on=RIDGE, over="features",
            control=Breaks(NOISY), name="a-ridge-removes-it",
        ),
    )  # fmt: skip


def _theory() -> tuple[Claim, ...]:
    """How well it is foretold from the kernel's eigenvalues alone."""
    return (
        Claim(
            "with a ridge the variance is at no number of features more than 1.3 times what is foretold", ADLAM,
            largest(VARIANCE / FORETOLD), Below(1.3), region_from="pilot", on=RIDGE, over="features",
            control=Breaks(NOISY), name="no-larger-than-foretold",
        ),
        Claim(
            "nor is what is foretold more than 1.3 times the variance", ADLAM,
            largest(FORETOLD / VARIANCE), Below(1.3), region_from="pilot", on=RIDGE, over="features",
            name="no-smaller-than-foretold",
        ),
    )  # fmt: skip
