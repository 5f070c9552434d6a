"""What is claimed of spectral bias; times are those at which a frequency has reached half of its amplitude."""

from phenoscope.claims import AtLeast, AtMost, Between, Breaks, Claim, Measured, Twin, last_value

RAHAMAN = "Rahaman et al. 2018, arXiv:1806.08734"
BASRI = "Basri et al. 2019, arXiv:1906.00425"
TANCIK = "Tancik et al. 2020, arXiv:2006.10739"

WIDE, NARROW, LARGE, FOURIER = "wide", "narrow", "large targets", "Fourier features"
RATIO, DEPARTURE, EXPONENT = Measured("ratio"), Measured("departure"), Measured("rate exponent")
LATER = last_value(Measured("half time of 5")) / last_value(Measured("foretold half time of 5"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "low frequencies come first: the ninth takes at least 50 times as long as the first", RAHAMAN,
            last_value(RATIO), AtLeast(50.0), region_from="pilot",
            on=WIDE, control=Breaks(FOURIER), name="low-frequencies-come-first",
        ),
        Claim(
            "times are in proportion to 1/λ: their exponent in it is 1, to a tenth", BASRI,
            last_value(EXPONENT), Between(0.9, 1.1), region_from="pilot",
            on=WIDE, control=Breaks(LARGE), name="times-are-inverse-eigenvalues",
        ),
        Claim(
            "each time is foretold by the limiting kernel, to 15 %", BASRI,
            last_value(DEPARTURE), AtMost(0.15), region_from="pilot",
            on=WIDE, control=Breaks(NARROW), name="times-are-foretold",
        ),
        Claim(
            "it is no matter of frequency as such: through Fourier features the ninth takes as long as the first, to a "
            "quarter", TANCIK,
            last_value(RATIO), Between(0.8, 1.25), region_from="pilot",
            on=FOURIER, control=Breaks(WIDE), name="fourier-features-take-it-away",
        ),
        Claim(
            "and that, too, is foretold to 15 %", "theory: the kernel of the features has an eigenvalue for each",
            last_value(DEPARTURE), AtMost(0.15), region_from="pilot",
            on=FOURIER, control=Twin(WIDE), name="fourier-times-are-foretold",
        ),
        Claim(
            "where features move far the fifth frequency comes later than foretold, by a fifth at least",
            "observed in pilots; no source says so",
            LATER, AtLeast(1.2), region_from="pilot",
            on=LARGE, control=Breaks(WIDE), name="moving-features-delay-it",
        ),
    )  # fmt: skip
