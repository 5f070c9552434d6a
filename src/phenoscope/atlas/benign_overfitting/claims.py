"""What is claimed of regression that fits its noise, by the spectrum of the features."""

from phenoscope.claims import (
    Above,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    log_log_slope,
)

BARTLETT = "Bartlett et al. 2019, arXiv:1906.11300"
MALLINAR = "Mallinar et al. 2022, arXiv:2207.06569"
SIMON = "Simon et al. 2021, arXiv:2110.03922"

SPIKES, POWER, STEEPER = "spikes and a long tail", "power 1.5", "power 2"
EXPONENTIAL, RIDGE = "exponential", "exponential, ridge"

EXAMPLES = Setting("examples")
RISK, PREDICTED = last_value(Measured("risk")), last_value(Measured("predicted risk"))
RANKS = last_value(Measured("rank risk"))


def claims(noise: float) -> tuple[Claim, ...]:
    """The claims.

    Args:
        noise: σ² of all arms.
    """
    return (*_classes(), *_levels(noise), *_theory())


def _classes() -> tuple[Claim, ...]:
    """What more examples do to the risk of an exact fit."""
    exponent = log_log_slope(RISK, EXAMPLES)
    return (
        Claim(
            "with a few strong features and a long tail of weak ones the excess risk falls towards 0 with more "
            "examples, though every label is fitted, noise and all: overfitting is benign", BARTLETT,
            exponent, Below(-0.25), region_from="pilot", on=SPIKES, over="examples", control=Breaks(STEEPER),
            name="a-long-tail-is-benign",
        ),
        Claim(
            "with eigenvalues that fall like i^-2 it neither vanishes nor grows: overfitting is tempered", MALLINAR,
            exponent, Between(-0.25, 0.25), region_from="pilot", on=STEEPER, over="examples", control=Breaks(SPIKES),
            name="a-power-law-is-tempered",
        ),
        Claim(
            "with eigenvalues that fall exponentially it grows without bound: overfitting is catastrophic", MALLINAR,
            exponent, Above(0.5), region_from="pilot", on=EXPONENTIAL, over="examples", control=Breaks(STEEPER),
            name="an-exponential-is-catastrophic",
        ),
        Claim(
            "a ridge that does not shrink makes the same features benign", MALLINAR,
            exponent, Below(-0.25), region_from="pilot", on=RIDGE, over="examples", control=Breaks(EXPONENTIAL),
            name="a-ridge-makes-it-benign",
        ),
    )  # fmt: skip


def _levels(noise: float) -> tuple[Claim, ...]:
    """How large it is where it is neither."""

    def level(alpha: float, on: str, other: str) -> Claim:
        return Claim(
            f"with eigenvalues i^-{alpha:g} and the most examples it is {alpha - 1:g} σ², to a quarter", MALLINAR,
            RISK / (noise * (alpha - 1)), Between(0.75, 1.25), region_from="pilot", on=f"{on}, most examples",
            control=Breaks(f"{other}, most examples"), name=f"power-{alpha:g}-costs-{alpha - 1:g}".replace(".", "-"),
        )  # fmt: skip

    return level(1.5, POWER, STEEPER), level(2.0, STEEPER, POWER)


def _theory() -> tuple[Claim, ...]:
    """Is it what was predicted?"""
    found = [
        Claim(
            f"{on}: the risk is what the spectrum predicts, to 15 %", SIMON,
            RISK / PREDICTED, Between(0.85, 1.15), region_from="pilot", on=on, each="examples",
            name=f"predicted-{name}",
        )
        for on, name in ((SPIKES, "benign"), (STEEPER, "tempered"), (EXPONENTIAL, "catastrophic"))
    ]  # fmt: skip
    return (
        *found,
        Claim(
            "with a long tail it follows σ² (k*/n + n/R), of the effective ranks, to a factor of two", BARTLETT,
            RISK / RANKS, Between(0.5, 2.0), region_from="pilot", on=SPIKES, each="examples", name="ranks-foretell-it",
        ),
    )  # fmt: skip
