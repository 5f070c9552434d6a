"""Bad and hostile runs at the prompt: one sentence, exit code 1, nothing run, nothing lost, and no hanging.

A row of a table is a situation: what is made in the folder, the words of the command, and a part of the sentence.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from phenoscope.cli import main
from prompt import LONG, OTHER, Make, Situation, contents, in_time, nothing, refused

RUN = "runs/tiny-smoke"

# --- folders of runs -----------------------------------------------------------------------------------------------


def edit(name: str, **changes: object) -> Make:
    """Replace fields of one of the run's JSON files."""

    def make() -> None:
        file = Path(RUN, name)
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return make


def verdict(**changes: object) -> Make:
    """Replace fields of the first verdict."""

    def make() -> None:
        file = Path(RUN, "verdicts.json")
        about = json.loads(file.read_text())
        about["verdicts"][0] |= changes
        file.write_text(json.dumps(about))

    return make


def panel(**changes: object) -> Make:
    """Replace fields of the first line of the first panel."""

    def make() -> None:
        file = Path(RUN, "panels.json")
        about = json.loads(file.read_text())
        about["panels"][0]["traces"][0] |= changes
        file.write_text(json.dumps(about))

    return make


def instead(name: str, how: Callable[[Path], object]) -> Make:
    """Put something else in the place of a file of the run."""

    def make() -> None:
        Path(RUN, name).unlink()
        how(Path(RUN, name))

    return make


def text(content: str | bytes) -> Callable[[Path], object]:
    """A file of that content."""
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


def link(target: str) -> Callable[[Path], object]:
    """A symbolic link."""
    return lambda path: path.symlink_to(target)


def sparse(path: Path) -> None:
    """A file of a terabyte that takes no room."""
    with path.open("wb") as file:
        file.truncate(2**40)


