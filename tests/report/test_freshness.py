"""A page of a site is drawn again when something that it is made of has changed, and only then."""

import json
from pathlib import Path

import pytest
from report_samples import SCATTER, SUPPORTED, experiment, verdict
from sites import write_watched

from phenoscope.report import freshness, write_report, write_site
from phenoscope.store import write_experiment


@pytest.fixture
def runs(tmp_path) -> Path:
    write_experiment(experiment(path=tmp_path / "one", verdicts=(SUPPORTED,), panels=(SCATTER,)))
    write_watched(tmp_path / "two", diagnosed=False)
    write_site(tmp_path)
    return tmp_path


def drawn(runs: Path) -> dict[str, bool]:
    """Which of the two pages the next building of the site writes anew."""
    pages = {name: runs / "report" / kind / name / "index.html" for kind, name in (("runs", "one"), ("watched", "two"))}
    before = {name: page.stat().st_ino for name, page in pages.items()}
    write_site(runs)
    return {name: page.stat().st_ino != before[name] for name, page in pages.items()}


def test_nothing_is_drawn_twice(runs):
    assert drawn(runs) == {"one": False, "two": False}


def test_other_verdicts_are_drawn(runs):
    write_experiment(experiment(path=runs / "one", verdicts=(verdict(outcome="undecided"),), panels=(SCATTER,)))
    assert drawn(runs) == {"one": True, "two": False}
    assert "undecided" in (runs / "report" / "runs" / "one" / "index.html").read_text(encoding="utf-8")


def test_a_diagnosis_is_drawn(runs):
    (runs / "two" / "diagnosis.json").write_text(json.dumps({"schema": 1, "verdicts": [], "rest": []}))
    assert drawn(runs) == {"one": False, "two": True}


def test_missing_data_are_written_again(runs):
    table = next((runs / "report" / "runs" / "one" / "data").iterdir())
    table.unlink()
    assert drawn(runs)["one"]
    assert table.exists()


def test_another_version_of_the_report_draws_everything(runs, monkeypatch):
    monkeypatch.setattr(freshness, "_code", lambda: b"another")
    assert drawn(runs) == {"one": True, "two": True}


def test_a_page_that_is_asked_for_by_itself_is_always_written_anew(runs):
    page = write_report(runs / "one").index
    page.write_text("spoilt")
    assert "spoilt" not in write_report(runs / "one").index.read_text(encoding="utf-8")
