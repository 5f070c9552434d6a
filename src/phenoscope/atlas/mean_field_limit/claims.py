"""What is claimed of the mean-field limit; exponents are those of sums over independent units, to a tenth or more."""

from phenoscope.claims import (
    AtMost,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    log_log_slope,
)

MEI = "Mei et al. 2018, arXiv:1804.06561"
CHIZAT_BACH = "Chizat and Bach 2018, arXiv:1805.09545"

MEAN_FIELD, ONE_RATE, NTK = "mean field", "one rate", "NTK scaling"
WIDTH = Setting("width")
LOSS, WIDE_LOSS = Measured("loss"), Measured("wide loss")
MOVEMENT, CHANGE, DISTANCE = (last_value(Measured(name)) for name in ("movement", "kernel change", "distance"))
CLOUDS, CLOUD_MOVEMENT = (last_value(Measured(f"cloud {name}")) for name in ("distance", "movement"))


def claims() -> tuple[Claim, ...]:
    """The claims."""
    return (
        Claim(
            "units move as far in a wide network as in a narrow one", MEI,
            log_log_slope(MOVEMENT, WIDTH), Between(-0.1, 0.1), region_from="pilot",
            on=MEAN_FIELD, over="width", control=Breaks(NTK), name="units-move-at-any-width",
        ),
        Claim(
            "and the kernel changes as much", CHIZAT_BACH,
            log_log_slope(CHANGE, WIDTH), Between(-0.2, 0.2), region_from="pilot",
            on=MEAN_FIELD, over="width", control=Breaks(NTK), name="the-kernel-changes-at-any-width",
        ),
        Claim(
            "networks of all widths follow one limit: their distance from it falls as the root of the width, if each "
            "has the time that its width asks for",
            MEI, log_log_slope(DISTANCE, WIDTH), Between(-0.65, -0.35), region_from="pilot",
            on=MEAN_FIELD, over="width", control=Breaks(ONE_RATE), name="one-limit-in-the-right-time",
        ),
        Claim(
            "not outputs alone: the clouds of trained units come near one cloud", CHIZAT_BACH,
            log_log_slope(CLOUDS, WIDTH), AtMost(-0.3), region_from="pilot",
            on=MEAN_FIELD, over="width",
            control=Breaks(
                MEAN_FIELD, statistic=log_log_slope(CLOUD_MOVEMENT, WIDTH), called="from the cloud at the start"
            ),
            name="the-clouds-are-one",
        ),
        Claim(
            "in the NTK scaling units move less the more there are, as one over the root of their number",
            "Jacot et al. 2018, arXiv:1806.07572",
            log_log_slope(MOVEMENT, WIDTH), Between(-0.6, -0.4), region_from="pilot",
            on=NTK, over="width", control=Breaks(MEAN_FIELD), name="in-the-ntk-scaling-they-stop",
        ),
        Claim(
            "though there, too, networks of all widths follow one limit: that curves are one says nothing of features",
            "theory: the kernel comes near its limit", log_log_slope(DISTANCE, WIDTH), AtMost(-0.3),
            region_from="pilot", on=NTK, over="width", control=Breaks(ONE_RATE), name="a-limit-is-no-feature",
        ),
    )  # fmt: skip
