"""What is claimed of parametrisations; how near each limit is by then a pilot says, rank correlations start from 0."""

from phenoscope.claims import (
    Above,
    AtLeast,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Statistic,
    first_value,
    last_value,
    rank_correlation,
)

GUNASEKAR = "Gunasekar et al. 2018, arXiv:1806.00468"
MOROSHKO = "Moroshko et al. 2020, arXiv:2007.06738"
WU = "Wu et al. 2019, arXiv:1911.07956"
DOUBT = "doubt: no description carries over to deep networks that are not homogeneous"

PLAIN, DENSE, NORMALISED = "plain", "dense layers", "length and direction"
DIAGONAL, CONVOLUTION, LARGE = "diagonal", "convolution", "diagonal, large start"
DEEP, SHALLOW = "deep networks", "homogeneous networks"
OVER = ("lr", "model.init_scale")

L1, L2, FOURIER, BETWEEN, TO_L2 = (
    last_value(Measured(name))
    for name in ("l1 share", "l2 share", "fourier l1 share", "angle to another start", "angle to l2")
)
ERROR = first_value(1 - Measured("test accuracy"))
NORM, RANK = first_value(Measured("weight norm")), first_value(Measured("weight rank"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_linear(), *_networks())


def _linear() -> tuple[Claim, ...]:
    """Each way of writing a linear model, and its norm."""
    own = (
        (PLAIN, "written as it is, the model comes", "l2", L2, 0.98, GUNASEKAR, DIAGONAL),
        (DENSE, "as a matrix and a vector it comes", "l2", L2, 0.98, GUNASEKAR, CONVOLUTION),
        (NORMALISED, "as a length and a direction it comes", "l2", L2, 0.95, f"{WU}, for regressions", CONVOLUTION),
        (DIAGONAL, "as a product entry by entry it comes", "l1", L1, 0.85, GUNASEKAR, PLAIN),
        (CONVOLUTION, "as a convolution it comes", "spectrum's l1", FOURIER, 0.9, GUNASEKAR, PLAIN),
    )
    margins = tuple(
        Claim(
            f"{says} to at least {share:g} of the largest margin in the {norm} norm", source,
            statistic, AtLeast(share), region_from="pilot", on=arm, control=Breaks(other),
            name=f"{arm.replace(' ', '-')}-margin",
        )
        for arm, says, norm, statistic, share, source, other in own
    )  # fmt: skip
    return (
        *margins,
        Claim(
            "it is the way of writing and not the start: another start of the convolutions ends less than 0.25 radian "
            "away", GUNASEKAR,
            BETWEEN, Below(0.25), region_from="pilot", on=CONVOLUTION,
            control=Breaks(CONVOLUTION, statistic=TO_L2, called="from where plain weights end"),
            name="another-start-ends-there",
        ),
        Claim(
            "from a large start a product that is right on all examples is far from its margin after as many steps: "
            "below 0.8 of the largest one",
            MOROSHKO,
            L1, Below(0.8), region_from="pilot", on=LARGE, given=last_value(Measured("error")) <= 0.0,
            control=Breaks(DIAGONAL), name="a-large-start-delays",
        ),
    )  # fmt: skip


def _networks() -> tuple[Claim, ...]:
    """Whether what the norms and ranks say of linear models tells networks apart."""
    described = (("norm", NORM, "the longer the weights"), ("rank", RANK, "the higher their effective rank"))
    return (
        *(
            Claim(
                f"of {arm} at one training loss, {says}, the larger the test error", source,
                rank_correlation(measure, ERROR), Above(0.0), region_from="theory", on=arm, over=OVER,
                control=_shuffled(arm, measure), name=f"{name}-tells-{arm.replace(' ', '-')}-apart",
            )
            for arm, source in ((SHALLOW, f"after {GUNASEKAR}"), (DEEP, f"after {GUNASEKAR}"))
            for name, measure, says in described
        ),
        *(
            Claim(
                f"among deep networks from starts of one size, the {name} says next to nothing of the error", DOUBT,
                rank_correlation(measure, ERROR, within="lr"), Between(-0.3, 0.3), region_from="pilot", on=DEEP,
                over=OVER,
                control=Breaks(
                    DEEP, statistic=rank_correlation(measure, ERROR, within="model.init_scale"),
                    called="among those of one rate",
                ),
                name=f"{name}-within-starts",
            )
            for name, measure, _ in described
        ),
    )  # fmt: skip


def _shuffled(arm: str, measure: Statistic) -> Breaks:
    """The same networks with their errors dealt out anew."""
    return Breaks(arm, statistic=rank_correlation(measure, ERROR, shuffled=True), called="errors dealt out anew")
