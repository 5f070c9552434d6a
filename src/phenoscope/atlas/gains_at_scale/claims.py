"""What is claimed of averaged and sharpness-aware training at scale; signs are the sources'."""

from phenoscope.claims import (
    Above,
    Below,
    Breaks,
    Claim,
    Measured,
    Setting,
    Statistic,
    first_value,
    last_value,
    late_mean,
    log_log_slope,
)

IZMAILOV = "Izmailov et al. 2018, arXiv:1803.05407"
FORET = "Foret et al. 2021, arXiv:2010.01412"
KADDOUR = "Kaddour et al. 2022, arXiv:2202.00661"

ADAM, SWA, SAM = "tuned Adam", "tuned SWA", "tuned SAM"
WIDTHS = ", by width"
SWA_DATA, SAM_DATA = "SWA at equal cost", "SAM at equal cost"
SWA_WIDTH, SAM_WIDTH = SWA_DATA + WIDTHS, SAM_DATA + WIDTHS
RATIO = "test error against tuned Adam"
EXAMPLES, WIDTH = "data.train", "model.width"

LATE = 0.2
"""The last part of training over which test errors are averaged."""
OWN = (1 - last_value(Measured("averaged test accuracy"))) / (1 - late_mean(Measured("test accuracy"), LATE))


def claims() -> tuple[Claim, ...]:
    """The claims: what an average has over its own run, then what both rules have over a tuned baseline."""
    ratio = first_value(Measured(RATIO))
    return (
        Claim(
            "the average of the second half has a smaller test error than its own run has late in training", IZMAILOV,
            OWN, Below(1.0),
            on=SWA, each=EXAMPLES, control=Breaks(ADAM), name="better-than-its-own-run",
        ),
        *_at_scale(ratio, "SWA", SWA_DATA, SWA_WIDTH, IZMAILOV),
        *_at_scale(ratio, "SAM", SAM_DATA, SAM_WIDTH, FORET),
    )  # fmt: skip


def _at_scale(ratio: Statistic, rule: str, by_data: str, by_width: str, source: str) -> tuple[Claim, ...]:
    """Whether a rule is better than the tuned baseline, and whether that fades with data and with width."""
    return (
        Claim(
            f"at equal cost {rule} has a smaller test error than an Adam that was tuned as widely", source,
            ratio, Below(1.0),
            on=by_data, each=EXAMPLES, name=f"{rule.lower()}-beats-a-tuned-adam",
        ),
        Claim(
            f"what {rule} gains over the tuned Adam shrinks with more data", KADDOUR,
            log_log_slope(ratio, Setting(EXAMPLES)), Above(0.0),
            on=by_data, over=EXAMPLES, name=f"{rule.lower()}-gains-less-with-data",
        ),
        Claim(
            f"what {rule} gains over the tuned Adam shrinks in wider networks", KADDOUR,
            log_log_slope(ratio, Setting(WIDTH)), Above(0.0),
            on=by_width, over=WIDTH, name=f"{rule.lower()}-gains-less-with-width",
        ),
    )  # fmt: skip
