"""What is claimed of products of matrices against penalties; a pilot set the regions."""

from phenoscope.claims import Above, Below, Breaks, Claim, Measured, last_value, mean

ACCELERATION = "Arora, Cohen and Hazan 2018, arXiv:1802.06509"
DEEP = "Arora et al. 2019, arXiv:1905.13655"
CONJECTURE = "Gunasekar et al. 2017, arXiv:1705.09280"

THREE, TWO, ONE, LARGE = "three factors", "two factors", "one factor", "large start"
NEARLY_ALL = "nearly all entries"
FIELDS = {depth: f"velocity of {name}" for depth, name in ((1, "one factor"), (2, "two"), (3, "three"))}

DISTANCE, NUCLEAR = last_value(Measured("distance")), last_value(Measured("nuclear norm"))
RANKS = last_value(Measured("effective rank")) / last_value(Measured("rank of the least norm"))
NEARER = last_value(Measured("error of the least norm")) - last_value(Measured("error"))
ROTATION = mean(Measured("rotation"))
FITS = last_value(Measured("log loss")) < -8


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "a product of three matrices that fits half of the entries ends more than a tenth away from the matrix of "
            "the least nuclear norm", DEEP,
            DISTANCE, Above(0.1), region_from="pilot", on=THREE, given=FITS, control=Breaks(NEARLY_ALL),
            name="another-matrix",
        ),
        Claim(
            "its nuclear norm is more than 1 % larger than it would need to be", DEEP,
            NUCLEAR, Above(1.01), region_from="pilot", on=THREE, given=FITS, control=Breaks(NEARLY_ALL),
            name="a-larger-norm",
        ),
        Claim(
            "its effective rank is below 0.9 of that of the matrix of the least norm", DEEP,
            RANKS, Below(0.9), region_from="pilot", on=THREE, given=FITS, control=Breaks(ONE), name="a-smaller-rank",
        ),
        Claim(
            "it is nearer to the matrix whose entries they are, by more than 0.05 of its length", DEEP,
            NEARER, Above(0.05), region_from="pilot", on=THREE, given=FITS, control=Breaks(LARGE), name="nearer",
        ),
        Claim(
            "two factors from a small start are not at the least nuclear norm either, more than 0.05 away", CONJECTURE,
            DISTANCE, Above(0.05), region_from="pilot", on=TWO, given=FITS, control=Breaks(NEARLY_ALL),
            name="two-factors-neither",
        ),
        *(
            Claim(
                f"the velocity of a product of {depth} matrices is downhill on no function: more than a twentieth of "
                "its Jacobian is antisymmetric", ACCELERATION,
                ROTATION, Above(0.05), region_from="pilot", on=FIELDS[depth], control=Breaks(FIELDS[1]),
                name=f"downhill-on-nothing-{depth}",
            )
            for depth in (2, 3)
        ),
    )  # fmt: skip
