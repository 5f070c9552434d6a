"""What survives a control: fates told from pairs of runs made by hand, on the page, as CSV and as JSON."""

import csv
import dataclasses
import io
import json

import pytest
from report_samples import SUPPORTED, experiment, verdict
from test_page import Page

from phenoscope.claims.regions import AtLeast
from phenoscope.report import falsification_json, write_site
from phenoscope.report.falsification import falsification_csv, falsifications
from phenoscope.report.fates import fate_of
from phenoscope.store import ArmResult, write_experiment

ARMS = (
    ArmResult("gradient descent", "main", "", {"kind": "Recipe", "dynamics": "network"}, {}, ("a",), 1.0, 0),
    ArmResult("frozen already", "control", "", {"kind": "Recipe", "dynamics": "linearised"}, {}, ("b",), 1.0, 0),
)
FROZEN = tuple(dataclasses.replace(arm, recipe={"kind": "Recipe", "dynamics": "linearised"}) for arm in ARMS)

BARE = "supported, control did not discriminate"
WAYS = {
    "a": ("supported", "supported", "survives"),
    "b": (BARE, "supported", "survives"),
    "c": ("supported", BARE, "survives"),  # the controls inside lose their meaning; the claim holds all the same
    "d": ("supported", "contradicted", "falls"),
    "e": (BARE, "contradicted", "falls"),
    "f": ("supported", "undecided", "open"),
    "g": ("supported", "not tested", "open"),
    "h": ("supported", None, "open"),
    "i": ("contradicted", "supported", "not supported"),
    "j": ("undecided", "contradicted", "not supported"),
    "k": ("not tested", "not tested", "not supported"),
}
SINGLE = dict.fromkeys(("survives", "falls", "diverges", "by construction", "open", "not supported", "untouched"), 0)
ZERO, NONE = {"values": (0.0, 0.0, 0.0)}, {"diverged": ()}
SPECIAL = (
    ({}, {"diverged": (3,)}, "diverges"),
    ({}, {"diverged": (3,), "outcome": "contradicted"}, "diverges"),
    ({}, {"diverged": (3,), "outcome": "undecided"}, "diverges"),
    ({"diverged": (1,)}, {"diverged": (3,), "outcome": "contradicted"}, "falls"),  # with the network, too
    ({"diverged": ()}, {"diverged": (), "outcome": "contradicted"}, "falls"),
    ({"outcome": "undecided"}, {"diverged": (3,)}, "not supported"),
    ({}, ZERO, "by construction"),
    ({}, {"values": (1e-13, -1e-12, 0.0)}, "by construction"),  # zero to rounding
    ({}, {"values": (0.0, 0.0, 1e-3)}, "survives"),
    ({}, ZERO | {"outcome": "contradicted"}, "falls"),
    (ZERO, ZERO, "survives"),  # such as a number of outliers less that of the classes
    ({"values": (1e-13, 2e-13, 1e-13)}, {"values": (1e-13, 1e-13, 1e-13)}, "survives"),  # small is not nothing
)


def told(says: str, outcome: str, **changes):
    return verdict(
        claim=says, outcome=outcome, where={}, reason="" if outcome == "supported" else "so it is", **changes
    )


@pytest.fixture
def runs(tmp_path):
    """Everything that can become of a claim, a claim about frozen features, and runs that are no partners."""
    ours = [told(says, outcome) for says, (outcome, _, _) in WAYS.items()]
    theirs = [told(says, outcome, estimate=3.25) for says, (_, outcome, _) in WAYS.items() if outcome is not None]
    already = told("z", "supported", arm="frozen already")
    plain = dataclasses.replace(
        experiment(), path=tmp_path / "plain", arms=ARMS, verdicts=(*ours, already), options={"data": "digits"}
    )
    under = {"data": "digits", "control": "linearised"}
    twin = dataclasses.replace(
        plain, path=tmp_path / "twin", title="Frozen", arms=FROZEN, verdicts=(*theirs, already), options=under
    )
    others = [
        dataclasses.replace(plain, path=tmp_path / "other data", options={"data": "mnist1d"}),
        dataclasses.replace(plain, path=tmp_path / "smaller", scale="smoke"),
        dataclasses.replace(
            twin, path=tmp_path / "alone", options={"data": "x", "control": "linearised"}, seeds=(0,) * 9
        ),
    ]
    for each in (*others, plain, twin):
        write_experiment(each)
    return others[0], others[1], others[2], plain, twin


def test_each_claim_has_the_fate_that_its_two_outcomes_give(runs):
    (found,) = falsifications(runs)
    assert found.network is not None
    assert (found.network.path.name, found.twin.path.name) == (
        "plain",
        "twin",
    )  # "alone" has more seeds, but no partner
    fates = {case.network.claim: case.fate for case in found.cases}
    assert fates == {says: fate for says, (_, _, fate) in WAYS.items()} | {"z": "untouched"}
    assert found.counts == SINGLE | {"survives": 3, "falls": 2, "open": 3, "not supported": 3, "untouched": 1}


