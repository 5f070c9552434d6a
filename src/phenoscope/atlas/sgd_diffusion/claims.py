"""What is claimed of diffusion between minima; times are judged by their logarithms."""

from phenoscope.claims import Above, Between, Breaks, Claim, Measured, Setting, last_value, slope

XIE = "Xie et al. 2020, arXiv:2002.03495"
JASTRZEBSKI = "Jastrzębski et al. 2017, arXiv:1711.04623"
KRAMERS = "Kramers 1940, Physica 7:284"
BOLTZMANN = "theory: the stationary density of isotropic noise is Boltzmann's"

ISOTROPIC, SHAPED, EQUAL = "isotropic noise", "noise of the curvature's shape", "equal wells"
ISOTROPIC_2D, SHAPED_2D = "isotropic noise in the plane", "noise of the curvature's shape in the plane"

LEFT_FLAT, LEFT_SHARP = last_value(Measured("log escape time flat")), last_value(Measured("log escape time sharp"))
EXACT_FLAT = last_value(Measured("exact log escape time flat"))
EXACT_SHARP = last_value(Measured("exact log escape time sharp"))
SHARE, BY_BOLTZMANN = last_value(Measured("share flat")), last_value(Measured("boltzmann share flat"))
BY_THEORY = last_value(Measured("exact share flat"))
INVERSE = Setting("barrier") / Setting("temperature")


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (*_times(), *_shares())


def _times() -> tuple[Claim, ...]:
    """How long a well is kept."""
    return (
        Claim(
            "the log of the time to leave the flat well grows with the barrier over the temperature, at a slope of 1 "
            "to 15 %", KRAMERS,
            slope(LEFT_FLAT, INVERSE), Between(0.85, 1.15), region_from="pilot",
            on=ISOTROPIC, over="temperature", control=Breaks(SHAPED), name="the-barrier-is-the-slope",
        ),
        Claim(
            "the log of the time to leave the sharp well, too, grows at a slope of 1 to 15 %", KRAMERS,
            slope(LEFT_SHARP, INVERSE), Between(0.85, 1.15), region_from="pilot",
            on=ISOTROPIC, over="temperature", control=Breaks(SHAPED), name="the-barrier-is-the-slope-of-the-sharp-well",
        ),
        Claim(
            "the simulated time to leave the flat well is the diffusion's to 20 %",
            "theory: mean first-passage time by quadrature",
            LEFT_FLAT - EXACT_FLAT, Between(-0.2, 0.2), region_from="pilot",
            on=ISOTROPIC, each="temperature",
            control=Breaks(ISOTROPIC, statistic=LEFT_FLAT - EXACT_SHARP, called="against the time of the sharp well"),
            name="simulation-meets-theory",
        ),
        Claim(
            "noise of the curvature's shape makes the flat well the safer one exponentially: the log of the ratio of "
            "both times grows with the barrier over the temperature at a slope of at least 0.5", XIE,
            slope(LEFT_FLAT - LEFT_SHARP, INVERSE), Above(0.5), region_from="pilot",
            on=SHAPED, over="temperature", control=Breaks(ISOTROPIC), name="flat-is-exponentially-safer",
        ),
    )  # fmt: skip


def _shares() -> tuple[Claim, ...]:
    """Where the time is spent."""
    return (
        Claim(
            "isotropic noise prefers the flat well", JASTRZEBSKI,
            SHARE, Above(0.5), region_from="theory",
            on=ISOTROPIC, each="temperature", control=Breaks(EQUAL), name="noise-prefers-the-flat-well",
        ),
        Claim(
            "it spends the share of time there that Boltzmann's weights give, to 0.05", BOLTZMANN,
            SHARE - BY_BOLTZMANN, Between(-0.05, 0.05), region_from="pilot",
            on=ISOTROPIC, each="temperature", control=Breaks(SHAPED), name="shares-are-boltzmanns",
        ),
        Claim(
            "between wells of one curvature, time is spent half and half, to 0.05", "theory: symmetry",
            SHARE, Between(0.45, 0.55), region_from="pilot",
            on=EQUAL, each="temperature", control=Breaks(ISOTROPIC), name="equal-wells-share-equally",
        ),
        Claim(
            "with a second direction the preference is stronger: the flat well has more than 0.72 of the time",
            f"{BOLTZMANN}: 2/3 on the line, 0.79 in this plane",
            SHARE, Above(0.72), region_from="theory",
            on=ISOTROPIC_2D, each="temperature", control=Breaks(ISOTROPIC), name="directions-add-up",
        ),
        Claim(
            "noise of the curvature's shape prefers the flat well by more than Boltzmann's weights", XIE,
            SHARE - BY_BOLTZMANN, Above(0.0), region_from="theory",
            on=SHAPED, each="temperature", control=Breaks(ISOTROPIC), name="shape-adds-to-the-preference",
        ),
        Claim(
            "in the plane, too, noise of the curvature's shape prefers the flat well by more than Boltzmann's weights",
            XIE,
            SHARE - BY_BOLTZMANN, Above(0.0), region_from="theory",
            on=SHAPED_2D, each="temperature", control=Breaks(ISOTROPIC_2D),
            name="shape-adds-to-the-preference-in-the-plane",
        ),
    )  # fmt: skip
