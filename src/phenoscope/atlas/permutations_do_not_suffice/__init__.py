"""Permutations do not suffice: two exact solutions that no order of the units and no scales bring together."""

import dataclasses

from phenoscope.atlas.papers import AINSWORTH_PAPER, ENTEZARI_PAPER
from phenoscope.atlas.permutations_do_not_suffice.claims import MORE, MORE_SAME, SAME, TWO, claims
from phenoscope.atlas.permutations_do_not_suffice.panels import panels
from phenoscope.methods import TwoFeatures
from phenoscope.phenomenon import PILOTS, Arm, Phenomenon, Scale

UNITS: dict[Scale, tuple[int, ...]] = {"smoke": (2, 4), "laptop": (2, 4, 6), "paper": (2, 4, 6)}
STEPS: dict[Scale, int] = {"smoke": 20, "laptop": 200, "paper": 1000}


def permutations_do_not_suffice(scale: Scale) -> Phenomenon:
    """Tiny ReLU networks that solve one task by one feature or by another, at three widths.

    Args:
        scale: "smoke", "laptop" or "paper".
    """
    one = TwoFeatures(2, "other feature", STEPS[scale])
    same = dataclasses.replace(one, other="same feature")
    sweep = {"hidden": UNITS[scale]}
    arms = (
        Arm(TWO, one, says="two units, which compute |x₁| in one network and |x₂| in the other"),
        Arm(MORE, one, sweep=sweep, says="the same functions from more and more units of unequal shares"),
        Arm(SAME, same, role="control", says="two units, and |x₁| in both"),
        Arm(MORE_SAME, same, sweep=sweep, role="control", says="more units, and |x₁| in both, with other shares"),
    )
    return Phenomenon(
        name="permutations_do_not_suffice",
        title="Permutations do not always suffice",
        question="Can every two solutions be brought into one region by the order and the scales of their units?",
        summary=(
            "Solutions from different starts often lie in one region once their units are matched, and it was "
            "conjectured that they always do. Here is a task so small that all orders can be tried: on inputs with "
            "|x₁| = |x₂| two networks solve it exactly, each by a feature that the other does not use. The smallest "
            "barrier over all orders and all positive scales is sought, with two units and with more."
        ),
        arms=arms,
        claims=claims(),
        panels=panels(),
        sources=(AINSWORTH_PAPER, ENTEZARI_PAPER),
        scale=scale,
        pilot_seeds=PILOTS,
    )
