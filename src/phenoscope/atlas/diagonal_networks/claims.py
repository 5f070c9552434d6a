"""What is claimed of diagonal linear networks: theory says where each start ends, a pilot how near that is."""

from phenoscope.claims import (
    Above,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    largest,
    last_value,
    log_log_slope,
)

WOODWORTH = "Woodworth et al. 2020, arXiv:2002.09277"
PESME = "Pesme et al. 2021, arXiv:2106.09524"
EVEN = "Even et al. 2023, arXiv:2302.08982"
HAOCHEN = "HaoChen et al. 2020, arXiv:2006.08680"

SCALES, LARGE, SINGLE, FULL = "starts", "large start", "single examples, step sizes", "all examples, step sizes"
NOISY, FIXED, QUIET, ERASED = "fresh label noise", "fixed label noise", "no label noise", "starts, fresh label noise"

SCALE, RATE = Setting("scale"), Setting("rate")
ERROR, SHRINKAGE = last_value(Measured("error")), last_value(Measured("shrinkage"))
FORETOLD_ERROR = last_value(Measured("foretold error"))
FORETOLD, TO_L2 = last_value(Measured("distance to foretold")), last_value(Measured("distance to l2"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_starts(), *_steps(), *_noise())


def _starts() -> tuple[Claim, ...]:
    """What the scale of the start decides."""
    return (
        Claim(
            "small steps end at the solution that the hyperbolic entropy of the start foretells: to 2 % at every scale",
            WOODWORTH, largest(FORETOLD), AtMost(0.02), region_from="pilot", on=SCALES, over="scale",
            control=Breaks(SCALES, statistic=largest(TO_L2), called="from the shortest solution"),
            name="ends-as-foretold",
        ),
        Claim(
            "the smaller the start the nearer to the sparse truth: the error grows like a power of it above 0.3",
            WOODWORTH, log_log_slope(ERROR, SCALE), Above(0.3), region_from="pilot", on=SCALES, over="scale",
            name="small-starts-are-sparse",
        ),
        Claim(
            "a large start ends at the shortest solution, to 1 %", WOODWORTH,
            TO_L2, AtMost(0.01), region_from="pilot", on=LARGE, control=Breaks(QUIET), name="large-starts-are-short",
        ),
    )  # fmt: skip


def _steps() -> tuple[Claim, ...]:
    """What the size of the step decides, with and without the noise of single examples."""
    return (
        Claim(
            "steps for single examples shrink what the start has set, in proportion to their size: as a power of it "
            "between 0.8 and 1.3", f"{PESME}; theory of small steps: 1",
            log_log_slope(SHRINKAGE, RATE), Between(0.8, 1.3), region_from="pilot", on=SINGLE, over="rate",
            name="shrinks-with-the-step",
        ),
        Claim(
            "by as much as the losses on the way foretell: 0.6 to 1.2 of it at every step size", PESME,
            SHRINKAGE / last_value(Measured("foretold shrinkage")), Between(0.6, 1.2), region_from="pilot", on=SINGLE,
            each="rate", name="shrinks-as-foretold",
        ),
        Claim(
            "so with single examples the error falls with the step size", PESME,
            log_log_slope(ERROR, RATE), Below(0.0), on=SINGLE, over="rate", control=Breaks(FULL),
            name="large-stochastic-steps-help",
        ),
        Claim(
            "with all examples it rises with the step size", EVEN,
            log_log_slope(ERROR, RATE), Above(0.0), on=FULL, over="rate", control=Breaks(SINGLE),
            name="large-full-steps-hurt",
        ),
    )  # fmt: skip


def _noise() -> tuple[Claim, ...]:
    """What noise on the labels decides."""
    return (
        Claim(
            "label noise that is drawn anew at each step, and then left out, ends at the sparse truth: error at most "
            "0.05 from every start", HAOCHEN,
            largest(ERROR), AtMost(0.05), region_from="pilot", on=ERASED, over="scale",
            control=Breaks(SCALES, statistic=largest(ERROR), called="starts, no noise"), name="label-noise-finds-it",
        ),
        Claim(
            "it has to be fresh: after noise that was drawn once the error is above 0.3", HAOCHEN,
            ERROR, Above(0.3), region_from="pilot", on=FIXED, control=Breaks(NOISY), name="fixed-noise-does-not",
        ),
        Claim(
            "it ends at the solution that the start as it has shrunk foretells, to 5 %", PESME,
            last_value(Measured("distance to shrunken")), AtMost(0.05), region_from="pilot", on=NOISY,
            control=Breaks(NOISY, statistic=FORETOLD, called="from the solution of the start as it was"),
            name="noise-acts-as-a-smaller-start",
        ),
    )  # fmt: skip
