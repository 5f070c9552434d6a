"""`phenoscope list | run | show | report` as a person or a script meets them."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import phenoscope as ps
from every_command import commands, options
from phenoscope import atlas
from phenoscope.cli.options import Usage, value
from small import arm, claim, phenomenon

DOCS = Path(__file__).parents[2] / "docs"
KEYS = ["claim", "arm", "outcome", "estimate", "low", "high", "region", "n", "control"]


def tiny(scale: str, *, rates: tuple[float, ...] | None = None, data: str = "clusters", deep: bool = False):
    """A phenomenon that runs in a moment.

    Args:
        scale: any.
        rates: of the sweep.
        data: not used.
        deep: not used.
    """
    options = {"data": data} | ({"rates": rates} if rates else {}) | ({"deep": True} if deep else {})
    made = arm(sweep={"lr": rates or (0.1,)}, says="the only one")
    sources = (("A paper", "https://example.org"),)
    return phenomenon(made, claims=(claim(each="lr"),), scale=scale, options=options, sources=sources)


@pytest.fixture(autouse=True)
def in_a_small_atlas(monkeypatch, tmp_path):
    monkeypatch.setitem(atlas.ATLAS, "tiny", tiny)
    monkeypatch.chdir(tmp_path)


def sentence(err):
    """The one line of an error, and that there is no more."""
    (line,) = err.strip().splitlines()
    assert line.startswith("Error: ")
    assert "Traceback" not in err
    return line


def test_run_prints_verdicts_and_where_everything_is(command):
    code, out, err = command("run", "tiny", "--scale", "smoke", "--seeds", "2")
    assert (code, err) == (0, "")
    assert "the loss stays at least 0" in out
    assert "runs/tiny-smoke-clusters" in out
    assert out.count("index.html") == 1
    assert Path("runs/tiny-smoke-clusters/report/index.html").exists()


def test_run_with_json_prints_one_object_and_nothing_else(command):
    code, out, err = command("run", "tiny", "--scale", "smoke", "--seeds", "11,13", "--rates", "0.1,0.2", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["name"], found["scale"], found["seeds"]) == ("tiny", "smoke", [11, 13])
    assert len(found["verdicts"]) == 2
    assert all(list(verdict)[:9] == KEYS for verdict in found["verdicts"])
    assert Path(found["folder"], "experiment.json").exists()
    assert Path(found["report"]).exists()


def test_the_recorded_command_runs_again_to_the_same_folder(command, tmp_path):
    out = str(tmp_path / "my runs")
    command("run", "tiny", "--scale", "smoke", "--seeds", "3,", "--rates", "0.1,0.2", "--deep", "true", "--out", out)
    first = ps.load(out)
    assert first.seeds == (3,)
    code, _, _ = command(*shlex.split(first.command)[1:])
    again = ps.load(out)  # there is only one experiment: it is the same folder
    assert code == 0
    assert (again.path, again.seeds, again.options, again.looks) == (first.path, (3,), first.options, 1)
    assert again.arms[0].members == first.arms[0].members


def test_show_and_report_read_what_was_run(command):
    command("run", "tiny", "--scale", "smoke")
    code, out, _ = command("show", "runs")
    assert code == 0
    assert "the loss stays at least 0" in out
    shown = json.loads(command("show", "runs/tiny-smoke-clusters", "--json")[1])
    ran = json.loads(command("run", "tiny", "--scale", "smoke", "--json")[1])
    assert shown == ran
    page = Path("runs/tiny-smoke-clusters/report/index.html")
    page.unlink()
    assert json.loads(command("show", "runs", "--json")[1])["report"] is None
    code, out, _ = command("report", "runs/tiny-smoke-clusters", "--json")
    nothing = {"unreadable": [], "unfinished": [], "controls": [], "survival": [], "without_twin": {}}
    assert (code, json.loads(out)) == (0, {"report": str(page), "pages": [str(page)], **nothing})
    assert page.exists()


def test_list_names_every_phenomenon_with_its_options(command):
    code, out, _ = command("list", "--json")
    rows = {row["name"]: row for row in json.loads(out)["phenomena"]}
    assert code == 0
    assert set(rows) == set(atlas.ATLAS)
    assert rows["tiny"]["options"] == {"rates": None, "data": "clusters", "deep": False}
    assert rows["tiny"]["question"] == "Is it small?"
    text = command("list")[1]
    assert all(name in text for name in atlas.ATLAS)


def test_a_dry_run_says_the_cost_and_does_nothing(command, tmp_path):
    code, out, _ = command("run", "tiny", "--scale", "smoke", "--seeds", "3", "--dry-run")
    assert code == 0
    assert "3 members of main (the only one)" in out
    assert "18 steps to go" in out
    found = json.loads(command("run", "tiny", "--scale", "smoke", "--seeds", "3", "--dry-run", "--json")[1])
    assert (found["members"], found["finished"], found["steps"], found["seeds"]) == (3, 0, 18, [0, 1, 2])
    assert found["seconds"] >= 0
    assert not list(tmp_path.iterdir())


BAD = {
    "an unknown phenomenon": (("run", "nothing"), "there is no phenomenon 'nothing'. `phenoscope list`"),
    "an unknown data set": (("run", "edge_of_stability", "--data", "faces"), "is set up for the data digits"),
    "a folder without a run": (("show", "nowhere"), "nowhere holds no experiment"),
    "a report of nothing": (("report", "nowhere"), "nowhere holds no experiment"),
    "a seed twice": (("run", "tiny", "--seeds", "1,1"), "seeds must be at least one, different"),
    "no seeds": (("run", "tiny", "--seeds", "0"), "seeds must be at least one, different"),
    "no jobs": (("run", "tiny", "--jobs", "0"), "`jobs` must be at least 1, got 0"),
    "a pilot's seed": (("run", "edge_of_stability", "--seeds", "900,"), "the seeds [900] served for the pilot"),
    "brackets that are no markup": (("show", "[bold]x"), "[bold]x holds no experiment"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_exit_code_1(command, name):
    words, wanted = BAD[name]
    for extra in ((), ("--json",)):
        code, out, err = command(*words, *extra)
        assert (code, out) == (1, "")
        assert wanted in sentence(err)


WRONG = {
    "an unknown option": (
        ("run", "tiny", "--depth", "3"),
        "no option --depth. tiny itself offers --rates, --data",
    ),
    "seeds that are no numbers": (("run", "tiny", "--seeds", "many"), "--seeds takes whole numbers"),
    "no seeds at all": (("run", "tiny", "--seeds", ""), "--seeds takes a count such as 5"),
    "rates that are no numbers": (("run", "tiny", "--rates", "0.1,fast"), "--rates takes numbers"),
    "a truth that is none": (("run", "tiny", "--deep", "maybe"), "--deep is true or false"),
    "an unknown scale": (("run", "tiny", "--scale", "huge"), "smoke"),
    "an unknown command": (("walk",), "walk"),
    "no name": (("run",), "NAME"),
    "a number that is none": (("run", "tiny", "--jobs", "two"), "--jobs"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_told_on_standard_error_and_exit_code_2(command, name):
    words, wanted = WRONG[name]
    code, out, err = command(*words)
    assert (code, out) == (2, "")
    assert wanted in err
    assert "Traceback" not in err


def test_an_interruption_says_how_to_go_on(command, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("phenoscope.cli.running.run", interrupt)
    code, out, err = command("run", "tiny")
    assert (code, out) == (130, "")
    assert "run the same command again to go on" in err


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("a,b", str, "a,b"),
        ("3", int, 3),
        ("1e-3", float | None, 0.001),
        ("1,2,", tuple[int, ...] | None, (1, 2)),
        ("a,b", tuple[str, ...], ("a", "b")),
        ("true", bool, True),
        ("false", bool | None, False),
    ],
    ids=str,
)
def test_an_option_is_read_as_the_type_of_its_phenomenon(text, kind, expected):
    assert value(text, kind, "--x") == expected


def test_a_whole_number_is_no_fraction():
    with pytest.raises(Usage, match=r"--x takes whole numbers, several separated by commas, got '1\.5'"):
        value("1.5", int, "--x")


# --- every command -------------------------------------------------------------------------------------------------


def test_there_are_commands():
    assert {"list", "run", "show", "report"} <= set(commands())


@pytest.mark.parametrize("words", commands())
class TestEveryCommand:
    """What holds for each command, those to come too."""

    def test_help_names_every_option(self, command, words):
        code, out, _ = command(*words.split(), "--help")
        assert code == 0
        assert {name for name in options(words) if name not in out} == set()

    def test_has_json(self, words):
        assert "--json" in options(words)

    def test_stands_in_the_docs(self, words):
        text = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
        assert f"phenoscope {words}" in text


# --- as its own process --------------------------------------------------------------------------------------------


def process(*words, **options):
    return subprocess.run(
        (sys.executable, "-m", "phenoscope", *words),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_as_a_process():
    done = process("show", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence(done.stderr).startswith("Error: nowhere holds no experiment")


def test_output_that_nobody_reads_on_is_no_traceback():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        (sys.executable, "-m", "phenoscope", "list", "--json"),
        check=False,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