EXPERIMENTS: dict[str, tuple[Make, str]] = {
    "no such folder": (lambda: shutil.rmtree("runs"), "holds no experiment"),
    "a file in place of the folder": (
        lambda: (shutil.rmtree(RUN), Path(RUN).write_text("a file")),
        "holds no experiment",
    ),
    "a loop of links in its place": (
        lambda: (shutil.rmtree(RUN), Path(RUN).symlink_to("tiny-smoke")),
        "holds no experiment",
    ),
    "empty JSON": (instead("experiment.json", text("")), "It may be truncated"),
    "truncated JSON": (instead("experiment.json", text('{"schema": 1, "name"')), "It may be truncated"),
    "no JSON": (instead("verdicts.json", text("\x89PNG\r\n")), "cannot be read"),
    "bytes that are no UTF-8": (instead("experiment.json", text(b'{"schema": 1, "name": "\xff"}')), "cannot be read"),
    "zero bytes": (instead("experiment.json", text(bytes(100))), "cannot be read"),
    "a list": (instead("experiment.json", text("[]")), "lacks a schema"),
    "a number": (instead("panels.json", text("3")), "lacks a schema"),
    "a schema that is text": (edit("experiment.json", schema="1"), "lacks a schema"),
    "a newer schema": (edit("experiment.json", schema=7), "Update phenoscope"),
    "a newer schema of the verdicts": (edit("verdicts.json", schema=7), "Update phenoscope"),
    "JSON too deep to parse": (instead("experiment.json", text("[" * 100_000)), "cannot be read"),
    "JSON that parses and is deep": (
        instead("experiment.json", text('{"schema": 1, "options": ' + '{"a":' * 400 + "1" + "}" * 400 + "}")),
        "nested deeper than",
    ),
    "a number of a million digits": (
        instead("experiment.json", text('{"schema": 1, "looks": ' + "9" * 1_000_000 + "}")),
        "cannot be read",
    ),
    "a number beyond all floats": (verdict(estimate=10**400), "cannot be read as an experiment"),
    "NaN among the seeds": (edit("experiment.json", seeds=[float("nan")]), "the 'seeds' of this Experiment cannot be"),
    "infinite looks": (edit("experiment.json", looks=float("inf")), "the 'looks' of this Experiment cannot be"),
    "a name that is a number": (edit("experiment.json", title=5), "the 'title' of this Experiment cannot be 5"),
    "an unknown field": (edit("experiment.json", surprise=1), "surprise"),
    "duplicate keys": (
        instead("experiment.json", text('{"schema": 1, "name": "a", "name": "b"}')),
        "cannot be read as an experiment",
    ),
    "arms that are none": (edit("experiment.json", arms=[{"name": "main"}]), "cannot be read as an experiment"),
    "text with a zero byte": (edit("experiment.json", title="a\x00b"), "text that cannot be shown"),
    "text that steers the terminal": (edit("experiment.json", title="\x1b[2J"), "text that cannot be shown"),
    "half a character": (edit("experiment.json", question="\ud800"), "text that cannot be shown"),
    "a made-up outcome": (verdict(outcome="proven"), "the 'outcome' of this Verdict cannot be 'proven'"),
    "a made-up kind of region": (verdict(region={"kind": "Everywhere"}), "holds a 'Everywhere', which is not known"),
    "a region that is none": (verdict(region={"kind": "Recipe"}), "cannot be rebuilt"),
    "a region turned round": (verdict(region={"kind": "Between", "low": 2.0, "high": 1.0}), "2"),
    "a made-up scale of the interval": (verdict(scale="cubic"), "the 'scale' of this Verdict cannot be 'cubic'"),
    "a made-up role of the control": (
        verdict(control={**dict.fromkeys(("estimate", "low", "high")), "arm": "main", "role": "hero", "n": 1,
                         "discriminates": None, "how": ""}),
        "the 'role' of this ControlVerdict cannot be 'hero'",
    ),
    "an estimate that is text": (verdict(estimate="much"), "cannot be read as an experiment"),
    "a verdict with a field too many": (verdict(surprise=1), "not a verdict of this version: surprise"),
    "points that are not paired": (panel(x=[1.0, 2.0], y=[1.0]), "not finite, or not paired"),
    "points that are not finite": (panel(x=[1.0], y=[float("inf")]), "not finite, or not paired"),
    "points that are text": (panel(x=["a"], y=["b"]), "the 'x' of this Trace cannot be ('a',)"),
    "a folder for a file": (instead("experiment.json", Path.mkdir), "it is a folder, and no plain file"),
    "a pipe for a file": (instead("verdicts.json", os.mkfifo), "it is a pipe, and no plain file"),
    "a device for a file": (instead("panels.json", link("/dev/zero")), "it is a device, and no plain file"),
    "a loop of links for a file": (instead("panels.json", link("panels.json")), "cannot be looked at"),
    "a link to nowhere": (instead("verdicts.json", link("nowhere")), "there is no verdicts.json"),
    "a terabyte": (instead("panels.json", sparse), "has 1,099,511,627,776 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("words", [("show", RUN), ("show", RUN, "--json"), ("report", RUN)], ids=" ".join)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_run_that_cannot_be_read(here, capsys, name, words):
    make, says = EXPERIMENTS[name]
    make()
    before = contents(here)
    line = refused(capsys, words)
    assert says in line or (words[0] == "report" and "holds no experiment" in line), line
    assert contents(here) == before


NAMES: dict[str, tuple[Make, tuple[str, ...], str]] = {
    "a path too long": (nothing, ("show", LONG), "File name too long"),
    "a name too long": (nothing, ("show", OTHER), "File name too long"),
    "a name that is no UTF-8": (nothing, ("show", os.fsdecode(b"a\xff")), r"a\udcff holds no experiment"),
    "a name of two lines": (nothing, ("show", "a\nb\x1b[2J"), r"a b\x1b[2J holds no experiment"),
    "a pipe": (lambda: os.mkfifo("pipe"), ("show", "pipe"), "holds no experiment"),
    "a device": (nothing, ("show", "/dev/zero"), "holds no experiment"),
    "several": (lambda: shutil.copytree(RUN, "runs/two"), ("show", "runs"), "holds several experiments"),
    "a report of a name too long": (nothing, ("report", OTHER), "File name too long"),
    "a report of a pipe": (lambda: os.mkfifo("pipe"), ("report", "pipe"), "holds no experiment"),
    "a report into a file": (
        lambda: Path("taken").write_text("mine"),
        ("report", RUN, "--to", "taken"),
        "cannot be written",
    ),
    "a page that is a folder": (
        lambda: Path("site/index.html").mkdir(parents=True),
        ("report", RUN, "--to", "site"),
        "index.html cannot be written",
    ),
    "a report into a name too long": (nothing, ("report", RUN, "--to", OTHER), "cannot be written"),
    "a diagnosis of a name too long": (nothing, ("diagnose", OTHER), "File name too long"),
    "a diagnosis of nothing": (nothing, ("diagnose", "nowhere"), "there is no member.json"),
    "a diagnosis of an experiment": (nothing, ("diagnose", RUN), "there is no member.json"),
}


def request(**changes: object) -> Make:
    """Replace fields of what was asked for, in an experiment that is not finished."""

    def make() -> None:
        file = Path(RUN, "request.json")
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))
        Path(RUN, "experiment.json").unlink()

    return make


