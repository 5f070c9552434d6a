"""`phenoscope list` and `run` with a phenomenon of another distribution, each as a process of its own."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from distributions import GROUP, distribution

EXAMPLE = Path(__file__).parents[2] / "examples" / "rising_sharpness"


@pytest.fixture
def project():
    """What the example's own metadata say."""
    return tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]


@pytest.fixture
def command(tmp_path, project):
    """The command with the example on the path, as if it had been installed, and a broken one beside it."""
    lines = [f"{name} = {where}" for name, where in project["entry-points"][GROUP].items()]
    site = distribution(tmp_path / "site", "\n".join(lines), name=project["name"], version=project["version"])
    distribution(site, "[bold]broken = nowhere:make", name="others")
    path = os.pathsep.join((str(site), str(EXAMPLE), os.environ.get("PYTHONPATH", "")))

    def run(*words):
        return subprocess.run(
            (sys.executable, "-m", "phenoscope", *words),
            check=False, capture_output=True, text=True, timeout=240, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    return run


def test_it_is_listed_with_where_it_comes_from(command, project):
    done = command("list", "--json")
    found = json.loads(done.stdout)
    row = next(row for row in found["phenomena"] if row["name"] == "rising_sharpness")
    assert (done.returncode, done.stderr) == (0, "")
    assert (row["distribution"], row["version"]) == (project["name"], project["version"])
    assert row["options"] == {"data": "digits", "lr": 0.05}
    assert next(row for row in found["phenomena"] if row["name"] == "edge_of_stability")["distribution"] == "phenoscope"
    (broken,) = found["broken"]
    assert (broken["name"], broken["distribution"], broken["version"]) == ("[bold]broken", "others", "1.2")
    assert "No module named 'nowhere'" in broken["problem"]


def test_the_table_has_it_and_the_reason_of_what_is_broken(command):
    done = command("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "rising-sharpness 0.1.0" in done.stdout
    assert "! the phenomenon '[bold]broken' of others 1.2 cannot be used: importing nowhere:make failed." in done.stdout


def test_it_is_run_by_workers_which_find_its_own_probe(command, tmp_path):
    done = command("run", "rising_sharpness", "--scale", "smoke", "--lr", "0.04", "--jobs", "2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [verdict["name"] for verdict in found["verdicts"]] == ["sharpness-doubles", "below-the-edge"]
    about = json.loads((Path(tmp_path, found["folder"]) / "experiment.json").read_text())
    assert about["command"] == ("phenoscope run rising_sharpness --scale smoke --seeds 0,1 --data digits --lr 0.04")
    assert about["environment"]["phenomenon from"] == "rising-sharpness 0.1.0"
    again = command("run", "rising_sharpness", "--scale", "smoke", "--lr", "0.04", "--dry-run", "--json")
    assert json.loads(again.stdout)["finished"] == 4


def test_a_broken_one_is_one_sentence_and_exit_code_1(command):
    for words in (("run", "[bold]broken"), ("run", "[bold]broken", "--dry-run"), ("run", "[bold]broken", "--lr", "1")):
        done = command(*words)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.strip().splitlines()
        assert line.startswith("Error: the phenomenon '[bold]broken' of others 1.2 cannot be used:")
