"""What is claimed of modes and their rates: the ten largest that hold 2 % of the targets, over their first fall."""

from phenoscope.claims import (
    AtLeast,
    AtMost,
    Breaks,
    Claim,
    Measured,
    Setting,
    Twin,
    last_value,
    log_log_slope,
)

JACOT = "Jacot et al. 2018, arXiv:1806.07572"
CAO = "Cao et al. 2019, arXiv:1912.01198"

WIDE, WIDTHS, NARROW, RICH, TAYLOR = "wide", "several widths", "narrow", "mean field", "Taylor expansion"
DEPARTURE, ORDER, SHARES = Measured("rate departure"), Measured("rate order"), Measured("share order")


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "in a wide network each of the ten largest modes decays at the rate of its eigenvalue, to 5 %", JACOT,
            last_value(DEPARTURE), AtMost(0.05), region_from="pilot",
            on=WIDE, control=Breaks(RICH), name="modes-decay-at-their-rates",
        ),
        Claim(
            "they are learned in the order of their eigenvalues: τ between rates and eigenvalues is at least 0.95", CAO,
            last_value(ORDER), AtLeast(0.95), region_from="pilot",
            on=WIDE, name="modes-are-learned-in-order",
            control=Breaks(WIDE, statistic=last_value(SHARES), called="by what each holds of the targets"),
        ),
        Claim(
            "the departure of the rates falls with the width, at least as its root", JACOT,
            log_log_slope(last_value(DEPARTURE), Setting("width")), AtMost(-0.4), region_from="theory",
            on=WIDTHS, over="width", name="rates-come-nearer-with-width",
        ),
        Claim(
            "of the Taylor expansion of a narrow network the rates are exact, to a thousandth",
            "theory: its tangent kernel is constant",
            last_value(DEPARTURE), AtMost(1e-3), region_from="theory",
            on=TAYLOR, control=Breaks(NARROW), name="frozen-rates-are-exact",
        ),
        Claim(
            "where features move the rates depart by half at least, however wide the network", JACOT,
            last_value(DEPARTURE), AtLeast(0.5), region_from="pilot",
            on=RICH, control=Breaks(WIDE), name="moving-features-learn-at-other-rates",
        ),
        Claim(
            "the order is less fragile than the rates: even there τ is at least 0.7",
            "observed in pilots; no source gives a number",
            last_value(ORDER), AtLeast(0.7), region_from="pilot",
            on=RICH, control=Twin(NARROW), name="the-order-survives",
        ),
    )  # fmt: skip
