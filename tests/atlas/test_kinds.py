"""The sorting of claims by what they read: known cases, one of each kind, and no name in it that nothing reads."""

import pytest

from phenoscope.atlas import ATLAS, find
from phenoscope.atlas.kinds import ELSEWHERE, FEATURES, OTHERWISE, kind_of
from phenoscope.claims import AtMost, Claim, Measured, last_value

CASES = (
    ("edge_of_stability", "sharpness", "optimisation"),
    ("edge_of_stability", "train accuracy", "optimisation"),
    ("double_descent", "test loss", "generalisation"),
    ("double_descent", "tested loss", "optimisation"),  # a word, not a syllable
    ("simplicity_bias", "AUC, first block shuffled", "generalisation"),
    ("sparse_features", "active share", "representation"),
    ("dynamic_sparse", "active share", "optimisation"),
    ("finite_or_infinite", "distance", "generalisation"),
    ("central_flow", "distance", "optimisation"),
)


@pytest.mark.parametrize(("phenomenon", "series", "kind"), CASES, ids=lambda part: str(part).replace(" ", "-"))
def test_kinds_go_by_what_is_read(phenomenon, series, kind):
    claim = Claim("it is small", "here", last_value(Measured(series)), AtMost(1.0), on="main")
    assert kind_of(phenomenon, claim) == kind


def test_what_is_read_elsewhere_comes_before_features_and_these_before_the_rest():
    test, feature, loss = (Measured(name) for name in ("test loss", "kernel change", "loss"))

    def kind(value):
        return kind_of("none", Claim("it is small", "here", last_value(value), AtMost(1.0), on="main"))

    assert kind(loss / feature * test) == "generalisation"
    assert kind(loss / feature) == "representation"


def test_every_name_of_the_sorting_is_read_by_a_claim():
    read = {
        name: {
            series.partition(",")[0] for claim in find(name, scale="smoke").claims for series in claim.statistic.names
        }
        for name in ATLAS
    }
    assert {*ELSEWHERE, *FEATURES} <= set().union(*read.values())
    for name, series in OTHERWISE.items():
        assert set(series) <= read[name]
