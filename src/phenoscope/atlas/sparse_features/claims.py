"""What is claimed of sparse features; signs are the source's, the score of the support is a pilot's."""

from phenoscope.claims import (
    AtLeast,
    Below,
    Breaks,
    Claim,
    Measured,
    Setting,
    first_value,
    last_value,
    log_log_slope,
)

SPARSE = "Andriushchenko et al. 2023, arXiv:2210.05337"

LINEAR_LARGE, LINEAR, LINEAR_SMALL, LINEAR_FULL = (
    "linear, large steps", "linear, three rates", "linear, small steps", "linear, large full-batch steps",
)  # fmt: skip
RELU_LARGE, RELU, RELU_SMALL, RELU_FULL, RELU_LONG = (
    "ReLU, large steps", "ReLU, three rates", "ReLU, small steps", "ReLU, large full-batch steps",
    "ReLU, small steps for as long a way",
)  # fmt: skip
LINEAR_LARGE_FOUND, LINEAR_SMALL_FOUND, LINEAR_FULL_FOUND = (
    "found by large steps", "found by small steps", "found by large full-batch steps",
)  # fmt: skip
RELU_LARGE_LEARNED, RELU_SMALL_LEARNED, RELU_FULL_LEARNED = (
    "learned by large steps", "learned by small steps", "learned by large full-batch steps",
)  # fmt: skip

RATE = "lr.before.then"
F1, L1, ERROR = "F1 of the support", "l1 norm", "test loss against the other"
ACTIVE, RANK = "active share against the other", "feature rank against the other"
ACTIVE_PLATEAU, RANK_PLATEAU = "active share before the drop", "feature rank before the drop"
RECOVERY, FEATURES = (F1, L1, ERROR), (ACTIVE_PLATEAU, RANK_PLATEAU, ACTIVE, RANK, ERROR)


def claims() -> tuple[Claim, ...]:
    """The claims."""
    score, error, active, rank, active_plateau, rank_plateau = (
        first_value(Measured(name)) for name in (F1, ERROR, ACTIVE, RANK, ACTIVE_PLATEAU, RANK_PLATEAU)
    )
    test_loss, rate = last_value(Measured("test loss")), Setting(RATE)
    return (
        Claim(
            "after large steps the inputs that matter are found: F1 of the support at least 0.95", SPARSE,
            score, AtLeast(0.95), region_from="pilot",
            on=LINEAR_LARGE_FOUND, control=Breaks(LINEAR_SMALL_FOUND), name="large-steps-find-the-support",
        ),
        Claim(
            "after large steps the test loss of the linear network is below that after small steps", SPARSE,
            error, Below(1.0),
            on=LINEAR_LARGE_FOUND, control=Breaks(LINEAR_FULL_FOUND), name="large-steps-lower-the-linear-test-loss",
        ),
        Claim(
            "the larger the steps before the drop, the lower the test loss of the linear network", SPARSE,
            log_log_slope(test_loss, rate), Below(0.0), on=LINEAR, over=RATE, name="linear-loss-falls-with-the-rate",
        ),
        Claim(
            "while the steps are large, from the warm-up to the drop, the share of active units falls", SPARSE,
            active_plateau, Below(1.0),
            on=RELU_LARGE_LEARNED, control=Breaks(RELU_SMALL_LEARNED), name="units-fall-silent-on-the-plateau",
        ),
        Claim(
            "while the steps are large, from the warm-up to the drop, the rank of the features falls", SPARSE,
            rank_plateau, Below(1.0),
            on=RELU_LARGE_LEARNED, control=Breaks(RELU_SMALL_LEARNED), name="rank-falls-on-the-plateau",
        ),
        Claim(
            "after large steps fewer units are active than after small steps over as long a way", SPARSE,
            active, Below(1.0),
            on=RELU_LARGE_LEARNED, control=Breaks(RELU_FULL_LEARNED), name="large-steps-leave-fewer-active",
        ),
        Claim(
            "after large steps the rank of the features is below that after small steps over as long a way", SPARSE,
            rank, Below(1.0),
            on=RELU_LARGE_LEARNED, control=Breaks(RELU_FULL_LEARNED), name="large-steps-leave-a-lower-rank",
        ),
        Claim(
            "after large steps the test loss of the ReLU network is below that of small steps over as long a way",
            SPARSE,
            error, Below(1.0),
            on=RELU_LARGE_LEARNED, control=Breaks(RELU_FULL_LEARNED), name="large-steps-lower-the-test-loss",
        ),
        Claim(
            "the larger the steps before the drop, the fewer units are active in the end", SPARSE,
            log_log_slope(last_value(Measured("active share")), rate), Below(0.0),
            on=RELU, over=RATE, name="active-share-falls-with-the-rate",
        ),
    )  # fmt: skip