NAMES |= {
    "resuming nothing": (nothing, ("resume", "nowhere"), "nowhere holds no experiment"),
    "resuming a name too long": (nothing, ("resume", OTHER), "File name too long"),
    "resuming a pipe": (instead("request.json", os.mkfifo), ("resume", RUN), "it is a pipe"),
    "resuming a device": (instead("request.json", link("/dev/zero")), ("resume", RUN), "it is a device"),
    "resuming a newer schema": (request(schema=9), ("resume", RUN), "Update phenoscope"),
    "resuming what is unknown": (request(name="none"), ("resume", RUN), "there is no phenomenon 'none'"),
    "resuming a made-up scale": (request(scale="huge"), ("resume", RUN), "cannot be read"),
    "resuming other options": (request(options={"depth": 3}), ("resume", RUN), "tiny has no option depth"),
    "resuming options of another kind": (request(options={"lr": "fast"}), ("resume", RUN), "lr"),
    "resuming seeds that are none": (request(seeds=[-1]), ("resume", RUN), "seeds must be"),
    "resuming seeds of another kind": (request(seeds=["a"]), ("resume", RUN), "cannot be read"),
    "resuming a made-up spec": (request(options={"lr": {"kind": "Evil"}}), ("resume", RUN), "'Evil'"),
    "showing what is not finished": (request(), ("show", RUN), "phenoscope resume"),
    "comparing with nothing": (nothing, ("compare", RUN, "nowhere"), "nowhere"),
    "comparing a name too long": (nothing, ("compare", RUN, OTHER), "File name too long"),
    "comparing a pipe": (lambda: os.mkfifo("pipe"), ("compare", "pipe", RUN), "pipe"),
    "comparing with a broken run": (
        lambda: (shutil.copytree(RUN, "runs/other"), verdict(outcome="proven")()),
        ("compare", RUN, "runs/other"),
        "'proven'",
    ),
    "comparing with a newer schema": (
        lambda: (shutil.copytree(RUN, "runs/other"), edit("experiment.json", schema=7)()),
        ("compare", "runs/other", RUN),
        "Update phenoscope",
    ),
    "comparing into a file": (
        lambda: Path("taken").write_text("mine"),
        ("compare", RUN, RUN, "--to", "taken"),
        "cannot be written",
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_a_run_that_is_none(here, capsys, name):
    make, words, says = NAMES[name]
    make()
    before = contents(here / "runs")
    assert says in refused(capsys, words)
    assert contents(here / "runs") == before


def test_among_broken_runs_a_whole_one_is_reported(here, ran, capsys):
    """What cannot be read is listed in the site, and stops nothing."""
    made = list(EXPERIMENTS.values())[3:]  # of the first three nothing is left to be listed
    for number, (make, _) in enumerate(made):
        make()
        shutil.move(RUN, f"runs/broken-{number}")
        shutil.copytree(ran / "tiny-smoke", RUN)
    with in_time():
        main(["report", "runs", "--json"])
    found = json.loads(capsys.readouterr().out)
    loops = sum("loop of links" in name or "link to nowhere" in name for name in EXPERIMENTS)
    assert len(made) - loops <= len(found["unreadable"]) <= len(made)
    assert any("tiny-smoke" in page for page in found["pages"])


# --- members, which a run finds again ------------------------------------------------------------------------------


def member(name: str, how: Callable[[Path], object]) -> Make:
    """Put something in the place of a file of the first member."""

    def make() -> None:
        file = sorted(Path("runs/members").iterdir())[0] / name
        file.unlink()
        how(file)

    return make


def table(**columns: object) -> Callable[[Path], object]:
    """A parquet file."""
    return lambda path: pl.DataFrame(columns).write_parquet(path)


SERIES: dict[str, tuple[Make, str]] = {
    "no parquet": (member("series.parquet", text("PAR1 and no more PAR1")), "cannot be read as series"),
    "a parquet file of a million zeros": (member("series.parquet", text(bytes(10**6))), "cannot be read as series"),
    "other columns": (member("series.parquet", table(a=[1], b=["x"])), "cannot be read as series"),
    "other types": (
        member("series.parquet", table(step=[1.5], name=["loss"], value=[1.0])),
        "cannot be read as series",
    ),
    "gaps": (
        member("series.parquet", table(step=[1, None], name=["a", "a"], value=[1.0, 1.0])),
        "cannot be read as series",
    ),
    "a negative step": (
        member("series.parquet", table(step=[-1], name=["loss"], value=[1.0])),
        "steps that do not rise from 0",
    ),
    "a step twice": (
        member("series.parquet", table(step=[1, 1], name=["loss"] * 2, value=[1.0, 2.0])),
        "steps that do not rise from 0",
    ),
    "a huge step": (
        member("series.parquet", table(step=[2**63 - 1], name=["loss"], value=[1.0])),
        "steps that do not rise from 0",
    ),
    "a folder": (member("series.parquet", Path.mkdir), "it is a folder, and no plain file"),
    "a pipe": (member("series.parquet", os.mkfifo), "it is a pipe, and no plain file"),
    "a device": (member("series.parquet", link("/dev/zero")), "it is a device, and no plain file"),
    "a member of a newer schema": (member("member.json", text('{"schema": 99}')), "Update phenoscope"),
    "a point that is a pipe": (member("points/final.safetensors", os.mkfifo), "it is a pipe, and no plain file"),
    "a point that is a device": (member("points/final.safetensors", link("/dev/zero")), "it is a device"),
    "a point that is no safetensors": (
        member("points/final.safetensors", text("no header")),
        "cannot be read as a point",
    ),
    "a point of whole numbers": (
        member("points/final.safetensors", lambda path: save_file({"point": torch.ones(3, dtype=torch.int64)}, path)),
        "cannot be read as a point",
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_a_member_that_cannot_be_read_when_it_is_found_again(here, capsys, name):
    """The other members stay as they are, and so does the broken one, for who wants to look."""
    make, says = SERIES[name]
    make()
    before = contents(here / "runs" / "members")
    assert says in refused(capsys, ("run", "tiny", "--scale", "smoke", "--quiet"))
    assert contents(here / "runs" / "members") == before


def locked(path: str) -> Make:
    """A file where a folder is needed."""
    return lambda: Path(path).write_text("a file")


RUNS: dict[str, Situation] = {
    "out is a file": (locked("taken"), ("run", "tiny", "--out", "taken"), "taken"),
    "out is a loop of links": (lambda: Path("loop").symlink_to("loop"), ("run", "tiny", "--out", "loop"), "loop"),
    "out is a device": (nothing, ("run", "tiny", "--out", "/dev/null/x"), "/dev/null/x"),
    "out is too long": (nothing, ("run", "tiny", "--out", OTHER), "File name too long"),
    "out is no UTF-8": (nothing, ("run", "tiny", "--out", os.fsdecode(b"new\xff")), "is no UTF-8"),
    "members is a file": (
        lambda: (Path("new").mkdir(), Path("new/members").write_text("")),
        ("run", "tiny", "--out", "new"),
        "cannot be written",
    ),
    "more seeds than there can be": (nothing, ("run", "tiny", "--seeds", "9" * 30), "seeds are at most 10,000"),
    "a seed beyond whole numbers": (nothing, ("run", "tiny", "--seeds", f"1,{2**60}"), "from 0 to 2^53"),
    "a rate that is infinite": (nothing, ("run", "tiny", "--lr", "1e999"), "lr"),
    "a rate that is no number": (nothing, ("run", "tiny", "--lr", "nan"), "lr"),
    "jobs below zero": (nothing, ("run", "tiny", "--jobs", "-3"), "`jobs` must be at least 1"),
    "an experiment of a newer schema": (
        edit("experiment.json", schema=7),
        ("run", "tiny", "--out", "runs"),
        "Update phenoscope",
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_that_cannot_be_made(here, capsys, name):
    make, words, says = RUNS[name]
    make()
    before = contents(here)
    assert says in refused(capsys, (*words, "--scale", "smoke", "--quiet"))
    after = contents(here)
    assert {path: after.get(path) for path in before} == before


def test_a_member_whose_description_is_no_file_is_made_anew(here, capsys):
    member("member.json", os.mkfifo)()
    with in_time():
        main(["run", "tiny", "--scale", "smoke", "--quiet", "--json"])
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"
