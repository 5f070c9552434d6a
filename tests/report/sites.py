"""A folder of runs made by hand, with everything that a site must cope with, and its site."""

import dataclasses
from pathlib import Path

from report_samples import SCATTER, SUPPORTED, experiment, oscillation, verdict

from phenoscope.store import write_experiment

ODD = "odd name #1 100%"
"""A folder's name that an address must not be made of as it stands."""


def write_runs(folder: Path) -> Path:
    """Four experiments: two of one phenomenon, one that the atlas does not know, one broken."""
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
    return folder
