"""What is claimed of the batch size: trends from the smallest batch to all examples."""

from phenoscope.atlas.papers import KESKAR
from phenoscope.claims import Above, Between, Breaks, Claim, Measured, Setting, last_value, log_log_slope, slope

HOFFER = "Hoffer, Hubara, Soudry 2017, arXiv:1705.08741"

SHARPNESS, ADAPTIVE = Measured("sharpness"), Measured("adaptive worst case")
TRAIN, TEST, LOSS, BATCH = Measured("train accuracy"), Measured("test accuracy"), Measured("loss"), Setting("batch")

EPOCHS, SCALED, STEPS = "matched epochs", "rate scaled with the batch", "matched steps"

MEASURES = {
    "sharpness": ("the largest eigenvalue", SHARPNESS),
    "adaptive": ("the largest rise of the loss for changes in proportion to each weight", ADAPTIVE),
}
HALF = 0.6
"""Half of the weaker of the two log-log slopes on the batch that a pilot had with matched epochs."""


def claims(full: int) -> tuple[Claim, ...]:
    """The claims: the trend, and what is left of it when the protocol changes; `full` is the number of examples."""
    fitted = last_value(TRAIN) >= 0.99
    gap = slope(last_value(TRAIN - TEST), BATCH / full)
    found: list[Claim] = []
    for slug, (what, measure) in MEASURES.items():
        power = log_log_slope(last_value(measure), BATCH)
        found.append(
            Claim(
                f"after as many epochs, {what} is higher the larger the batch", KESKAR, power, Above(0.0),
                on=EPOCHS, over="batch", given=fitted, control=Breaks(STEPS), name=f"{slug}-rises-with-the-batch",
            )
        )  # fmt: skip
        for arm, slug_of, when in ((STEPS, "steps", "after as many steps"), (SCALED, "rate", "at a scaled rate")):
            found.append(
                Claim(
                    f"{when}, most of the trend in {what} is gone: the log-log slope on the batch is within ±{HALF}",
                    HOFFER, power, Between(-HALF, HALF), region_from="pilot",
                    on=arm, over="batch", given=fitted, control=Breaks(EPOCHS),
                    name=f"{slug}-less-at-matched-{slug_of}",
                )
            )  # fmt: skip
    found.append(
        Claim(
            "after as many epochs, the gap between training and test accuracy rises with the batch", KESKAR,
            gap, Above(0.0),
            on=EPOCHS, over="batch", given=fitted, control=Breaks(STEPS), name="gap-rises-with-the-batch",
        )
    )  # fmt: skip
    for arm, slug_of, when in ((STEPS, "steps", "after as many steps"), (SCALED, "rate", "at a scaled rate")):
        found.append(
            Claim(
                f"{when}, the gap changes by less than one point from the smallest batch to all examples", HOFFER,
                gap, Between(-0.01, 0.01), region_from="pilot",
                on=arm, over="batch", given=fitted, control=Breaks(EPOCHS), name=f"gap-flat-at-matched-{slug_of}",
            )
        )  # fmt: skip
    return tuple(found)
