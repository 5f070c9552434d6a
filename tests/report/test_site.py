"""The site of a folder of runs: which pages there are, and what they say."""

import csv
import dataclasses
import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from report_samples import VERDICTS, experiment, verdict
from sites import ODD, write_runs, write_watched
from test_page import Page

import phenoscope as ps
from distributions import distribution
from phenoscope import atlas
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.panels import Trace
from phenoscope.report import Site, data_csv, draw, write_report, write_site
from phenoscope.report.bands import band
from phenoscope.report.rows import claim_rows
from phenoscope.report.single_page import series_panels
from phenoscope.report.stacks import stacked_strip
from phenoscope.store import read_single, survey, write_experiment
from phenoscope.store.files import SCHEMA
from small import arm, phenomenon


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return write_runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def site(runs: Path) -> Site:
    return write_site(runs)


def page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def words(path: Path) -> str:
    return " ".join(page(path).text.split())


def test_there_is_a_page_for_everything(site, runs):
    root = runs / "report"
    found = {str(path.relative_to(root)) for path in site.pages}
    assert site.index == root / "index.html"
    assert {"index.html", "runs.html", "verdicts.html", "phenomena/my-own-thing.html"} <= found
    assert {f"phenomena/{name}.html" for name in atlas.ATLAS} <= found
    assert {f"runs/{name}/index.html" for name in ("edge-laptop", ODD, "mine")} <= found
    assert all(path.is_file() for path in site.pages)


def test_what_cannot_be_read_is_listed_with_the_reason_and_stops_nothing(site, runs):
    (broken,) = site.unreadable
    assert broken.path == runs / "broken"
    text = words(runs / "report" / "runs.html")
    assert "broken" in text
    assert " ".join(broken.why.split()) in text
    assert "1 thing could not be read" in words(site.index)


def test_every_link_leads_somewhere(site):
    for path in site.pages:
        ids = {attributes.get("id") for _, attributes in page(path).elements}
        for link in page(path).of("a"):
            target, _, fragment = (link["href"] or "").partition("#")
            if target.startswith("https://"):
                continue
            found = path.parent / unquote(target) if target else path
            assert found.is_file(), (path, target)
            if fragment:
                inside = ids if not target else {a.get("id") for _, a in page(found).elements}
                assert fragment in inside, (path, link["href"])


def test_the_atlas_has_a_row_for_each_claim_of_the_best_run(site):
    index = page(site.index)
    claims = len({found.claim for found in VERDICTS})
    assert len([a for a in index.of("tr") if a.get("class") == "row"]) == claims + 1  # and the one of "mine"
    text = " ".join(index.text.split())
    assert "laptop, 5 seeds" in text
    assert "also here: smoke, 2 seeds" in text
    assert text.index("laptop, 5 seeds") < text.index("smoke, 2 seeds")


def test_what_was_not_run_is_listed_with_its_command(tmp_path):
    made = write_site(tmp_path)
    text = words(made.index)
    for name in atlas.ATLAS:
        assert f"phenoscope run {name}" in text
        about = atlas.find(name)
        told = words(tmp_path / "report" / "phenomena" / f"{name}.html")
        assert about.question in told
        for claim in about.claims:
            assert " ".join(claim.says.split()) in told
            assert f"{claim.region}" in told
        assert all(arm.name in told for arm in about.arms)


