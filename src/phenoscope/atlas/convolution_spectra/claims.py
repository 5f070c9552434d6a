"""What is claimed of linear convolution networks: theory says which margin, a pilot how near it is by then."""

from phenoscope.claims import AtLeast, Below, Breaks, Claim, Measured, Setting, first_value, last_value, log_log_slope

GUNASEKAR = "Gunasekar et al. 2018, arXiv:1806.00468"

DEPTHS, TWO, THREE, DENSE = "filters", "two filters", "three filters", "dense layers"

FOURIER, EUCLIDEAN, FREQUENCIES, MISALIGNED = (
    last_value(Measured(name)) for name in ("fourier l1 share", "l2 share", "frequencies", "misalignment")
)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "two filters maximise the margin in the l1 norm of the spectrum: to 0.93 of the largest one", GUNASEKAR,
            FOURIER, AtLeast(0.93), region_from="pilot", on=TWO, control=Breaks(DENSE),
            name="two-filters-fourier-margin",
        ),
        Claim(
            "two dense layers maximise the l2 margin: to 0.98 of the largest one", GUNASEKAR,
            EUCLIDEAN, AtLeast(0.98), region_from="pilot", on=DENSE, control=Breaks(TWO), name="dense-l2-margin",
        ),
        Claim(
            "two filters need fewer than 8 of 40 frequencies, counted by their share", GUNASEKAR,
            FREQUENCIES, Below(8.0), region_from="pilot", on=TWO, control=Breaks(DENSE), name="sparse-spectrum",
        ),
        Claim(
            "the more filters the fewer frequencies: a power of their number below -1", GUNASEKAR,
            log_log_slope(FREQUENCIES, Setting("depth")), Below(-1.0), region_from="pilot", on=DEPTHS, over="depth",
            name="sparser-with-depth",
        ),
        Claim(
            "three filters come to a stationary point of the bridge penalty: the sine of the angle to it is below 0.1",
            GUNASEKAR, MISALIGNED, Below(0.1), region_from="pilot", on=THREE,
            control=Breaks(THREE, statistic=first_value(Measured("misalignment")), called="at the start"),
            name="three-filters-stationary",
        ),
    )  # fmt: skip
