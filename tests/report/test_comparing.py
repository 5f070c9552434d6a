"""Two runs side by side: which verdicts meet, how far apart they are, and in what the runs differ."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import phenoscope as ps
from phenoscope.claims import AtLeast, last_value
from phenoscope.claims.regions import Between
from phenoscope.claims.verdict import Verdict
from phenoscope.cli import main
from phenoscope.comparing import Match
from phenoscope.comparing.matching import matches, paired, unmatched
from phenoscope.core.errors import BadInput
from small import LOSS, arm, claim, phenomenon, recipe

MADE = Verdict(
    claim="it rises", name="rises", source="by hand", arm="main", where={"lr": 0.1}, statistic="last_value(loss)",
    region=Between(0.0, 1.0), region_from="source", outcome="supported", reason="", estimate=0.5, low=0.4, high=0.6,
    raw_low=0.45, raw_high=0.55, level=0.99, n=3, seeds=(0, 1, 2), values=(0.4, 0.5, 0.6), control=None, scale="linear",
    unit="",
)  # fmt: skip


def made(**changes) -> Verdict:
    return dataclasses.replace(MADE, **changes)


def one(a: Verdict, b: Verdict, *, related: bool = True) -> Match:
    (found,) = matches([a], [b], related=related)
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Three small experiments: two of one phenomenon with other rates and seeds, and one of another."""
    out = tmp_path_factory.mktemp("runs")
    question = {"claims": (claim(name="positive"),)}
    first = ps.run(phenomenon(arm(), **question), seeds=3, out=out / "a", jobs=1)
    second = ps.run(phenomenon(arm(made=recipe(0.2)), **question), seeds=(1, 2, 7), out=out / "b", jobs=1)
    low = claim(says="the loss stays above -1", statistic=last_value(LOSS), region=AtLeast(-1.0))
    third = ps.run(phenomenon(arm(), name="other", claims=(low,)), seeds=2, out=out / "c", jobs=1)
    return first, second, third


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_only_verdicts_on_one_claim_at_one_place_meet():
    others = [made(where={"lr": 0.2}), made(arm="else"), made(name="falls")]
    assert matches([MADE], others, related=True) == ()
    assert unmatched([MADE], others, related=True) == (MADE,)
    assert unmatched([MADE], [MADE], related=True) == ()


def test_across_phenomena_a_name_is_not_enough():
    assert matches([MADE], [made(claim="it falls")], related=False) == ()
    assert len(matches([MADE], [made(name="another")], related=False)) == 1
    assert one(MADE, made(claim="it rises at this scale")).a.claim == "it rises"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.55, 0.9, True), (0.6, 0.9, True), (0.61, 0.9, False), (0.1, 0.39, False), (math.nan, 0.3, False),
     (math.nan, math.nan, None), (-math.inf, math.inf, None)],
)  # fmt: skip
def test_overlap_is_that_of_the_deciding_intervals(low, high, expected):
    assert one(MADE, made(low=low, high=high, estimate=0.7)).overlap is expected


def test_outcomes_agree_or_not():
    assert one(MADE, MADE).agree
    assert not one(MADE, made(outcome="undecided")).agree


def test_another_statistic_or_region_is_said_and_not_subtracted():
    found = one(MADE, made(statistic="last_value(loss, last=2)"))
    assert found.difference is None
    assert "the statistic is last_value(loss) in A, last_value(loss, last=2) in B" in found.note
    assert "the region is [0, 1] in A, ≥ 2 in B" in one(MADE, made(region=AtLeast(2.0))).note


def test_the_paired_difference_is_student_s_over_common_seeds():
    other = made(seeds=(2, 5, 1, 0), values=(0.9, 99.0, 0.75, 0.6))
    found = paired(MADE, other)
    gaps = np.array([0.2, 0.25, 0.3])
    expected = stats.t.interval(0.95, 2, gaps.mean(), stats.sem(gaps))
    assert (found.what, found.pairs) == ("B - A", 3)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.25, *expected))


def test_on_the_log_scale_it_is_a_ratio():
    first = made(scale="log", values=(1.0, 2.0, 4.0))
    found = paired(first, dataclasses.replace(first, values=(2.0, 6.0, 8.0)))
    logs = np.log([2.0, 3.0, 2.0])
    expected = np.exp(stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs)))
    assert (found.what, found.estimate) == ("B / A", pytest.approx(12 ** (1 / 3)))
    assert (found.low, found.high) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    "other",
    [made(seeds=(0, 7, 8)), made(values=(0.4, math.nan, 0.6)), made(seeds=(), values=())],
    ids=["one common seed", "not a number", "no seeds"],
)
def test_no_difference_where_none_can_be_said(other):
    assert paired(MADE, other) is None


def test_counts_and_single_runs_are_not_subtracted():
    share = made(statistic="share of seeds with last_value(loss) < 1", values=(1.0, 0.0, 1.0))
    assert paired(share, share) is None
    alone = made(scope="this run")
    assert one(alone, alone).difference is None


# --- runs -----------------------------------------------------------------------------------------------------------


