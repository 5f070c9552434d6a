"""What is claimed of where fits put the noise of their labels."""

from phenoscope.claims import (
    Above,
    AtMost,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    hump_across,
    last_value,
    log_log_slope,
    peak_place,
    rank_correlation,
)

MUTHUKUMAR = "Muthukumar et al. 2019, arXiv:1903.09139"
NAKKIRAN = "Nakkiran et al. 2019, arXiv:1912.02292"
EXACT = "theory: the fit is linear in the labels"

WAVES, MANY, MOST = "waves", "more waves than examples", "ten times as many"
STEEP, STEEP_MOST, RIDGE = "steep weights", "ten times as many, steep", "ridge"
NOISY, CLEAN, BEYOND, BEYOND_CLEAN = "wrong labels", "right labels", "wrong labels, wide", "right labels, wide"
ABSORBED, ABSORBED_BEYOND = "with and without wrong labels", "with and without wrong labels, wide"

FEATURES, WIDTH = Setting("features"), Setting("model.width")
ENERGY, EXPECTED = last_value(Measured("noise energy")), last_value(Measured("expected noise energy"))
HIGH, EXPECTED_HIGH = last_value(Measured("high share")), last_value(Measured("expected high share"))
BIAS = last_value(Measured("signal error"))
ELSEWHERE, THERE = last_value(Measured("change elsewhere")), last_value(Measured("change at wrong labels"))
FEATURES_OVER, OVER = "features", "model.width"


def claims(examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        examples: n, of the waves.
    """
    return (*_energy(examples), *_frequency(), *_networks())


def _energy(examples: int) -> tuple[Claim, ...]:
    """How much of the noise is there between the examples?"""
    return (
        Claim(
            "what the noise alone becomes, at every number of waves, is what the fit's matrix says, to a fifth", EXACT,
            ENERGY / EXPECTED, Between(0.8, 1.25), region_from="pilot", on=WAVES, each="features",
            name="the-energy-is-exact",
        ),
        Claim(
            "the noise between the examples is largest with as many waves as examples", MUTHUKUMAR,
            peak_place(ENERGY, FEATURES), Between(0.85 * examples, 1.15 * examples), region_from="theory",
            on=WAVES, over=FEATURES_OVER, control=Breaks(RIDGE), name="noise-peaks-at-the-threshold",
        ),
        Claim(
            "beyond that it falls, at least like the number of waves to the power of -0.5", MUTHUKUMAR,
            log_log_slope(ENERGY, FEATURES), Below(-0.5), region_from="pilot", on=MANY, over=FEATURES_OVER,
            control=Breaks(STEEP), name="more-waves-absorb-it",
        ),
    )  # fmt: skip


def _frequency() -> tuple[Claim, ...]:
    """Where is what is left of it?"""
    return (
        Claim(
            "with ten times as many waves as examples at least two fifths of it have frequencies that the examples "
            "cannot show", MUTHUKUMAR,
            HIGH, Above(0.4), region_from="pilot", on=MOST, control=Breaks(STEEP_MOST), name="noise-goes-to-spikes",
        ),
        Claim(
            "that share is what the fit's matrix says, to a tenth", EXACT,
            HIGH / EXPECTED_HIGH, Between(0.85, 1.15), region_from="pilot", on=MOST, name="the-share-is-exact",
        ),
    )  # fmt: skip


def _networks() -> tuple[Claim, ...]:
    """Do networks do the same?"""
    return (
        Claim(
            "what wrong labels change in a network's answers to new inputs has a peak on the way to wide networks, of "
            "at least 1.1 times what it is on both sides", NAKKIRAN,
            hump_across(ELSEWHERE, WIDTH), Above(1.1), region_from="pilot", on=ABSORBED, over=OVER,
            name="networks-have-the-peak",
        ),
        Claim(
            "beyond it a wider network changes hardly ever more elsewhere, though it gives the wrong labels all the "
            "same", NAKKIRAN,
            rank_correlation(WIDTH, ELSEWHERE), AtMost(-0.7), region_from="pilot", on=ABSORBED_BEYOND, over=OVER,
            control=Breaks(ABSORBED_BEYOND, statistic=rank_correlation(WIDTH, THERE), called="at the wrong labels"),
            name="wide-networks-absorb-it",
        ),
    )  # fmt: skip
