"""Counts of what survives by kind: from pairs made by hand, with intervals by their definition."""

import dataclasses
import json

import numpy as np
import pytest
from report_samples import experiment, verdict
from scipy.stats import binom
from test_page import Page

from phenoscope.atlas import find
from phenoscope.report import survival_rows, survivals, write_site
from phenoscope.report.falsification import Falsification, falsifications, nothing_to_freeze
from phenoscope.report.fates import Case
from phenoscope.store import write_experiment


def pair(name: str, fates: str, kind: str = "optimisation", control: str = "linearised") -> Falsification:
    """A phenomenon with a claim for each letter: s(urvives), f(alls) or o(pen)."""
    words = {"s": "survives", "f": "falls", "o": "open", "d": "diverges", "e": "by construction"}
    cases = tuple(Case(verdict(), verdict(), words[letter], kind) for letter in fates)
    run = dataclasses.replace(experiment(), name=name)
    return Falsification(control, run, run, cases)


def only(found, kind: str = "optimisation"):
    (each,) = [each for each in found if each.kind == kind]
    return each


def test_phenomena_count_alike_however_many_claims_they_have():
    found = only(survivals([pair("one", "sssssssss"), pair("two", "f"), pair("three", "sfode"), pair("four", "oo")]))
    assert found.shares == {"one": 1.0, "two": 0.0, "three": 0.5}  # nothing of the fourth is decided
    assert found.share == pytest.approx(0.5)
    assert [found.counts[fate] for fate in ("survives", "falls", "diverges", "by construction", "open")] == [
        10,
        2,
        1,
        1,
        3,
    ]


def test_kinds_and_controls_are_counted_apart():
    found = survivals([pair("one", "s"), pair("two", "f", "representation"), pair("three", "f", control="other")])
    shares = {(each.control, each.kind): each.share for each in found}
    assert shares["linearised", "optimisation"] == 1.0
    assert shares["linearised", "representation"] == 0.0
    assert shares["linearised", "generalisation"] is None
    assert shares["other", "optimisation"] == 0.0
    assert survivals([]) == []


@pytest.mark.parametrize(("hits", "trials"), [(0, 6), (6, 6), (4, 9)])
def test_the_interval_is_where_neither_tail_is_below_a_fortieth(hits, trials):
    """By the definition of Clopper and Pearson, on a grid: where as many survivors, or as few, are not too unlikely."""
    fates = ["s"] * hits + ["f"] * (trials - hits)
    low, high = only(survivals([pair(f"p{place}", fate) for place, fate in enumerate(fates)])).interval
    grid = np.linspace(0, 1, 20001)
    likely = (binom.sf(hits - 1, trials, grid) >= 0.025) & (binom.cdf(hits, trials, grid) >= 0.025)
    assert (low, high) == pytest.approx((grid[likely].min(), grid[likely].max()), abs=1e-4)


def test_it_covers_the_mean_of_shares_at_least_as_often_as_it_promises():
    """Shares of two claims, each surviving with a chance of its phenomenon's own."""
    rng = np.random.default_rng(0)
    hit = 0
    for _ in range(400):
        chances = rng.beta(2, 1, size=8)  # of mean 2/3
        fates = ["".join("s" if rng.random() < chance else "f" for _ in range(2)) for chance in chances]
        low, high = only(survivals([pair(f"p{place}", own) for place, own in enumerate(fates)])).interval
        hit += low <= 2 / 3 <= high
    assert hit >= 0.95 * 400


def test_it_says_most_only_where_the_interval_does():
    many, few = "abcdefgh", "ab"
    told = [[pair(name, fate) for name in names] for names, fate in ((many, "s"), (many, "f"), (few, "s"))]
    assert [only(survivals(each)).says for each in told] == ["most survive", "most fall", "undecided"]
    rows = json.loads(json.dumps(survival_rows(survivals(told[2]))))
    assert rows[0]["kind"] == "optimisation"
    assert (rows[0]["phenomena"], rows[0]["share"], rows[1]["share"]) == (2, 1.0, None)


def test_kinds_come_from_the_atlas_and_what_it_does_not_know_is_not_counted():
    claim = next(claim for claim in find("double_descent", scale="smoke").claims if "test loss" in claim.names)
    known = verdict(claim=claim.says, source=claim.source, where={}, arm="some")
    plain = experiment(name="double_descent", scale="smoke", options={}, verdicts=(known, verdict(claim="gone")))
    twin = dataclasses.replace(plain, options={"control": "linearised"})
    (found,) = falsifications([plain, twin])
    assert [case.kind for case in found.cases] == ["generalisation", None]
    gone = dataclasses.replace(plain, name="no_such")
    (found,) = falsifications([gone, dataclasses.replace(twin, name="no_such")])
    assert [case.kind for case in found.cases] == [None, None]


def test_the_page_counts_by_kind_and_lists_what_has_nothing_to_freeze(tmp_path):
    claim = find("double_descent", scale="smoke").claims[0]
    known = (verdict(claim=claim.says, source=claim.source, where={}),)
    plain = experiment(path=tmp_path / "a", name="double_descent", scale="smoke", options={}, verdicts=known)
    frozen = tuple(dataclasses.replace(arm, recipe=dict(arm.recipe) | {"dynamics": "linearised"}) for arm in plain.arms)
    twin = dataclasses.replace(plain, path=tmp_path / "b", options={"control": "linearised"}, arms=frozen)
    linear = dataclasses.replace(plain, path=tmp_path / "c", name="linear_double_descent", verdicts=())
    for each in (plain, twin, linear):
        write_experiment(each)
    site = write_site(tmp_path)
    assert site.without == nothing_to_freeze([plain, twin, linear])
    assert list(site.without) == ["linear_double_descent"]
    text = " ".join(Page((site.index.parent / "controls.html").read_text(encoding="utf-8")).text.split())
    assert "generalisationlinearised; how good the outcome is on examples that were not trained on 1 1" in text
    assert "1.00 [0.03, 1.00] undecided" in text
    assert "1 phenomenon that was run here has no twin with frozen features." in text
    assert f"{find('linear_double_descent').title}{site.without['linear_double_descent']}" in text
