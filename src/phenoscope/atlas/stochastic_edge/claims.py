"""What is claimed of the stochastic edge."""

from phenoscope.atlas.papers import COHEN
from phenoscope.claims import (
    Above,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    late_mean,
    log_log_slope,
)

ANDREYEV = "Andreyev and Beneventano 2024, arXiv:2412.20553"

SHARPNESS, SAME, AGAINST = Measured("sharpness"), Measured("batch sharpness"), Measured("batch sharpness / threshold")
RATIOS, INDEPENDENT = Measured("mean of batch ratios"), Measured("independent batch sharpness")
LOSS, LR, BATCH = Measured("loss"), Setting("lr"), Setting("batch")
EDGE = SHARPNESS * LR / 2

MINI, FULL, SMALL = "mini-batches", "full batch", "small step"


def claims() -> tuple[Claim, ...]:
    """The claims; that of the source is judged at every batch, as it is said of all."""
    starts_below = first_value(EDGE) <= 0.5
    return (
        Claim(
            "over the last third of training the batch sharpness averages 0.85 to 1.15 times 2/η", ANDREYEV,
            late_mean(AGAINST), Between(0.85, 1.15), region_from="pilot",
            on=MINI, each="batch", given=starts_below, control=Breaks(SMALL), name="batch-sharpness-at-the-edge",
        ),
        Claim(
            "over the last third of training the sharpness of the whole loss is below 2/η", ANDREYEV,
            late_mean(EDGE), Below(1.0),
            on=MINI, each="batch", given=starts_below, control=Breaks(FULL), name="sharpness-below-the-edge",
        ),
        Claim(
            "the smaller the batch, the lower the late sharpness of the whole loss: it rises with the batch", ANDREYEV,
            log_log_slope(late_mean(SHARPNESS), BATCH), Above(0.0),
            on=MINI, over="batch", control=Breaks(SMALL), name="lower-the-smaller-the-batch",
        ),
        Claim(
            "across batches the late batch sharpness is the same: its log-log slope on the batch is within ±0.05",
            ANDREYEV,
            log_log_slope(late_mean(SAME), BATCH), Between(-0.05, 0.05), region_from="pilot",
            on=MINI, over="batch", control=Breaks(SMALL), name="the-same-at-every-batch",
        ),
        Claim(
            "gradient and curvature must be of one mini-batch: along the gradient of another it is curved less",
            ANDREYEV,
            late_mean(INDEPENDENT) / late_mean(SAME), Below(1.0),
            on=MINI, each="batch", control=Breaks(FULL), name="independent-batches-differ",
        ),
        Claim(
            "without noise the sharpness of the whole loss averages 0.9 to 1.15 times 2/η", COHEN,
            late_mean(EDGE), Between(0.9, 1.15), on=FULL, control=Breaks(SMALL), name="full-batch-at-its-edge",
        ),
        Claim(
            "with a small step the batch sharpness is below a half of 2/η over the last third of training", ANDREYEV,
            late_mean(AGAINST), Below(0.5), region_from="pilot",
            on=SMALL, each="batch", control=Breaks(MINI), name="small-step-stays-below",
        ),
    )  # fmt: skip
