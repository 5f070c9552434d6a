"""What is claimed of rules on a line that fit their noise, or do not."""

from phenoscope.claims import (
    Above,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Region,
    Setting,
    last_value,
    log_log_slope,
)

MALLINAR = "Mallinar et al. 2022, arXiv:2207.06569"
LINES = "theory: between neighbours that are near each other the fit is a straight line"

NEAREST, SEVERAL, LAPLACE = "nearest example", "log n nearest", "Laplace kernel"
GAUSSIAN, EVEN, RIDGE = "Gaussian kernel", "Gaussian kernel, even inputs", "Gaussian kernel, ridge"

EXAMPLES = Setting("examples")
RISK, EXPECTED = last_value(Measured("risk")), last_value(Measured("expected risk"))
LIMIT = last_value(Measured("limit risk"))
OVER = "examples"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_classes(), *_levels())


def _classes() -> tuple[Claim, ...]:
    """What more examples do to the risk of each rule."""

    def judged(says: str, region: Region, on: str, control: str, name: str) -> Claim:
        return Claim(
            says, MALLINAR, log_log_slope(RISK, EXAMPLES), region, region_from="pilot", on=on, over=OVER,
            control=Breaks(control), name=name,
        )  # fmt: skip

    same = Between(-0.15, 0.15)
    return (
        judged(
            "the label of the nearest example neither gets better nor worse with more of them: tempered", same, NEAREST,
            SEVERAL, "the-nearest-is-tempered",
        ),
        judged(
            "the mean of the log n nearest, which does not fit, gets better: benign", Below(-0.15), SEVERAL, NEAREST,
            "several-are-benign",
        ),
        judged(
            "the exact fit with Laplace's kernel is tempered", same, LAPLACE, GAUSSIAN, "laplace-is-tempered",
        ),
        judged(
            "that with a Gaussian kernel gets worse with every example, at least like their number: catastrophic",
            Above(1.0), GAUSSIAN, LAPLACE, "gaussian-is-catastrophic",
        ),
        judged(
            "it is the near and the distant neighbours that ruin it: with inputs that are spread evenly the same "
            "kernel does not get worse", Below(0.25), EVEN, GAUSSIAN, "even-inputs-are-not-ruined",
        ),
        judged(
            "a ridge that does not shrink makes it benign", Below(-0.15), RIDGE, GAUSSIAN, "a-ridge-makes-it-benign",
        ),
    )  # fmt: skip


def _levels() -> tuple[Claim, ...]:
    """How much of the noise is left?"""
    return (
        Claim(
            "the nearest example costs the whole variance of the noise, to 15 %", MALLINAR,
            RISK / LIMIT, Between(0.85, 1.15), region_from="pilot", on=NEAREST, each="examples",
            name="the-nearest-costs-one",
        ),
        Claim(
            "Laplace's kernel costs two thirds of it, to 15 %: less than Gaussian features with its spectrum, which "
            "would cost all", LINES,
            RISK / LIMIT, Between(0.85, 1.15), region_from="pilot", on=LAPLACE, each="examples",
            control=Breaks(NEAREST, statistic=RISK / (LIMIT * (2 / 3)), called="the nearest example"),
            name="laplace-costs-two-thirds",
        ),
    )  # fmt: skip
