"""What is claimed of the linear stability of SGD."""

from phenoscope.claims import (
    Above,
    AtLeast,
    Below,
    Between,
    Breaks,
    Claim,
    Measured,
    Setting,
    last_value,
    slope,
)

DEXTER = "Dexter et al. 2024, arXiv:2401.12332"
MULAYOFF = "Mulayoff and Michaeli 2023, arXiv:2306.07850"
WU = "Wu and Su 2023, arXiv:2305.17490"
LENGTHS = "theory: of examples of length 1, orthogonal ones bear 2B, parallel ones 2/(1 + 1/B - 1/n)"

EXACT, SIMULATED = Measured("exact threshold"), Measured("simulated threshold")
COHERENCE, TRACE = Measured("coherence threshold"), Measured("trace threshold")
DESCENT, ALIGNMENT = Measured("gradient descent threshold"), Setting("alignment")

SINGLE, MINI, FULL = "single examples", "mini-batches", "full batch"


def claims() -> tuple[Claim, ...]:
    """The claims; bounds are theorems, so their regions are exact up to rounding."""
    return (
        Claim(
            "simulated SGD begins to diverge in mean square within 5 % of the exact threshold", MULAYOFF,
            last_value(SIMULATED) / last_value(EXACT), Between(0.95, 1.05), region_from="theory",
            on=SINGLE, each="alignment", name="simulation-meets-the-threshold",
        ),
        Claim(
            "with mini-batches, too, it begins to diverge within 5 % of the exact threshold", MULAYOFF,
            last_value(SIMULATED) / last_value(EXACT), Between(0.95, 1.05), region_from="theory",
            on=MINI, each="alignment", name="simulation-meets-the-threshold-with-mini-batches",
        ),
        Claim(
            "single examples at a time leave a minimum at less than half of the rate that gradient descent bears",
            f"{WU}; {DEXTER}",
            last_value(EXACT) / last_value(DESCENT), Below(0.5), region_from="pilot",
            on=SINGLE, each="alignment", control=Breaks(FULL), name="noise-lowers-the-threshold",
        ),
        Claim(
            "the more the examples are aligned, the smaller the rate at which single ones leave the minimum", LENGTHS,
            slope(last_value(EXACT), ALIGNMENT), Below(0.0), region_from="theory",
            on=SINGLE, over="alignment", control=Breaks(FULL), name="alignment-lowers-the-threshold",
        ),
        Claim(
            "the more the examples are aligned, the less of what gradient descent bears is lost to noise", DEXTER,
            slope(last_value(EXACT) / last_value(DESCENT), ALIGNMENT), Above(0.0), region_from="theory",
            on=SINGLE, over="alignment", control=Breaks(FULL), name="alignment-lowers-the-part-of-noise",
        ),
        Claim(
            "above the rate of the coherence formula SGD diverges: it is never below the exact threshold", DEXTER,
            last_value(COHERENCE) / last_value(EXACT), AtLeast(1 - 1e-9), region_from="theory",
            on=SINGLE, each="alignment", name="coherence-is-a-bound",
        ),
        Claim(
            "read as a formula, the coherence gives the threshold to 5 %", f"{DEXTER}, read as more than a bound",
            last_value(COHERENCE) / last_value(EXACT), Between(0.95, 1.05), region_from="pilot",
            on=SINGLE, each="alignment", control=Breaks(FULL), name="coherence-is-a-formula",
        ),
        Claim(
            "read as a formula, the trace gives the threshold of single examples to 5 %", f"{WU}, read as a formula",
            last_value(TRACE) / last_value(EXACT), Between(0.95, 1.05), region_from="pilot",
            on=SINGLE, each="alignment", control=Breaks(FULL), name="trace-is-a-formula",
        ),
        Claim(
            "with all examples only the largest eigenvalue counts: the exact threshold is 2/λ₁ at every alignment",
            "theory: gradient descent on a quadratic",
            last_value(EXACT) / last_value(DESCENT), Between(1 - 1e-6, 1 + 1e-6), region_from="theory",
            on=FULL, each="alignment", control=Breaks(SINGLE), name="full-batch-knows-the-largest-eigenvalue",
        ),
    )  # fmt: skip
