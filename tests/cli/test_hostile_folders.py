"""Whole folders of runs, damaged at random, through every reader and the commands: a sentence at most, never more."""

import contextlib
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parquet import deadly, unsealed
from phenoscope.cli.main import app
from phenoscope.comparing import compare
from phenoscope.core.errors import PhenoscopeError
from phenoscope.report import write_report
from phenoscope.store import load, read_experiment, read_journal, read_member, read_points, survey

NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, 2**63, -(2**63), 1e308, 5e-324])
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["../x", "/etc", "\x00", "\ud800", "<script>", "[/bold]", "supported", "$1$"]
)
ATOMS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(ATOMS, lambda x: st.lists(x, max_size=3) | st.dictionaries(TEXTS, x, max_size=3), max_leaves=5)

READ = """
import sys
from pathlib import Path
from phenoscope.core.errors import BadInput
from phenoscope.store import load, read_member, read_members

member = Path(sys.argv[1])
run = next(member.parents[1].glob("*/experiment.json")).parent
ways = [lambda: read_member(member), lambda: read_members([member]), lambda: load(member)]
for way in [*ways, lambda: load(run).series, lambda: load(run).records]:
    try:
        way()
    except BadInput as problem:
        print(problem)
"""


def places(value, path=()):
    """The ways to every part of a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))


def another_value(data, file: Path) -> None:
    """One part of a JSON file replaced, or left out."""
    try:
        value = json.loads(file.read_text())
    except ValueError:  # damaged before
        return
    path = data.draw(st.sampled_from([path for path in places(value) if path] or [()]))
    if not path:
        return
    part = value
    for key in path[:-1]:
        part = part[key]
    if data.draw(st.booleans()) or not isinstance(part, dict):
        part[path[-1]] = data.draw(VALUES)
    else:
        del part[path[-1]]
    file.write_text(json.dumps(value))


def other_bytes(data, file: Path) -> None:
    """Some bytes changed, the end cut off."""
    content = bytearray(file.read_bytes())
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=6)
    ):
        content[place] = byte
    file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]))


def damage(data, folder: Path) -> None:
    """One file of the folder damaged, lost, or taken from elsewhere."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    file = files[data.draw(st.integers(0, len(files) - 1))]
    ways = ["bytes", "value", "value", "value", "lost", "swapped", "folder"]
    match data.draw(
        st.sampled_from(ways if file.suffix == ".json" else ["bytes", "bytes", "lost", "swapped", "folder"])
    ):
        case "value":
            another_value(data, file)
        case "bytes":
            other_bytes(data, file)
        case "swapped":
            shutil.copyfile(files[files.index(file) - 1], file)
        case "folder":
            file.unlink()
            file.mkdir()
        case _:
            file.unlink()


def readers(folder: Path):
    """Every way to read the folder."""
    run = folder / "tiny-smoke"
    yield lambda: load(run).series
    yield lambda: read_experiment(run).pairs
    yield lambda: survey(folder)
    for member in sorted((folder / "members").iterdir()):
        yield lambda member=member: load(member).series
        yield lambda member=member: read_member(member)
        yield lambda member=member: read_points(member)
        yield lambda member=member: read_journal(member / "series.parquet")
    yield lambda: compare(run, run)
    for words in (["show", str(run)], ["show", str(run), "--json"]):
        yield lambda words=words: app(words, exit_on_error=False)


def reports(folder: Path):
    """The pages of a run, and of all runs."""
    yield lambda: write_report(folder / "tiny-smoke")
    yield lambda: write_report(folder)


def survive(data, ran: Path, folder: Path, attempts) -> None:
    """Damage a copy of the runs, and try; whatever is not a PhenoscopeError fails the test."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ran, folder, ignore=shutil.ignore_patterns("report"))
    for _ in range(data.draw(st.integers(1, 2))):
        damage(data, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for attempt in attempts(folder):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(PhenoscopeError):
            attempt()
    assert {path: path.read_bytes() for path in before} == before


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_folder_gives_a_traceback(ran, tmp_path, data):
    survive(data, ran, tmp_path / "runs", readers)


@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_folder_breaks_its_report(ran, tmp_path, data):
    survive(data, ran, tmp_path / "runs", reports)


def test_an_undamaged_folder_passes_every_way(ran, tmp_path):
    shutil.copytree(ran, tmp_path / "runs")
    done = 0
    for attempt in (*readers(tmp_path / "runs"), *reports(tmp_path / "runs")):
        with contextlib.redirect_stdout(io.StringIO()):
            attempt()
        done += 1
    assert done >= 10


def test_a_damage_that_was_not_foreseen_would_be_seen(ran, tmp_path, monkeypatch):
    """The net above catches: an error of another kind does come out."""

    def broken(*_):
        raise KeyError("not foreseen")

    monkeypatch.setattr("phenoscope.store.experiments.panel_from_json", lambda _: broken())
    shutil.copytree(ran, tmp_path / "runs")
    with pytest.raises(PhenoscopeError, match="not foreseen"):
        load(tmp_path / "runs" / "tiny-smoke")


@pytest.mark.parametrize("without", [False, True], ids=["sealed", "of an earlier version"])
def test_no_reader_of_a_run_is_ended_by_a_damaged_count(ran, tmp_path, without):
    """In a process of its own, which a reader that parses the file does not survive."""
    shutil.copytree(ran, tmp_path / "runs")
    member = sorted((tmp_path / "runs" / "members").iterdir())[0]
    content = (member / "series.parquet").read_bytes()
    (member / "series.parquet").write_bytes(deadly(unsealed(content) if without else content))
    done = subprocess.run([sys.executable, "-c", READ, str(member)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    reason = "reading it ends the process" if without else "it is not whole"
    assert done.stdout.count(f"{member}/series.parquet cannot be read as series ({reason}") == 5
