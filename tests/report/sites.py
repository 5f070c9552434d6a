"""A folder of runs made by hand, with everything that a site must cope with, and its site."""

import dataclasses
from pathlib import Path

import numpy as np
from report_samples import SCATTER, SUPPORTED, experiment, oscillation, verdict

from phenoscope.store import DIAGNOSIS, RATE, WatchedFolder, write_experiment, write_json
from phenoscope.store.files import SCHEMA

ODD = "odd name #1 100%"
"""A folder's name that an address must not be made of as it stands."""


def write_watched(folder: Path, *, diagnosed: bool = True) -> Path:
    """A watched run as its watch leaves it: a loss, a sharpness with residuals, one value that is not finite."""
    about = {
        "created": "2025-11-24T01:40:00+00:00",
        "environment": {"python": "3.11.9"},
        "watched": {
            "model": "Net <1>", "parameters": 1234, "parameters_not_in_optimizer": 4, "optimizer": "SGD",
            "rule": "GradientDescent", "rule_why": "", "loss": "squared", "loss_kind": "squared error",
            "examples": 100, "batches": 1, "weighting": "examples", "probes": ["Loss(every=1)"],
            "series": {"loss": "loss", "sharpness": "loss / parameter²"},
        },
    }  # fmt: skip
    run = WatchedFolder(folder, about, {})
    steps = np.arange(400)
    loss, sharpness = np.exp(-steps / 90.0), 10 - 8 * np.exp(-steps / 50.0)
    sharpness[7] = np.nan
    series = {"loss": loss, "sharpness": sharpness, "sharpness.residual": np.full(400, 0.3)}
    with run.begin(overwrite=False) as journal:
        for name, values in series.items():
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                journal.append(step, name, value)
        journal.append(0, RATE, 0.25)
    costs = {"costs": {"Loss": {"readings": 400, "seconds": 0.1}}, "seconds": 0.1, "seconds_in_all": 2.0}
    run.finish("finished", None, {"steps": 400.0}, costs)
    if diagnosed:
        found = dataclasses.replace(SUPPORTED, scope="this run", seeds=(), control=None)
        rest = {
            "phenomenon": "edge_of_stability",
            "claim": "it falls",
            "why": "not measured: it",
            "needs": ["It(every=1)"],
        }
        write_json(folder / DIAGNOSIS, {"schema": SCHEMA, "verdicts": [found.to_json()], "rest": [rest]})
    return folder


def write_runs(folder: Path) -> Path:
    """Experiments (two of one phenomenon, one that the atlas does not know, one broken) and two watched runs."""
    swept = tuple(verdict(where={"lr": rate}) for rate in (0.1, 0.2, 0.4))
    plain = dataclasses.replace(
        experiment(), path=folder / "edge-laptop", title="The edge of stability", panels=(oscillation(6, 200), SCATTER)
    )
    small = {"path": folder / ODD, "scale": "smoke", "seeds": (0, 1), "panels": (oscillation(2, 20),)}
    write_experiment(plain)
    write_experiment(dataclasses.replace(plain, verdicts=swept, created="2025-11-23T01:40:00+00:00", **small))
    mine = {"path": folder / "mine", "name": "my own <thing>", "title": "Mine & only mine", "comparisons": ("apart",)}
    write_experiment(dataclasses.replace(plain, verdicts=(SUPPORTED,), panels=(), **mine))
    (folder / "broken").mkdir()
    (folder / "broken" / "experiment.json").write_text('{"schema": 1, "name": "bro')
    (folder / "members").mkdir()
    (folder / "begun").mkdir()
    (folder / "begun" / "request.json").write_text('{"schema": 1}')
    write_watched(folder / "watched one")
    write_watched(folder / "watched two", diagnosed=False)
    return folder
