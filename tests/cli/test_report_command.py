"""`phenoscope report` as a person or a script meets it."""

import json
from pathlib import Path

import pytest

import phenoscope as ps
from phenoscope.cli import main
from small import arm, claim, phenomenon


@pytest.fixture(autouse=True)
def ran(monkeypatch, tmp_path):
    """A folder `runs` with one experiment, and where we are."""
    monkeypatch.chdir(tmp_path)
    return ps.run(phenomenon(arm(), claims=(claim(),)), seeds=2, out="runs", jobs=1)


def printed(capsys, *words: str) -> str:
    main(["report", *words])
    return capsys.readouterr().out


def test_the_site_of_the_usual_folder(capsys):
    assert printed(capsys).strip() == "Report: runs/report/index.html"
    text = Path("runs/report/index.html").read_text(encoding="utf-8")
    assert "the loss stays at least 0" in text


def test_with_json_it_names_every_page_and_what_cannot_be_read(capsys):
    Path("runs/broken").mkdir()
    Path("runs/broken/experiment.json").write_text("{")
    Path("runs/begun").mkdir()
    Path("runs/begun/request.json").write_text('{"schema": 1}')
    found = json.loads(printed(capsys, "runs", "--to", "elsewhere", "--json"))
    assert found["report"] == "elsewhere/index.html"
    assert found["report"] in found["pages"]
    assert all(Path(page).is_file() for page in found["pages"])
    assert found["unfinished"] == ["runs/begun"]
    (broken,) = found["unreadable"]
    assert broken["path"] == "runs/broken"
    told = printed(capsys, "runs")
    assert broken["why"] in told
    assert "phenoscope resume runs/begun" in told


def test_a_single_run_s_page_may_lie_elsewhere_too(capsys, ran):
    assert printed(capsys, str(ran.path), "--to", "page").strip() == "Report: page/index.html"
