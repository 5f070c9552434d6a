"""What is claimed of the rate of convergence, in units of λ₀, the smallest eigenvalue of the limiting kernel."""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    last_value,
    late_mean,
    log_log_slope,
    maximum,
    minimum,
)

DU = "Du et al. 2018, arXiv:1810.02054"

WIDE, MODEST, NARROW = "wide", "modest", "narrow"
CONFLICT, TWINS, WIDTHS, MEAN_FIELD = "one digit, two labels", "twins", "several widths", "mean field"
WIDTH, ANGLE = Setting("width"), Setting("angle")
LOSS, FORETOLD, BOUND, EXPONENT = (Measured(name) for name in ("loss", "foretold loss", "bound", "exponent"))
RATE, FORETOLD_RATE, LIMIT = (Measured(name) for name in ("rate", "foretold rate", "smallest eigenvalue of the limit"))
EIGENVALUE, DEPARTURE, MOVEMENT = (
    Measured(name) for name in ("smallest eigenvalue", "kernel departure", "neuron movement")
)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "the loss of a wide network stays below exp(-λ₀t) all along", DU,
            minimum(EXPONENT), AtLeast(1.0), region_from="source",
            on=WIDE, control=Breaks(NARROW), name="the-loss-stays-below-the-bound",
        ),
        Claim(
            "and the rate at which it ends up falling is that of the infinitely wide network, to a tenth",
            "theory: the kernel comes near its limit, and with it all of its eigenvalues",
            late_mean(RATE / FORETOLD_RATE), Between(0.9, 1.1), region_from="pilot",
            on=WIDE, control=Breaks(NARROW), name="the-rate-is-foretold",
        ),
        Claim(
            "with one digit twice and two labels for it the loss cannot reach zero: what these disagree by is left",
            "theory: the outputs for equal inputs are equal, so that one of 20 residuals stays twice",
            last_value(LOSS) * Setting("examples") / 2, Between(0.98, 1.02), region_from="pilot",
            on=CONFLICT, control=Breaks(WIDE), name="labels-that-conflict-stay",
        ),
        Claim(
            "the smallest eigenvalue never falls below half of its limit, though the network is far narrower than the "
            "proof asks",
            f"doubted of {DU}: that it takes n⁶/λ₀⁴ units",
            minimum(EIGENVALUE), AtLeast(0.5), region_from="source",
            on=MODEST, control=Breaks(NARROW), name="far-fewer-units-are-enough",
        ),
        Claim(
            "all along it comes near its limit as the network grows wider", DU,
            log_log_slope(maximum(DEPARTURE), WIDTH), AtMost(-0.25), region_from="pilot",
            on=WIDTHS, over="width", control=Breaks(MEAN_FIELD), name="the-eigenvalue-comes-near-its-limit",
        ),
        Claim(
            "since each unit moves by as little as one over the root of the width", DU,
            log_log_slope(last_value(MOVEMENT), WIDTH), Between(-0.6, -0.4), region_from="pilot",
            on=WIDTHS, over="width", control=Breaks(MEAN_FIELD), name="units-move-little",
        ),
        Claim(
            "how wide is wide enough depends on λ₀: between nearer twins training lowers the eigenvalue by more",
            f"{DU}: the width asked for grows as λ₀ falls",
            log_log_slope(minimum(EIGENVALUE), ANGLE), AtLeast(0.3), region_from="pilot",
            on=TWINS, over="angle",
            control=Breaks(TWINS, statistic=log_log_slope(first_value(EIGENVALUE), ANGLE), called="before training"),
            name="near-twins-need-more-width",
        ),
    )  # fmt: skip
