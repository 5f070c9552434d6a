"""What is claimed of where the test loss peaks, and of what foretells that."""

from phenoscope.claims import (
    Above,
    Below,
    Between,
    Breaks,
    Claim,
    Expression,
    Measured,
    Setting,
    SweepStatistic,
    hump_place,
    last_value,
    offset_ratio,
    onset,
    peak_place,
    quotient,
)

BELKIN = "Belkin et al. 2018, arXiv:1812.11118"
NAKKIRAN = "Nakkiran et al. 2019, arXiv:1912.02292"

LAST, STOPPED, DECAY, LINEAR = "trained on", "stopped early", "weight decay", "random features"

WIDTH, FEATURES = Setting("model.width"), Setting("features")
LOSS = last_value(Measured("test loss"))
UNFITTED = 1 - last_value(Measured("train accuracy"))
REST = last_value(Measured("train loss"))
NEARLY, NOTHING = 0.01, 1e-9
"""Of the training labels: what a model that is as complex as its data leaves out, and no part of them but rounding."""
OVER, LINEAR_OVER = "model.width", "features"
MOVED = 8.0
"""Hidden units: beyond where the loss of networks that are trained on peaks in the pilot."""


def share_of(inputs: int, outputs: int, examples: int) -> Expression:
    """The parameters of a network with one hidden layer, over examples times classes.

    Args:
        inputs: of the network, numbers.
        outputs: of it.
        examples: that it is trained on.
    """
    return (WIDTH * (inputs + 1 + outputs) + outputs) / (examples * outputs)


def claims(share: Expression, examples: int) -> tuple[Claim, ...]:
    """The claims.

    Args:
        share: see `share_of`.
        examples: that random features are fitted to.
    """
    features = FEATURES / examples
    return (*_nearer(share, features), *_linear(share, features), *_moved())


def _nearer(share: Expression, features: Expression) -> tuple[Claim, ...]:
    """Which prediction of the place is the best one?"""

    def nearer(says: str, on: str) -> Claim:
        return Claim(
            f"{says}, the width from which 99 % of the training labels are fitted misses the peak of the test loss by "
            "at most two thirds of the factor by which as many parameters as examples times classes do", NAKKIRAN,
            offset_ratio(hump_place(LOSS, share), onset(UNFITTED <= NEARLY, share), 1.0), Below(2 / 3),
            region_from="pilot", on=on, over=OVER,
            control=Breaks(
                LINEAR, statistic=offset_ratio(_linear_peak(features), onset(REST <= NEARLY, features), 1.0),
                called="features that are not trained", over=LINEAR_OVER,
            ), name=f"complexity-is-nearer-{on.replace(' ', '-')}",
        )  # fmt: skip

    return (
        nearer("trained on", LAST),
        nearer("stopped early", STOPPED),
        nearer("with weight decay", DECAY),
        Claim(
            "the peak lies past the first width at which every training label is fitted", NAKKIRAN,
            quotient(hump_place(LOSS, WIDTH), onset(UNFITTED <= NOTHING, WIDTH)), Above(1.0), region_from="source",
            on=LAST, over=OVER, name="it-is-past-zero-error",
        ),
    )  # fmt: skip


def _linear(share: Expression, features: Expression) -> tuple[Claim, ...]:
    """Do all three say the same where nothing but a linear fit is left?"""
    peak = _linear_peak(features)
    raw = Breaks(LAST, statistic=hump_place(LOSS, share), called="networks", over=OVER)
    return (
        Claim(
            "random features peak where there are as many of them as examples", BELKIN,
            peak, Between(0.85, 1.15), region_from="theory", on=LINEAR, over=LINEAR_OVER, control=raw,
            name="the-raw-count-is-right-for-features",
        ),
        Claim(
            "that is where what they leave of the labels falls below 0.01, to a quarter", NAKKIRAN,
            quotient(peak, onset(REST <= NEARLY, features)), Between(0.8, 1.25), region_from="pilot",
            on=LINEAR, over=LINEAR_OVER, name="so-is-complexity",
        ),
        Claim(
            "and where they first leave nothing, to a quarter", NAKKIRAN,
            quotient(peak, onset(REST <= NOTHING, features)), Between(0.8, 1.25), region_from="pilot",
            on=LINEAR, over=LINEAR_OVER, name="so-is-the-exact-fit",
        ),
    )  # fmt: skip


def _moved() -> tuple[Claim, ...]:
    """What moves it?"""

    def moved(says: str, on: str) -> Claim:
        return Claim(
            f"{says} moves the peak to larger networks, of more than {MOVED:g} units", NAKKIRAN,
            hump_place(LOSS, WIDTH), Above(MOVED), region_from="pilot", on=on, over=OVER,
            control=Breaks(LAST, by="difference"), name=f"{on.replace(' ', '-')}-moves-it",
        )  # fmt: skip

    return moved("an early end", STOPPED), moved("weight decay", DECAY)


def _linear_peak(features: Expression) -> SweepStatistic:
    return peak_place(LOSS, features)