@pytest.mark.parametrize(("network", "under", "fate"), SPECIAL)
def test_what_diverges_or_cannot_but_hold_neither_survives_nor_falls(network, under, fate):
    assert fate_of(verdict(**(NONE | network)), verdict(**under)) == fate


def test_where_the_network_diverges_as_well_an_outcome_counts_whatever_the_verdict_tells():
    """Verdicts of earlier versions do not tell; their arms count."""
    fell = verdict(outcome="contradicted", diverged=(0,))
    assert fate_of(verdict(), fell, diverged=(False, True)) == "diverges"
    assert fate_of(verdict(), fell, diverged=(True, True)) == "falls"
    assert fate_of(verdict(**NONE), fell, diverged=(True, True)) == "diverges"  # elsewhere in the arm, but not here
    open_there = verdict(outcome="undecided")
    assert fate_of(verdict(), open_there, diverged=(False, True)) == "diverges"
    assert fate_of(verdict(), open_there, diverged=(False, False)) == "open"


def test_an_arm_whose_networks_diverged_is_found_by_its_count(runs):
    plain, twin = runs[-2:]
    fell = dataclasses.replace(twin, verdicts=(told("a", "contradicted", diverged=(0, 1)),))
    for gone, fate in ((0, "diverges"), (2, "falls")):
        arms = (dataclasses.replace(ARMS[0], diverged=gone), ARMS[1])
        (found,) = falsifications([dataclasses.replace(plain, arms=arms, verdicts=(told("a", "supported"),)), fell])
        assert [case.fate for case in found.cases] == [fate]


def test_places_of_one_claim_are_laid_beside_each_other(runs):
    plain, twin = runs[-2:]
    ours = tuple(verdict(where={"lr": rate}) for rate in (0.1, 0.2))
    theirs = (
        verdict(where={"lr": 0.2}, outcome="contradicted"),
        verdict(where={"lr": 0.1}),
        verdict(where={"lr": 0.2}, statistic="another reading of it"),
    )
    (found,) = falsifications([dataclasses.replace(plain, verdicts=ours), dataclasses.replace(twin, verdicts=theirs)])
    assert [(case.network.where["lr"], case.fate) for case in found.cases] == [(0.1, "survives"), (0.2, "falls")]


def test_a_twin_without_its_run_has_no_fates(runs):
    (found,) = falsifications([runs[2]])
    assert (found.network, found.cases, sum(found.counts.values())) == (None, (), 0)
    assert falsifications(runs[:2]) == []


def test_the_page_shows_the_table_and_every_claim(runs):
    site = write_site(runs[0].path.parent)
    page = site.index.parent / "controls.html"
    assert page in site.pages
    shown = Page(page.read_text(encoding="utf-8"))
    text = " ".join(shown.text.split())
    assert "What survives with frozen features" in text
    assert (
        "survivesfallsdivergesby constructionopennot supporteduntouched" in text
    )  # a row, without what stands between cells
    assert "linearised 3200331" in text
    assert "fgradient descent open supported1.023 [0.987, 1.061] undecided3.250 [0.987, 1.061]so it is" in text
    assert "controls.html" in site.index.read_text(encoding="utf-8")
    atlas = " ".join(Page(site.index.read_text(encoding="utf-8")).text.split())
    assert "Frozen:" not in atlas  # the atlas shows the phenomenon itself


def test_without_controls_it_says_how_to_run_one(tmp_path):
    text = (write_site(tmp_path).index.parent / "controls.html").read_text(encoding="utf-8")
    assert "phenoscope run edge_of_stability --control linearised" in text


def test_a_run_under_a_control_is_never_the_run_of_the_phenomenon(runs):
    alone = dataclasses.replace(runs[-1], verdicts=(SUPPORTED,), path=runs[-1].path.parent / "lonely" / "twin")
    write_experiment(alone)
    site = write_site(alone.path.parent)
    assert "Nothing of it has been run here yet" in (site.index.parent / "families" / "stability.html").read_text()


def test_as_csv_every_case_is_a_row_with_its_numbers(runs):
    rows = list(csv.DictReader(io.StringIO(falsification_csv(falsifications(runs)))))
    assert {row["claim"]: row["fate"] for row in rows} == {s: w[2] for s, w in WAYS.items()} | {"z": "untouched"}
    falls = next(row for row in rows if row["claim"] == "d")
    assert (falls["network_estimate"], falls["control_estimate"]) == ("1.0234", "3.25")
    assert (falls["region_low"], falls["region_high"]) == ("0.9", "1.15")
    open_end = verdict(where={}, region=AtLeast(4.0))
    (row,) = csv.DictReader(
        io.StringIO(
            falsification_csv(falsifications([dataclasses.replace(each, verdicts=(open_end,)) for each in runs[-2:]]))
        )
    )
    assert row["region_high"] == ""


def test_as_json_it_can_be_written_and_says_the_same(runs):
    (found,) = json.loads(json.dumps(falsification_json(falsifications(runs))))
    assert found["counts"]["survives"] == 3
    assert (found["phenomenon"], found["control"]) == (runs[-1].name, "linearised")
    assert {each["claim"]: each["fate"] for each in found["claims"]}["h"] == "open"
    assert next(each for each in found["claims"] if each["claim"] == "h")["under_control"] is None
