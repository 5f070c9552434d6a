"""What is claimed of the three factors of the peak."""

from phenoscope.claims import (
    Above,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    Statistic,
    last_value,
    peak_height,
    peak_place,
)

SCHAEFFER = "Schaeffer et al. 2023, arXiv:2303.14151"

WHOLE, CUT, SAME, LINEAR = "nothing removed", "no small singular values", "no new inputs", "no residuals"
AT, MORE = "as many examples as features", "five times as many"

EXAMPLES = Setting("data.train")
ERROR, SHARE = last_value(Measured("error")), last_value(Measured("share of the weakest"))
INVERSE, ALONG = last_value(Measured("largest inverse")), last_value(Measured("test along it"))
RESIDUAL = last_value(Measured("residual along it"))
OVER = "data.train"


def claims(features: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        features: P.
    """
    return (*_whole(features), *_removed())


def _whole(features: int) -> tuple[Claim, ...]:
    """Where is it, and through what?"""
    near = Between(0.85 * features, 1.15 * features)

    def placed(says: str, statistic: Statistic, name: str) -> Claim:
        return Claim(
            says, SCHAEFFER, peak_place(statistic, EXAMPLES), near, region_from="theory", on=WHOLE, over=OVER,
            control=Breaks(CUT), name=name,
        )  # fmt: skip

    return (
        placed("the test error is largest with as many examples as features", ERROR, "the-error-peaks"),
        placed("so is the inverse of the smallest singular value", INVERSE, "the-inverse-peaks"),
        Claim(
            "there the weakest direction of the data makes at least three tenths of all that residuals do to the error",
            SCHAEFFER,
            SHARE, Above(0.3), region_from="pilot", on=AT, control=Breaks(MORE), name="one-direction-makes-the-peak",
        ),
    )  # fmt: skip


def _removed() -> tuple[Claim, ...]:
    """Is each of the three needed?"""

    def needed(without: str, on: str) -> Claim:
        return Claim(
            f"{without} there is no peak: the error is nowhere more than 1.5 times what it is with fewer examples",
            SCHAEFFER,
            peak_height(ERROR, EXAMPLES), AtMost(1.5), region_from="pilot", on=on, over=OVER, control=Breaks(WHOLE),
            name=on.replace(" ", "-"),
        )  # fmt: skip

    return (
        needed("without small singular values", CUT),
        needed("tested where it was trained, on right labels,", SAME),
        needed("with training labels that a linear function gives", LINEAR),
    )
