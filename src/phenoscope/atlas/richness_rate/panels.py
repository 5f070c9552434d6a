"""What is drawn of the rate for a richness: two laws and where they meet, and losses on either side."""

from phenoscope.atlas.richness_rate.claims import (
    BETWEEN,
    DEPTHS,
    FROZEN,
    GAMMA,
    HALF,
    LAW,
    LAZY,
    LOSS,
    PLATEAU,
    RATE,
    RICH,
    SHARE,
    SHRINKING,
    WIDTH,
    WIDTHS,
)
from phenoscope.panels import Lines, Panel, Scatter


def panels() -> tuple[Panel, ...]:
    """The figures; the first one is the phenomenon at a glance."""
    rich = tuple(RICH[depth] for depth in DEPTHS)
    return (
        Scatter(
            "The largest rate, over the kernel's",
            "Near 1 on the lazy side; it falls as γ^(2/L - 2) on the rich side, but where features are frozen.",
            GAMMA, SHARE, "γ", "rate / kernel's rate", (*(LAZY[depth] for depth in DEPTHS), BETWEEN, *rich, FROZEN[3]),
            theory=LAW, theory_label="the smaller of 1 and γ^(2/L - 2)",
        ),
        Lines(
            "Losses at half of the largest rate", "A plateau and a drop where γ is large.",
            LOSS, "loss", (LAZY[3], BETWEEN, RICH[3]), x_label="update",
        ),
        Scatter(
            "Plateau", "The time of the loss's first tenth over that of its first half.",
            GAMMA, PLATEAU, "γ", "share of the time to half", (LAZY[3], BETWEEN, *rich, FROZEN[3]), log="x",
        ),
        Scatter(
            "Updates to half of the loss", "At half of the largest rate: the plateau is the longer, the deeper.",
            GAMMA, HALF, "γ", "updates", (LAZY[3], BETWEEN, *rich),
        ),
        Scatter(
            "Several widths", "With γ = 100 throughout, and with γ falling as the root of the width.",
            WIDTH, RATE, "width", "largest rate", (WIDTHS, SHRINKING),
        ),
    )  # fmt: skip
