"""The page of a family: its story, what came out otherwise than supported, and what the controls showed."""

import dataclasses

import pytest
from report_samples import SUPPORTED, USELESS, experiment, verdict
from test_page import Page

from phenoscope import atlas
from phenoscope.atlas.families import FAMILIES
from phenoscope.report import write_site
from phenoscope.store import write_experiment

WRONG = verdict(outcome="contradicted", claim="it never comes back")
LOOSE = verdict(
    outcome="supported, control did not discriminate",
    claim="it comes for that reason",
    control=USELESS,
)


def words(path) -> str:
    return " ".join(Page(path.read_text(encoding="utf-8")).text.split())


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> str:
    runs = tmp_path_factory.mktemp("runs")
    found = dataclasses.replace(
        experiment(), name="sam_edge", path=runs / "sam", verdicts=(SUPPORTED, WRONG, LOOSE), title="The SAM edge"
    )
    write_experiment(found)
    site = write_site(runs)
    return words(site.index.parent / "families" / "stability.html")


def test_the_story_has_every_part_and_every_phenomenon_run_or_not(told):
    (family,) = (family for family in FAMILIES.values() if family.name == "stability")
    places = [told.index(part.title) for part in family.parts]
    assert places == sorted(places)
    assert all(atlas.find(name).question in told for name in family.phenomena if name != "sam_edge")
    assert "Of 3 claims" in told
    assert "phenoscope run edge_of_stability" in told  # which is not run there


def test_what_did_not_hold_is_gathered_with_its_numbers(told):
    _, _, rest = told.partition("What came out contradicted")
    assert WRONG.claim in rest
    assert "What came out supported, control did not discriminate" in told
    assert "What came out undecided" not in told
    assert SUPPORTED.claim not in rest


def test_controls_that_did_not_break_their_claim_are_named(told):
    _, _, rest = told.partition("Controls that did not break their claim")
    assert LOOSE.claim in rest
    assert "small step does not break it (also inside)" in rest
    asked = sum(each.control is not None and each.control.role == "breaks" for each in (SUPPORTED, WRONG, LOOSE))
    assert f"{asked} verdicts have a control" in told