def test_the_data_of_the_table_are_all_verdicts(site):
    with (site.index.parent / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(VERDICTS) + 3 + 1
    first = next(row for row in rows if row["run"] == "edge-laptop")
    found = VERDICTS[0]
    assert (first["claim"], first["outcome"], first["where"]) == (found.claim, found.outcome, "lr=0.1")
    assert [float(first[name]) for name in ("estimate", "low", "high")] == [found.estimate, found.low, found.high]
    assert [float(value) for value in first["values"].split()] == list(found.values)
    assert (first["region_low"], first["region_high"], first["control_discriminates"]) == ("0.9", "1.15", "true")
    nothing = next(row for row in rows if row["outcome"] == "not tested")
    assert nothing["estimate"] == ""


def test_places_of_a_claim_are_gathered():
    rates = (0.1, 0.2, 0.4)
    same = claim_rows([verdict(where={"lr": rate}) for rate in rates])
    assert [row["outcomes"] for row in same] == [[{"outcome": "supported", "kind": "supported", "at": "at all 3"}]]
    mixed = [verdict(where={"lr": r}, outcome="contradicted" if r == 0.2 else "supported") for r in rates]
    (row,) = claim_rows(mixed)
    assert [(each["outcome"], each["at"]) for each in row["outcomes"]] == [
        ("supported", "at lr = 0.1; lr = 0.4"),
        ("contradicted", "at lr = 0.2"),
    ]
    assert [where for where, _ in row["estimates"]] == ["lr = 0.1", "lr = 0.2", "lr = 0.4"]


def test_a_stack_draws_each_verdict_where_one_ruler_says():
    from phenoscope.report.rulers import ruler_of

    stack = [verdict(where={"lr": 0.1}, estimate=value, low=value - 0.1, high=value + 0.1) for value in (1.0, 1.3)]
    drawn = stacked_strip(stack)
    dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="4"', drawn)]
    assert dots == pytest.approx([ruler_of(*stack).place(1.0), ruler_of(*stack).place(1.3)], abs=0.06)
    assert "lr = 0.1: Estimate" in drawn


def test_intervals_of_hundreds_of_orders_are_drawn():
    wild = {"scale": "log", "low": 1e-300, "high": 1e300, "raw_low": 1e-200, "raw_high": 1e200}
    assert "nan" not in stacked_strip([verdict(estimate=1.0, **wild)])


def test_what_was_begun_is_listed_with_the_command_to_go_on(site, runs):
    assert "1 experiment is not finished" in words(site.index)
    assert f"phenoscope resume {runs / 'begun'}" in words(site.index.parent / "runs.html")
    with pytest.raises(BadInput, match="is not finished, so there is nothing to show yet"):
        write_report(runs / "begun")


def test_what_holds_the_right_names_but_other_things_is_not_readable(tmp_path):
    write_experiment(experiment(path=tmp_path / "odd"))
    about = json.loads((tmp_path / "odd" / "experiment.json").read_text())
    about["arms"][0]["seconds"] = "long"
    (tmp_path / "odd" / "experiment.json").write_text(json.dumps(about))
    watched = write_watched(tmp_path / "watched")
    about = json.loads((watched / "member.json").read_text())
    about["watched"]["examples"] = "many"
    (watched / "member.json").write_text(json.dumps(about))
    made = write_site(tmp_path)
    assert [each.path.name for each in made.unreadable] == ["odd", "watched"]
    assert "watched cannot be shown" in words(tmp_path / "report" / "runs.html")


def test_a_newer_run_is_not_guessed_at(tmp_path):
    write_experiment(experiment(path=tmp_path / "new"))
    about = json.loads((tmp_path / "new" / "experiment.json").read_text())
    (tmp_path / "new" / "experiment.json").write_text(json.dumps(about | {"schema": SCHEMA + 1}))
    (found,) = survey(tmp_path).unreadable
    assert "Update phenoscope" in found.why


def test_a_phenomenon_that_cannot_be_used_is_said(tmp_path, monkeypatch):
    distribution(tmp_path / "installed", "broken = no_such_module:make")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    made = write_site(tmp_path)
    assert "no_such_module" in words(made.index.parent / "runs.html")
    assert "1 thing could not be read" in words(made.index)


def test_a_site_may_lie_elsewhere_and_is_the_same(runs, site, tmp_path):
    elsewhere = write_site(runs, tmp_path / "site")
    for path in site.pages:
        twin = tmp_path / "site" / path.relative_to(site.index.parent)
        assert twin.read_bytes() == path.read_bytes()
    assert elsewhere.index == tmp_path / "site" / "index.html"


def test_a_run_s_own_folder_gives_its_page_alone(runs):
    made = write_report(runs / "mine")
    assert made.index == runs / "mine" / "report" / "index.html"
    assert made.pages == (made.index,)
    assert not page(made.index).of("nav")


def test_no_folder_no_site(tmp_path):
    with pytest.raises(BadInput, match="nowhere holds no experiment"):
        write_report(tmp_path / "nowhere")
    (tmp_path / "report").write_text("in the way")
    with pytest.raises(PhenoscopeError, match="cannot be written"):
        write_report(tmp_path)


# --- watched runs --------------------------------------------------------------------------------------------------


def test_a_watched_run_shows_what_was_watched_its_verdicts_and_the_rest(site):
    text = words(site.index.parent / "watched" / "watched one" / "index.html")
    for part in (
        "Net <1>",
        "1,234 parameters",
        "4 parameters are not in the optimizer",
        "SGD",
        "rate 0.25",
        "400 steps",
    ):
        assert part in text
    assert "The one claim is supported." in text
    assert "the blocks" in text
    assert "Blocks" in text
    assert "not measured: it. Add It(every=1)." in text
    assert "phenoscope diagnose" in words(site.index.parent / "watched" / "watched two" / "index.html")
    listed = words(site.index.parent / "runs.html")
    assert "watched one" in listed
    assert "not diagnosed yet" in listed


def test_each_series_has_a_figure_with_its_residuals_as_a_band(tmp_path):
    record = read_single(write_watched(tmp_path / "run")).record
    loss, sharpness, residual = series_panels(record, {"sharpness": "loss / parameter²", "loss": "loss"})
    assert [panel.title for panel in (loss, sharpness, residual)] == ["loss", "sharpness", "sharpness.residual"]
    assert (loss.log_y, sharpness.log_y) == (True, False)
    assert (loss.y_label, sharpness.y_label) == ("loss", "sharpness (loss / parameter²)")
    (trace,) = sharpness.traces
    assert len(trace.x) == 399  # one was not finite
    assert set(trace.error) == {0.3}
    assert "1 reading is not finite and left out" in sharpness.caption
    assert "The band is the residual" in sharpness.caption
    estimated = {name.replace(".residual", ".standard error"): series for name, series in record.series.items()}
    _, other, _ = series_panels(dataclasses.replace(record, series=estimated), {})
    assert "The band is one standard error." in other.caption
    table = list(csv.DictReader(data_csv(sharpness).splitlines()))
    assert (table[0]["x"], table[0]["y"], table[0]["error"]) == ("0.0", "2.0", "0.3")
    assert draw(sharpness) != draw(dataclasses.replace(sharpness, traces=(dataclasses.replace(trace, error=()),)))


def test_a_band_lies_around_its_line():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    band(axes, Trace("", {}, 0, (0.0, 1.0, 2.0), (5.0, 6.0, 5.5), (1.0, 2.0, 0.5)), 100, "blue")
    (patch,) = axes.patches
    assert {tuple(corner) for corner in patch.get_xy()} == {(0, 6), (1, 8), (2, 6), (0, 4), (1, 4), (2, 5)}


def test_a_watched_run_s_folder_gives_its_page_alone(runs):
    made = write_report(runs / "watched one")
    assert made.index == runs / "watched one" / "report" / "index.html"
    assert "The one claim is supported." in words(made.index)


def test_a_member_by_itself_has_a_page_with_its_recipe(tmp_path):
    ran = ps.run(phenomenon(arm()), seeds=1, out=tmp_path, jobs=1)
    (member,) = ran.arms[0].members
    text = words(write_report(tmp_path / "members" / member, tmp_path / "page").index)
    assert "One member" in text
    assert "GradientDescent (lr 0.1" in text
    assert "diagnose" not in text


def test_a_diagnosis_that_cannot_be_read_is_said(tmp_path):
    run = write_watched(tmp_path / "run")
    (run / "diagnosis.json").write_text('{"schema": 1, "verdicts": [{}], "rest": []}')
    (found,) = survey(tmp_path).unreadable
    assert "not a verdict" in found.why