def test_two_experiments(ran):
    first, second, _ = ran
    found = ps.compare(first.path, second)
    (match,) = found.matches
    assert match.difference.pairs == 2
    by_seed = [dict(zip(e.verdicts[0].seeds, e.verdicts[0].values, strict=True)) for e in (first, second)]
    gap = np.mean([by_seed[1][seed] - by_seed[0][seed] for seed in (1, 2)])
    assert match.difference.estimate == pytest.approx(gap)
    told = {(each.part, each.name): (each.a, each.b) for each in found.differing}
    assert told == {("run", "seeds"): ([0, 1, 2], [1, 2, 7]), ("recipe of main", "rule.lr"): (0.1, 0.2)}
    assert found.shared_members == 0
    assert (found.a.name, found.b.what) == (first.path.name, "smoke scale, 3 seeds")


def test_a_run_beside_itself_differs_in_nothing(ran):
    found = ps.compare(ran[0], ran[0].path)
    assert found.differing == ()
    assert found.shared_members == 3
    assert [(match.agree, match.difference.estimate) for match in found.matches] == [(True, 0.0)]


def test_experiments_of_different_phenomena_share_series(ran):
    found = ps.compare(ran[0], ran[2])
    assert found.matches == ()
    (panel,) = found.panels
    assert panel.title == "loss"
    assert [trace.arm for trace in panel.traces] == ["A: main"] * 3 + ["B: main"] * 2
    record = ran[0].records["main"][0]
    assert panel.traces[0].y == tuple(record.series["loss"].values)
    assert ("run", "phenomenon", "tiny", "other") in [dataclasses.astuple(each) for each in found.differing]


def test_two_members(ran):
    first, second = (ps.load(run.path.parent / "members" / run.arms[0].members[0]) for run in ran[:2])
    found = ps.compare(first, second.path)
    (panel,) = found.panels
    assert [trace.arm for trace in panel.traces] == ["A", "B"]
    assert "rate 0.1" in found.a.what
    assert ("recipe", "recipe.rule.lr", 0.1, 0.2) in [dataclasses.astuple(each) for each in found.differing]


def test_panels_of_one_title_are_laid_over_each_other(ran):
    from report_samples import SCATTER, experiment, oscillation

    first = experiment(panels=(oscillation(3, 20), SCATTER))
    second = experiment(panels=(oscillation(6, 20),), options={"width": 64})
    found = ps.compare(first, second)
    (panel,) = found.panels
    assert {trace.arm for trace in panel.traces} == {"A: gradient descent", "B: gradient descent"}
    assert len(panel.traces) == 9
    assert [trace.arm for trace in panel.theory] == [""] * 3  # one theory for both
    assert ("run", "width", 32, 64) in [dataclasses.astuple(each) for each in found.differing]


def test_what_differs_alike_in_several_arms_is_said_once():
    from report_samples import experiment

    first = experiment(panels=())
    changed = [dataclasses.replace(arm, recipe={**arm.recipe, "steps": 8}) for arm in first.arms]
    found = ps.compare(first, dataclasses.replace(first, arms=tuple(changed)))
    assert [dataclasses.astuple(each) for each in found.differing] == [("recipe of every arm", "steps", 4000, 8)]


def test_one_of_each_kind_or_nothing_in_common_is_refused(ran, tmp_path):
    member = ran[0].path.parent / "members" / ran[0].arms[0].members[0]
    with pytest.raises(BadInput, match=r"two experiments, or two single runs; got an experiment .* and a single run"):
        ps.compare(ran[0], member)
    from sites import write_watched

    watched = write_watched(tmp_path / "run")
    (Path(watched) / "series.parquet").unlink()
    with pytest.raises(BadInput, match="no claim and no series in common"):
        ps.compare(member, watched)


# --- shown ----------------------------------------------------------------------------------------------------------


def test_the_command_prints_claims_differences_and_what_it_does_not_say(ran, capsys):
    main(["compare", str(ran[0].path), str(ran[1].path)])
    out = capsys.readouterr().out
    assert "the loss stays at least 0 (main) | A" in out
    assert "over 2 seeds" in out
    assert "differs: recipe of main: rule.lr: 0.1 | 0.2" in out
    assert "No test was made" in out


def test_the_command_writes_a_page_and_json(ran, capsys, tmp_path):
    main(["compare", str(ran[0].path), str(ran[2].path), "--to", str(tmp_path / "page"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["panels"] == ["loss"]
    assert [verdict["claim"] for verdict in found["only_b"]] == ["the loss stays above -1"]
    text = Path(found["page"]).read_text(encoding="utf-8")
    assert 'href="data/loss.csv"' in text
    assert (tmp_path / "page" / "data" / "loss.csv").is_file()
    main(["compare", str(ran[0].path), str(ran[1].path), "--json"])
    (match,) = json.loads(capsys.readouterr().out)["matches"]
    assert set(match) == {"claim", "arm", "where", "agree", "overlap", "difference", "note", "a", "b"}


def test_it_shows_itself_in_notebooks(ran):
    from matplotlib.figure import Figure

    html = ps.compare(ran[0], ran[1])._repr_html_()
    assert "the loss stays at least 0" in html
    axes = Figure().subplots()
    ps.compare(ran[0], ran[2]).plot(axes, panel="loss")
    assert len(axes.lines) == 5
