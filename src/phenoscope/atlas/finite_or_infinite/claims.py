"""What is claimed of finite and infinite width; errors are squared, on other digits.

A network is compared with the mean over all starts of infinitely wide networks trained for the same time ("foretold").
"""

from phenoscope.claims import (
    Above,
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Statistic,
    Twin,
    last_value,
    log_log_slope,
    ratio,
)

FINITE = "Lee et al. 2020, arXiv:2007.15801"
PROCESSES = "Lee et al. 2018, arXiv:1711.00165"
LEE = "Lee et al. 2019, arXiv:1902.06720"

NTK, NTK_WIDTHS = "NTK scaling", "NTK scaling, several widths"
CENTRED, CENTRED_WIDTHS = "centred", "centred, several widths"
FEATURES, FEATURES_WIDTHS = "maximal update", "maximal update, several widths"
STANDARD = "standard scaling"

WIDTH = Setting("width")
NETWORK, ENSEMBLE, FORETOLD, KERNEL, PROCESS = (
    last_value(Measured(f"{name} squared error")) for name in ("network", "ensemble", "foretold", "kernel", "process")
)
DISTANCE, DOUBT, CALIBRATION = (last_value(Measured(name)) for name in ("distance", "doubt order", "calibration"))
WORSE = ratio(NETWORK, FORETOLD)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "a wide network in the NTK parametrisation is worse than the mean of infinite width", FINITE,
            WORSE, Above(1.0), region_from="source",
            on=NTK, control=Breaks(CENTRED), name="the-limit-is-better-than-the-network",
        ),
        Claim(
            "what it lacks is to be rid of its start: less its first outputs its error is 1.5 times the mean's at most",
            f"{FINITE}; theory: the limit's variance between starts is all that of its outputs at the start",
            WORSE, AtMost(1.5), region_from="pilot",
            on=CENTRED, control=Breaks(NTK), name="it-is-the-start",
        ),
        Claim(
            "so, as it grows wider and keeps more of its start, it gets worse", LEE,
            log_log_slope(NETWORK, WIDTH), Above(0.0), region_from="pilot",
            on=NTK_WIDTHS, over="width", control=Breaks(CENTRED_WIDTHS), name="wider-is-worse-with-a-start",
        ),
        Claim(
            "a centred network comes near what is foretold as it grows wider, with an exponent of a quarter at least",
            LEE, log_log_slope(DISTANCE, WIDTH), AtMost(-0.25), region_from="pilot",
            on=CENTRED_WIDTHS, over="width", control=Breaks(NTK_WIDTHS), name="centred-networks-converge",
        ),
        Claim(
            "the mean of four networks has 0.6 of the error of one, or less: ensembles are more like the limit", FINITE,
            ratio(ENSEMBLE, NETWORK), AtMost(0.6), region_from="pilot",
            on=NTK, control=Breaks(CENTRED), name="ensembles-forget-the-start",
        ),
        Claim(
            "in the standard parametrisation a wide network's error is twice the mean's, at least", FINITE,
            WORSE, AtLeast(2.0), region_from="pilot",
            on=STANDARD, control=Breaks(FEATURES), name="so-it-is-in-the-standard-parametrisation",
        ),
        Claim(
            "even where features move, a network is worse than the mean of infinite width", FINITE,
            WORSE, Above(1.0), region_from="source",
            on=FEATURES, control=Breaks(NTK), name="features-do-not-make-up-for-it",
        ),
        Claim(
            "the Gaussian process is at least as good as the tangent kernel, if that is trained to the end", FINITE,
            ratio(PROCESS, KERNEL), AtMost(1.0), region_from="source",
            on=NTK, control=Twin(NTK, statistic=_wrong(), called="shares of wrong classes, the difference"),
            name="the-process-is-no-worse",
        ),
        Claim(
            "the process knows where it errs: the rank correlation of its variance and squared error is 0.3 at least",
            PROCESSES, DOUBT, AtLeast(0.3), region_from="pilot",
            on=NTK, control=Breaks(
                NTK, statistic=last_value(Measured("doubt order before data")), called="variance before the data",
            ),
            name="it-knows-where-it-errs",
        ),
        Claim(
            "and by how much, once the scale of its prior is fitted: squared errors are 2/3 to 3/2 of the variance",
            PROCESSES, CALIBRATION, Between(2 / 3, 1.5), region_from="pilot",
            on=NTK, control=Breaks(
                NTK, statistic=last_value(Measured("calibration as drawn")), called="with the scale of the network",
            ),
            name="it-knows-by-how-much",
        ),
    )  # fmt: skip


def _wrong() -> Statistic:
    process, kernel = (last_value(Measured(f"{name} error")) for name in ("process", "kernel"))
    return process - kernel
