"""What is claimed of the boundary of trainability; the mean over the whole picture and its zooms is judged."""

from phenoscope.claims import AtLeast, Between, Breaks, Claim, Measured, mean

SOHL_DICKSTEIN = "Sohl-Dickstein 2024, arXiv:2402.06184"
DIMENSION = Measured("boundary dimension")

NETWORK, FROZEN = "tanh network", "frozen features"


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the boundary of a network's trainability has a box-counting dimension between 1.1 and 1.95",
            SOHL_DICKSTEIN,
            mean(DIMENSION), Between(1.1, 1.95), region_from="pilot",
            on=NETWORK, control=Breaks(FROZEN), name="the-boundary-is-rough",
        ),
        Claim(
            "with frozen features the boundary is smooth: its box-counting dimension is between 0.85 and 1.1",
            "theory: training is a linear map; it converges where the largest eigenvalue, a smooth function, is small",
            mean(DIMENSION), Between(0.85, 1.1), region_from="pilot",
            on=FROZEN, control=Breaks(NETWORK), name="frozen-features-have-a-smooth-boundary",
        ),
        Claim(
            "more than four pixels away from the boundary, float32 and float64 agree on at least 99 % of all rates",
            "theory: away from the boundary training forgets its rounding errors",
            mean(Measured("agreement away from the boundary")), AtLeast(0.99), region_from="theory",
            on=NETWORK, name="precision-does-not-matter-away-from-it",
        ),
    )  # fmt: skip
