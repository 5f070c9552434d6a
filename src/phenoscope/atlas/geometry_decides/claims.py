"""What is claimed of steps and potentials of different geometry."""

from phenoscope.claims import AtLeast, AtMost, Below, Breaks, Claim, Measured, Statistic, last_value

GUNASEKAR = "Gunasekar et al. 2018, arXiv:1802.08246"
NACSON = "Nacson et al. 2018, arXiv:1803.01905"
ADAM_PAPER = "Zhang, Zou and Cao 2024, arXiv:2406.10650"

COORDINATE, STEEPEST, SIGN, ADAM = "coordinate descent", "gradient descent", "sign descent", "Adam without ε"
EUCLIDEAN, POWER, HYPERBOLIC = "mirror: squares", "mirror: powers of 1.5", "mirror: hyperbolic entropy"
LARGER = "mirror: powers of 1.5, other steps"


def share(norm: str) -> Statistic:
    """The margin at the end in a norm, over the largest one in it."""
    return last_value(Measured(f"{norm} share"))


def distance(mirror: str) -> Statistic:
    """From the solution that theory gives for a potential."""
    return last_value(Measured(f"distance to {mirror}"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_margins(), *_interpolants())


def _margins() -> tuple[Claim, ...]:
    """On data that can be separated."""
    own = [("coordinate", COORDINATE, "l1", STEEPEST), ("gradient", STEEPEST, "l2", COORDINATE),
           ("sign", SIGN, "linf", STEEPEST)]  # fmt: skip
    maximised = tuple(
        Claim(
            f"{rule} descent maximises the margin in its own norm, {norm}: to 0.95 of the largest one", GUNASEKAR,
            share(norm), AtLeast(0.95), region_from="pilot", on=arm, control=Breaks(other),
            name=f"{rule}-{norm}-margin",
        )
        for rule, arm, norm, other in own
    )  # fmt: skip
    return (
        *maximised,
        Claim(
            "Adam without ε goes where sign descent goes: to 0.9 of the largest l-infinity margin", ADAM_PAPER,
            share("linf"), AtLeast(0.9), region_from="pilot", on=ADAM, control=Breaks(STEEPEST),
            name="adam-linf-margin",
        ),
        Claim(
            "and not where gradient descent goes: its l2 margin stays below 0.9 of the largest one", ADAM_PAPER,
            share("l2"), Below(0.9), region_from="pilot", on=ADAM, control=Breaks(STEEPEST), name="adam-no-l2-margin",
        ),
    )  # fmt: skip


def _interpolants() -> tuple[Claim, ...]:
    """On a regression with fewer examples than coefficients."""
    pairs = [("squares", EUCLIDEAN, "euclidean", "power"), ("powers", POWER, "power", "euclidean"),
             ("entropy", HYPERBOLIC, "hyperbolic", "euclidean")]  # fmt: skip
    found = tuple(
        Claim(
            f"mirror descent of the {what} ends at the solution of the smallest divergence from its start, to 1e-3",
            GUNASEKAR, distance(own), AtMost(1e-3), region_from="pilot", on=arm,
            control=Breaks(arm, statistic=distance(other), called=f"from the solution of {other}"),
            name=f"{what}-foretold",
        )
        for what, arm, own, other in pairs
    )  # fmt: skip
    return (
        *found,
        Claim(
            "other sizes of the steps change nothing of it", GUNASEKAR,
            distance("power"), AtMost(1e-3), region_from="pilot", on=LARGER,
            control=Breaks(LARGER, statistic=distance("euclidean"), called="from the solution of euclidean"),
            name="steps-change-nothing",
        ),
    )  # fmt: skip
