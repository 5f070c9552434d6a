"""What becomes of a claim under a control of the whole experiment, such as frozen features?"""

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np

from phenoscope.atlas import Kind
from phenoscope.claims.verdict import Verdict

Fate = Literal["survives", "falls", "diverges", "by construction", "open", "not supported", "untouched"]
"""What becomes of a claim under a control."""

FATES: Mapping[Fate, tuple[str, str]] = {
    "survives": (
        "supported",
        "supported with the network and under the control: it needs nothing of what was taken away",
    ),
    "falls": ("contradicted", "supported with the network, contradicted under the control"),
    "diverges": (
        "untested",
        "supported with the network; under the control training diverges at the same rate, so that nothing can be said",
    ),
    "by construction": (
        "untested",
        "in its region under the control, where what it reads is 0 for every seed, and with the network is not: it "
        "could not be anything else",
    ),
    "open": (
        "undecided",
        "supported with the network; under the control it could not be decided, or not be put: between linear models "
        "of different starts nothing is measured",
    ),
    "not supported": ("untested", "the network itself did not show it, so there is nothing to survive"),
    "untouched": ("untested", "it is about an arm that is the same in both runs: linear already, or computed"),
}
"""Each fate with the style that it is shown in, and what it says."""

ROUNDING = 1e-9
"""Of the largest value with the network: what is smaller under the control is 0."""


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One claim at one place.

    Attributes:
        network: its verdict with the network.
        under: under the control; `None` where nothing came to be judged.
        fate: what the two say together.
        kind: what the claim is about, as far as the atlas knows it.
    """

    network: Verdict
    under: Verdict | None
    fate: Fate
    kind: Kind | None = None


def fate_of(
    network: Verdict,
    under: Verdict | None,
    *,
    untouched: bool = False,
    diverged: tuple[bool, bool] = (False, False),
) -> Fate:
    """What the verdicts with the network and under the control say together.

    Args:
        network: the verdict with the network.
        under: the one under the control, if there is one.
        untouched: whether it is about an arm that is the same in both runs.
        diverged: whether any member of the arm did, with the network and under the control, for verdicts that do not
            tell.
    """
    if untouched:
        return "untouched"
    if not holds(network):
        return "not supported"
    if under is None:
        return "open"
    with_network, there = (
        known if verdict.diverged is None else bool(verdict.diverged)
        for verdict, known in zip((network, under), diverged, strict=True)
    )
    if there and not with_network:
        return "diverges"
    if holds(under):
        return "by construction" if _is_zero(network, under) else "survives"
    return "falls" if under.outcome == "contradicted" else "open"


def holds(verdict: Verdict) -> bool:
    """Whether the interval lies in the region, whatever the control inside the phenomenon showed."""
    return verdict.outcome in ("supported", "supported, control did not discriminate")


def _is_zero(network: Verdict, under: Verdict) -> bool:
    """Whether the control makes zeros of what is something; a count that is 0 with the network, too, is not made so."""
    largest = np.abs(network.values).max(initial=0.0)
    return largest > 0 and bool((np.abs(under.values) <= ROUNDING * largest).all())
