"""What a claim is about: how training goes, how good its outcome is elsewhere, or which features it learns.

The sorting serves a count: of the claims of each kind, how many survive frozen features? So that it cannot be fitted to
the outcomes it goes by what a claim reads, and was written down before the frozen runs were made.
"""

import re
from collections.abc import Mapping
from typing import Literal

from phenoscope.claims import Claim

Kind = Literal["optimisation", "generalisation", "representation"]
"""Of a claim."""

KINDS: Mapping[Kind, str] = {
    "optimisation": "how training goes: losses, curvatures, ways and barriers, all on the examples trained on",
    "generalisation": "how good the outcome is on examples that were not trained on",
    "representation": "which features there are: kernels, hidden layers and what they react to",
}
"""Each kind, with what belongs to it."""

ELSEWHERE = (
    "AUC", "accuracy", "accuracy gained", "accuracy lost", "accuracy over the mean", "best over dense",
    "best over stopping early", "best ticket over dense", "calibration", "constant accuracy", "dip before the best",
    "doubt order", "early lead", "ensemble squared error", "fall behind the best", "foretold squared error", "gain",
    "higher accuracy", "kernel squared error", "late lead", "lead", "lead over the whole budget", "matching density",
    "network squared error", "predicted risk", "process squared error", "risk", "share of data",
    "share of initialisation", "share of training", "untrained accuracy",
)  # fmt: skip
"""What is read on other examples than those trained on, beside all that has the word "test" in its name."""

FEATURES = (
    "F1 of the support", "active share", "active share against the other", "active share before the drop",
    "centred feature alignment", "digit probe error", "digit probe error at the start", "feature alignment",
    "feature alignment at the start", "feature change", "feature rank against the other",
    "feature rank before the drop", "induction score", "kernel alignment", "kernel change", "kernel distance",
    "kernel velocity", "probe error", "probe error at the start",
)  # fmt: skip
"""What is read of hidden layers and kernels."""

OTHERWISE: Mapping[str, Mapping[str, Kind]] = {
    "dynamic_sparse": {"active share": "optimisation"},  # of weights, not of units
    "finite_or_infinite": {"distance": "generalisation"},  # of answers to test inputs
    "induction_heads": {"step ratio": "generalisation"},  # of steps until half of the test tokens are right
}
"""Names that mean something else in a phenomenon."""


def kind_of(phenomenon: str, claim: Claim) -> Kind:
    """The kind of a claim, by what its statistic reads: other examples before features, and features before the rest.

    Args:
        phenomenon: its name.
        claim: one of its claims.

    Example:
        >>> from phenoscope.atlas import find
        >>> [kind_of("edge_of_stability", claim) for claim in find("edge_of_stability").claims[:2]]
        ['optimisation', 'optimisation']
    """
    kinds = {_of_series(phenomenon, name) for name in claim.statistic.names}
    if "generalisation" in kinds:
        return "generalisation"
    return "representation" if "representation" in kinds else "optimisation"


def _of_series(phenomenon: str, name: str) -> Kind:
    own = OTHERWISE.get(phenomenon, {}).get(name)
    if own is not None:
        return own
    plain = name.partition(",")[0]  # "AUC, first block shuffled" is an area, too
    if plain in ELSEWHERE or re.search(r"\btest\b", name):
        return "generalisation"
    return "representation" if name in FEATURES else "optimisation"
