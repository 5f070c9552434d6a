"""What is claimed of wide networks far past the fit; a pilot set how near the limits they are by then."""

from phenoscope.claims import AtLeast, Below, Breaks, Claim, Measured, last_value

CHIZAT = "Chizat and Bach 2020, arXiv:2002.04486"

BOTH, OUTPUT, LARGE = "both layers", "outputs alone", "both layers, large start"

VARIATION, KERNEL, DIRECTIONS = (
    last_value(Measured(name)) for name in ("variation share", "kernel share", "directions")
)
FITTED = last_value(Measured("error")) <= 0.0


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "both layers, from a small start, come to at least 0.98 of the largest margin in the variation norm",
            CHIZAT,
            VARIATION, AtLeast(0.98), region_from="pilot", on=BOTH, given=FITTED, control=Breaks(OUTPUT),
            name="both-layers-variation-margin",
        ),
        Claim(
            "the outputs alone come to at least 0.98 of the largest margin of their kernel", CHIZAT,
            KERNEL, AtLeast(0.98), region_from="pilot", on=OUTPUT, given=FITTED,
            control=Breaks(OUTPUT, statistic=VARIATION, called="in the variation norm"), name="outputs-kernel-margin",
        ),
        Claim(
            "where both layers are trained fewer than 4 directions carry the network", CHIZAT,
            DIRECTIONS, Below(4.0), region_from="pilot", on=BOTH, given=FITTED, control=Breaks(OUTPUT),
            name="few-directions",
        ),
        Claim(
            "it takes the small start: from a large one they are below 0.8 of that margin after as many steps", CHIZAT,
            VARIATION, Below(0.8), region_from="pilot", on=LARGE, given=FITTED, control=Breaks(BOTH),
            name="a-large-start-delays",
        ),
    )  # fmt: skip
