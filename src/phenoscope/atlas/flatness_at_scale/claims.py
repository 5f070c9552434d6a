"""What is claimed of flatness at scale; chance gives rank correlations around 0, so 0 is the edge."""

from phenoscope.claims import (
    Above,
    Below,
    Breaks,
    Claim,
    Measured,
    Statistic,
    correlation_trend,
    first_value,
    rank_correlation,
)

JIANG = "Jiang et al. 2019, arXiv:1912.02178"
ANDRIUSHCHENKO = "Andriushchenko et al. 2023, arXiv:2302.07011"
KADDOUR = "Kaddour et al. 2022, arXiv:2202.00661"

ALL, NARROW, WIDE = "all widths", "the narrowest", "the widest"
OVER, WIDTH = ("lr", "batch"), "model.width"
EVERY = (*OVER, WIDTH)
SHUFFLED = "gaps dealt out anew"

GAP = first_value(Measured("train accuracy") - Measured("test accuracy"))
SHARPNESS, SCALED = first_value(Measured("sharpness")), first_value(Measured("adaptive gaussian"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    plain = "the sharper the place the larger the gap (largest Hessian eigenvalue)"
    scaled = "the more the loss rises under noise in proportion to each weight, the larger the gap"
    weakens = f"{ANDRIUSHCHENKO}; {KADDOUR}"
    return (
        Claim(
            f"among the narrowest networks, {plain}", JIANG,
            rank_correlation(SHARPNESS, GAP), Above(0.0), region_from="theory",
            on=NARROW, over=OVER, control=_shuffled(SHARPNESS, NARROW), name="sharpness-goes-with-the-gap-if-narrow",
        ),
        Claim(
            f"among the widest networks, {plain}", JIANG,
            rank_correlation(SHARPNESS, GAP), Above(0.0), region_from="theory",
            on=WIDE, over=OVER, control=_shuffled(SHARPNESS, WIDE), name="sharpness-goes-with-the-gap-if-wide",
        ),
        Claim(
            "the wider the networks, the weaker the rank correlation between sharpness and the gap", weakens,
            correlation_trend(rank_correlation(SHARPNESS, GAP), across=WIDTH), Below(0.0), region_from="theory",
            on=ALL, over=EVERY, control=_shuffled_trend(SHARPNESS), name="sharpness-says-less-at-scale",
        ),
        Claim(
            f"among the narrowest networks, {scaled}", ANDRIUSHCHENKO,
            rank_correlation(SCALED, GAP), Above(0.0), region_from="theory",
            on=NARROW, over=OVER, control=_shuffled(SCALED, NARROW), name="scaled-sharpness-goes-with-it-if-narrow",
        ),
        Claim(
            f"among the widest networks, {scaled}", ANDRIUSHCHENKO,
            rank_correlation(SCALED, GAP), Above(0.0), region_from="theory",
            on=WIDE, over=OVER, control=_shuffled(SCALED, WIDE), name="scaled-sharpness-goes-with-it-if-wide",
        ),
        Claim(
            "the wider the networks, the weaker the rank correlation between the rise under scaled noise and the gap",
            weakens,
            correlation_trend(rank_correlation(SCALED, GAP), across=WIDTH), Below(0.0), region_from="theory",
            on=ALL, over=EVERY, control=_shuffled_trend(SCALED), name="scaled-sharpness-says-less-at-scale",
        ),
    )  # fmt: skip


def _shuffled(measure: Statistic, arm: str) -> Breaks:
    """The same models with their gaps dealt out anew: what chance makes of as many."""
    return Breaks(arm, statistic=rank_correlation(measure, GAP, shuffled=True), called=SHUFFLED)


def _shuffled_trend(measure: Statistic) -> Breaks:
    dealt = rank_correlation(measure, GAP, shuffled=True)
    return Breaks(ALL, statistic=correlation_trend(dealt, across=WIDTH), called=SHUFFLED)
