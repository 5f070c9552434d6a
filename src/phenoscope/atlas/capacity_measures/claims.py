"""What is claimed of measures of capacity on both sides of the threshold; by chance rank correlations are around 0."""

from phenoscope.claims import (
    Above,
    Below,
    Breaks,
    Claim,
    Expression,
    Measured,
    Setting,
    Statistic,
    last_value,
    rank_correlation,
)

BELKIN = "Belkin et al. 2018, arXiv:1812.11118"
NEYSHABUR = "Neyshabur et al. 2017, arXiv:1706.08947"

FEW, MANY = "too small to fit", "large enough"
FEATURES_FEW, FEATURES_MANY = "fewer features than examples", "more features than examples"

WIDTH, FEATURES = Setting("model.width"), Setting("features")
LOSS = last_value(Measured("test loss"))
LENGTH, NORMALISED = last_value(Measured("weight norm")), last_value(Measured("margin norm"))
SHARPNESS, NORM = last_value(Measured("sharpness")), last_value(Measured("norm"))
NETWORKS = ("model.width", FEW, MANY)
LINEAR = ("features", FEATURES_FEW, FEATURES_MANY)
"""What is swept, and the arms on both sides of the threshold."""


def claims() -> tuple[Claim, ...]:
    """The claims."""
    measures = (
        ("the product of the weights' norms over the median margin", NORMALISED, "margin-norm", NEYSHABUR),
        ("the length of the weights", LENGTH, "length", NEYSHABUR),
        ("the sharpness", SHARPNESS, "sharpness", NEYSHABUR),
    )
    return (
        *_count("networks", WIDTH, NETWORKS),
        *_count("random features", FEATURES, LINEAR),
        *(claim for measure in measures for claim in _kept(*measure, NETWORKS)),
        *_kept("the length of the weights on random features", NORM, "features-length", BELKIN, LINEAR),
    )


def _count(what: str, count: Expression, sides: tuple[str, str, str]) -> tuple[Claim, ...]:
    """The number of parameters is right on one side and wrong on the other."""
    over, few, many = sides
    by_count = rank_correlation(count, LOSS)
    return (
        Claim(
            f"below the threshold the test loss of {what} rises with their number", BELKIN,
            by_count, Above(0.0), region_from="source", on=few, over=over, control=_chance(count, few),
            name=f"more-is-worse-{what.replace(' ', '-')}",
        ),
        Claim(
            f"above it the test loss of {what} falls with their number", BELKIN,
            by_count, Below(0.0), region_from="source", on=many, over=over, control=_chance(count, many),
            name=f"more-is-better-{what.replace(' ', '-')}",
        ),
    )  # fmt: skip


def _kept(what: str, measure: Statistic, name: str, source: str, sides: tuple[str, str, str]) -> tuple[Claim, ...]:
    """Does a measure order the models by their test loss on both sides?"""
    over, few, many = sides

    def right(where: str, on: str, end: str) -> Claim:
        return Claim(
            f"{where} the larger {what}, the larger the test loss", source,
            rank_correlation(measure, LOSS), Above(0.0), region_from="source", on=on, over=over,
            control=_chance(measure, on), name=f"{name}-{end}",
        )  # fmt: skip

    return right("below the threshold", few, "below"), right("above it", many, "above")


def _chance(measure: Statistic | Expression, on: str) -> Breaks:
    """The same models with their losses dealt out anew."""
    return Breaks(on, statistic=rank_correlation(measure, LOSS, shuffled=True), called="losses dealt out anew")
