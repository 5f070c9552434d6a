"""`phenoscope resume` and Ctrl-C, as a person meets them."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import phenoscope as ps
from phenoscope.store import read_member

TESTS = Path(__file__).parents[1]

COMMAND = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from phenoscope import atlas
from phenoscope.cli import main
from phenoscope.probes import Loss, RelativeProgress
from small import arm, phenomenon, recipe

def tiny(scale, *, data="clusters", steps: int = 2000):
    probes = (Loss(), RelativeProgress())
    made = recipe(steps=steps, batch=5)
    arms = (arm("one", made, probes), arm("two", recipe(0.2, steps=steps, dynamics="linearised"), probes))
    return phenomenon(*arms, scale=scale, claims=(), options={{"data": data, "steps": steps}})

atlas.ATLAS["tiny"] = tiny
main(sys.argv[1:])
"""


def command(*words, **options):
    return subprocess.Popen(
        (sys.executable, "-c", COMMAND, *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def ended(process, code=0):
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out, err


def members(out):
    files = [file for file in sorted((out / "members").rglob("*")) if file.is_file()]
    return {str(f.relative_to(out)): f.read_bytes() for f in files if f.name != "member.json"}


def rows(out):
    return sum(len(s) for f in out.glob("members/*/member.json") for s in read_member(f.parent).series.values())


def begun(out, atleast=1):
    """Wait until that many journals hold rows."""
    waited = 0.0
    while sum(file.stat().st_size > 0 for file in out.glob("members/*/series.journal")) < atleast and waited < 60:
        time.sleep(0.05)
        waited += 0.05
    assert waited < 60


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_cleanly_says_how_to_go_on_and_that_works(tmp_path, jobs):
    ended(command("run", "tiny", "--scale", "smoke", "--out", "calm", "--quiet", cwd=tmp_path))
    steps = ("--steps", "2000")
    running = command("run", "tiny", "--scale", "smoke", *steps, "--out", "my runs", "--jobs", jobs, cwd=tmp_path)
    out = tmp_path / "my runs"
    begun(out)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said, err = ended(running, 130)
    assert said == ""
    assert "Traceback" not in err
    (line,) = (one for one in err.splitlines() if one.startswith("Interrupted. What was done is kept: "))
    assert not list(out.rglob("lock"))
    assert not list(out.rglob("*.aside"))
    assert all(file.read_bytes().endswith(b"\n") for file in out.glob("members/*/series.journal"))
    assert rows(out) > 0

    words = shlex.split(line.partition("or: ")[2])
    assert words == ["phenoscope", "resume", "my runs/tiny-smoke-clusters-steps=2000"]
    said, err = ended(command(*words[1:], "--json", "--quiet", cwd=tmp_path))
    assert err == ""
    assert json.loads(said)["folder"] == words[2]
    assert members(out) == members(tmp_path / "calm")


def test_show_and_report_of_what_is_not_finished_name_the_command(tmp_path):
    running = command("run", "tiny", "--scale", "smoke", "--steps", "500000", "--quiet", cwd=tmp_path)
    begun(tmp_path / "runs")
    running.kill()
    running.communicate()
    for words in (("show", "runs"), ("show", "runs/tiny-smoke-clusters-steps=500000")):
        said, err = ended(command(*words, cwd=tmp_path), 1)
        assert said == ""
        assert "is not finished" in err
        assert "phenoscope resume runs/tiny-smoke-clusters-steps=500000" in err.replace("\n", " ")
    said, _ = ended(command("resume", "runs", "--dry-run", "--json", cwd=tmp_path))
    assert (json.loads(said)["members"], json.loads(said)["finished"]) == (4, 0)
    said, _ = ended(command("resume", "runs", "--dry-run", cwd=tmp_path))
    assert "4 members, 0 of them finished already" in said


def test_resuming_what_is_finished_only_reads(tmp_path):
    words = ("--scale", "smoke", "--steps", "5", "--json")
    first, _ = ended(command("run", "tiny", *words, cwd=tmp_path))
    before = {file: file.stat().st_mtime_ns for file in tmp_path.glob("runs/members/*/*") if file.is_file()}
    again, err = ended(command("resume", "runs", "--json", cwd=tmp_path))
    assert (again, err) == (first, "")
    assert {file: file.stat().st_mtime_ns for file in tmp_path.glob("runs/members/*/*") if file.is_file()} == before


def test_a_folder_without_a_run_is_one_sentence(tmp_path):
    said, err = ended(command("resume", "nowhere", cwd=tmp_path), 1)
    assert said == ""
    assert "nowhere holds no experiment" in err


def test_a_wait_for_another_process_is_told_on_standard_error(capsys):
    from phenoscope.engine.progress import shown

    with shown("tiny") as progress:
        progress.say("waiting for 2 members that another process is working on")
        progress(1, 4)
    assert capsys.readouterr().err == "tiny: waiting for 2 members that another process is working on\n"
    with shown("tiny", quiet=True) as progress:
        progress.say("nothing of this")
    assert capsys.readouterr().err == ""
    assert callable(ps.resume)
