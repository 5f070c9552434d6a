"""`phenoscope doctor`, with timings of a tiny network only."""

import json

import pytest

from phenoscope.cli import main
from phenoscope.data import DATASETS
from phenoscope.engine import doctor
from phenoscope.engine.speed import Case


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(doctor, "SECONDS", {Case("tiny", (4,), 3, 10): 0.0})


def test_it_tells_what_it_found(capsys, tmp_path):
    main(["doctor", "--out", str(tmp_path / "runs")])
    said = capsys.readouterr()
    assert said.err == ""
    for part in ("machine ", "cores ", "torch ", "packages ", "data ", "runs ", "polars", "one thread", "Recommended:"):
        assert part in said.out, part
    assert all(name in said.out for name in DATASETS)
    assert "can be written" in said.out
    assert "tiny perceptron 3-4-10, 10 examples, 66 parameters: gradient " in said.out


def test_json_is_one_object(capsys, tmp_path):
    main(["doctor", "--json", "--out", str(tmp_path)])
    value = json.loads(capsys.readouterr().out)
    assert [timed["network"] for timed in value["products"]] == ["tiny perceptron 3-4-10, 10 examples"]
    assert all(timed["best"] in map(int, timed["seconds"]) for timed in value["threads"])


def test_without_timings(capsys, tmp_path):
    main(["doctor", "--no-timings", "--out", str(tmp_path)])
    assert "Recommended" not in capsys.readouterr().out


def test_what_stands_out_is_said_last(capsys, tmp_path):
    (tmp_path / "file").touch()
    main(["doctor", "--no-timings", "--out", str(tmp_path / "file")])
    said = capsys.readouterr().out
    assert "! Runs cannot be written into" in said
    assert "Nothing stands out" not in said
