"""`phenoscope diagnose` as a person and as a program use it."""

import json

import pytest
import torch
from torch.optim import SGD

import phenoscope as ps
from phenoscope.cli import main

P = ps.probes


@pytest.fixture
def watched(tmp_path):
    torch.manual_seed(0)
    model, data = torch.nn.Linear(3, 1), (torch.randn(9, 3), torch.randn(9, 1))
    optimizer, loss = SGD(model.parameters(), lr=0.1), torch.nn.MSELoss()
    with ps.watch(model, loss, data, optimizer, probes=[P.Loss(), P.Sharpness(every=2)], run=tmp_path / "mine"):
        for _ in range(6):
            optimizer.zero_grad()
            loss(model(data[0]), data[1]).backward()
            optimizer.step()
    return tmp_path / "mine"


def said(capsys, *arguments):
    main([str(part) for part in arguments])
    return capsys.readouterr().out


def test_text(watched, capsys):
    out = said(capsys, "diagnose", watched)
    assert "SGD, recognised as GradientDescent at rate 0.1; 6 updates, finished." in out
    assert "about this run only" in out
    assert "Would be judged with another probe:" in out
    assert "Add ps.probes.RelativeProgress()" in out
    assert "Not about a run like this one:" in out


def test_json_has_the_form_of_run(watched, capsys):
    told = json.loads(said(capsys, "diagnose", watched, "--json"))
    assert {"name", "scale", "seeds", "folder", "report", "verdicts"} <= told.keys()
    assert told["watched"]["rule"] == "GradientDescent"
    assert told["steps"] == 6
    assert all(unjudged["why"] for unjudged in told["rest"])
    assert all(verdict["scope"] == "this run" for verdict in told["verdicts"])


@pytest.mark.parametrize("what", ["nothing", "file", "empty", "broken"])
def test_what_cannot_be_diagnosed(watched, tmp_path, capsys, what):
    run = tmp_path / what
    if what == "file":
        run.write_text("mine")
    if what == "empty":
        run.mkdir()
    if what == "broken":
        run = watched
        (run / "series.parquet").write_bytes((run / "series.parquet").read_bytes()[:40])
    with pytest.raises(SystemExit) as left:
        main(["diagnose", str(run)])
    assert left.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert "Traceback" not in error
