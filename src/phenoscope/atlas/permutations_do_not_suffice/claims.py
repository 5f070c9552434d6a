"""What is claimed of solutions that no order brings together."""

from phenoscope.atlas.papers import AINSWORTH, ENTEZARI
from phenoscope.claims import AtLeast, AtMost, Below, Breaks, Claim, Measured, Setting, last_value, rank_correlation

TWO, MORE = "two units", "more units"
SAME, MORE_SAME = "two units, same feature", "more units, same feature"

SMALLEST, HIDDEN = last_value(Measured("smallest barrier")), Setting("hidden")
ENDS, BUILT = last_value(Measured("loss at the ends")), last_value(Measured("barrier as built"))


def claims() -> tuple[Claim, ...]:
    """The claims; the smallest barrier is over all orders, and over scales as far as descent finds them."""
    return (
        Claim(
            "both ends solve the task exactly", "theory: by construction", ENDS, AtMost(1e-20), region_from="theory",
            on=MORE, each="hidden", name="ends-are-exact",
            control=Breaks(MORE, "contradiction", statistic=BUILT, called="the largest loss between them"),
        ),
        Claim(
            "with two units no order and no scales leave a barrier below a quarter of the squared target",
            f"theory: both units are silent on one input somewhere on the line; the question is that of {AINSWORTH}",
            SMALLEST, AtLeast(0.25), region_from="theory", on=TWO, control=Breaks(SAME), name="two-units-never-connect",
        ),
        Claim(
            "with up to six units a barrier of at least 1e-4 is left in every order and at all scales found",
            f"a pilot; against the conjecture of {ENTEZARI} where networks are narrow",
            SMALLEST, AtLeast(1e-4), region_from="pilot", on=MORE, each="hidden", control=Breaks(MORE_SAME),
            name="a-barrier-is-left",
        ),
        Claim(
            "the more units, the smaller the barrier that is left", f"{ENTEZARI}: of wide networks",
            rank_correlation(SMALLEST, HIDDEN), Below(0.0), on=MORE, over="hidden", name="closes-with-units",
            control=Breaks(MORE, statistic=rank_correlation(BUILT, HIDDEN, shuffled=True), called="dealt out anew"),
        ),
    )  # fmt: skip
