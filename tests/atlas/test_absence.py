"""Where the phenomenon is absent its claim must not be supported: rates at which the edge stays out of reach."""

import dataclasses

import pytest

from phenoscope.atlas import find
from phenoscope.claims import Breaks

KEPT = ("sits-at-the-edge", "oscillates-along-top-eigenvector", "loss-not-monotone", "progressive-sharpening")


@pytest.fixture(scope="module")
def absent(ran, tmp_path_factory):
    """The main arm at rates a hundred times too small, with the arm that should break its claims."""
    whole = find("edge_of_stability", scale="smoke", rates=(0.002, 0.004))
    arms = tuple(dataclasses.replace(whole.arm(name), marks=()) for name in ("gradient descent", "small step"))
    known = {arm.name for arm in arms}
    claims = [claim for claim in whole.claims if claim.name in KEPT]
    strangers = [claim for claim in claims if isinstance(claim.control, Breaks) and claim.control.arm not in known]
    claims = tuple(dataclasses.replace(claim, control=None) if claim in strangers else claim for claim in claims)
    few = dataclasses.replace(whole, arms=arms, claims=claims, comparisons=(), panels=())
    return ran(few, seeds=5, out=tmp_path_factory.mktemp("absent"))


@pytest.mark.parametrize("name", KEPT)
def test_no_claim_of_the_edge_is_supported(absent, name):
    found = [verdict for verdict in absent.verdicts if verdict.name == name]
    assert len(found) == 2  # one at each rate
    assert all(verdict.n == 5 for verdict in found)
    assert {verdict.outcome for verdict in found} <= {"contradicted", "not tested"}


def test_it_does_not_sit_at_the_edge_because_it_is_far_below(absent):
    found = [verdict for verdict in absent.verdicts if verdict.name == "sits-at-the-edge"]
    assert all(verdict.outcome == "contradicted" and verdict.high < 0.2 for verdict in found)
