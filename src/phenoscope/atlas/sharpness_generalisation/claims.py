"""What is claimed of sharpness and generalisation; chance gives rank correlations around 0, so 0 is the edge."""

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
    rank_correlation,
)

JIANG = "Jiang et al. 2019, arXiv:1912.02178"
DZIUGAITE = "Dziugaite et al. 2020, arXiv:2010.11924"
ANDRIUSHCHENKO = "Andriushchenko et al. 2023, arXiv:2302.07011"
DINH = "Dinh et al. 2017, arXiv:1703.04933"

MODELS = "models"
SHUFFLED = "gaps dealt out anew"
OVER = ("lr", "batch", "model.width", "decay")

GAP = first_value(Measured("train accuracy") - Measured("test accuracy"))
SHARPNESS, TRACE = first_value(Measured("sharpness")), first_value(Measured("trace"))
UNDER_NOISE, SCALED = first_value(Measured("gaussian sharpness")), first_value(Measured("adaptive gaussian"))
RESCALED_SHARPNESS = first_value(Measured("rescaled sharpness"))
RESCALED_SCALED = first_value(Measured("rescaled adaptive gaussian"))
LR = Setting("lr")


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "over all models, the sharper the place the larger the gap (largest Hessian eigenvalue)", JIANG,
            rank_correlation(SHARPNESS, GAP), Above(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(SHARPNESS), name="sharpness-goes-with-the-gap",
        ),
        Claim(
            "over all models, the more the loss rises under noise in proportion to each weight, the larger the gap",
            ANDRIUSHCHENKO,
            rank_correlation(SCALED, GAP), Above(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(SCALED), name="scaled-sharpness-goes-with-the-gap",
        ),
        Claim(
            "among models that differ in the learning rate alone, the sharper the place the larger the gap", JIANG,
            rank_correlation(SHARPNESS, GAP, within="lr"), Above(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_shuffled(SHARPNESS, within="lr"), name="goes-with-the-gap-within-rates",
        ),
        Claim(
            "the learning rate itself ranks the models by their gap: the larger, the smaller", ANDRIUSHCHENKO,
            rank_correlation(LR, GAP), Below(0.0), region_from="theory",
            on=MODELS, over=OVER, control=_read(rank_correlation(LR, GAP, shuffled=True), SHUFFLED),
            name="the-rate-goes-with-the-gap",
        ),
        Claim(
            "sharpness goes with the learning rate: the larger the rate, the flatter the place", ANDRIUSHCHENKO,
            rank_correlation(SHARPNESS, LR), Below(-0.3), region_from="pilot",
            on=MODELS, over=OVER, control=_read(rank_correlation(SHARPNESS, LR, shuffled=True), "rates dealt out anew"),
            name="sharpness-goes-with-the-rate",
        ),
        Claim(
            "no measure holds on every axis: among models that differ in width alone, the more the loss rises under "
            "noise of one size, the smaller the gap", f"{DZIUGAITE}; the axis from a pilot",
            rank_correlation(UNDER_NOISE, GAP, within="model.width"), Below(0.0), region_from="pilot",
            on=MODELS, over=OVER,
            control=_read(rank_correlation(UNDER_NOISE, GAP, within="lr"), "the same within learning rates"),
            name="the-sign-flips-across-widths",
        ),
        Claim(
            "with layers rescaled at random, and the same functions, the sharpness does not rank the models by their "
            "gap any more", DINH,
            rank_correlation(RESCALED_SHARPNESS, GAP), Between(-0.3, 0.3), region_from="pilot",
            on=MODELS, over=OVER, control=_read(rank_correlation(SHARPNESS, GAP), "before rescaling"),
            name="rescaling-ends-the-correlation",
        ),
        Claim(
            "with layers rescaled at random, the sharpness puts the models in another order", DINH,
            rank_correlation(RESCALED_SHARPNESS, SHARPNESS), Below(0.5), region_from="pilot",
            on=MODELS, over=OVER, control=_read(rank_correlation(RESCALED_SCALED, SCALED), "under scaled noise"),
            name="rescaling-reorders-by-sharpness",
        ),
        Claim(
            "noise in proportion to each weight keeps the order of the models under rescaling",
            f"theory: the rescaled network under rescaled noise is the same function; {ANDRIUSHCHENKO}",
            rank_correlation(RESCALED_SCALED, SCALED), Above(0.9), region_from="theory",
            on=MODELS, over=OVER, control=_read(rank_correlation(RESCALED_SHARPNESS, SHARPNESS), "by sharpness"),
            name="rescaling-leaves-scaled-sharpness",
        ),
    )  # fmt: skip


def _shuffled(measure: Statistic, within: str | None = None) -> Breaks:
    """The same models with their gaps dealt out anew: what chance makes of as many."""
    return _read(rank_correlation(measure, GAP, within=within, shuffled=True), SHUFFLED)


def _read(statistic: SweepStatistic, called: str) -> Breaks:
    """The same models, read otherwise."""
    return Breaks(MODELS, statistic=statistic, called=called)
