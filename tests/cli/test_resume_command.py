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

from phenoscope import atlas
from phenoscope.core.specs import spec
from phenoscope.engine import recording
from phenoscope.engine.progress import shown
from phenoscope.probes import Loss, RelativeProgress
from phenoscope.store import read_member
from small import arm, phenomenon, recipe

HERE = Path(__file__).parent
NAME = "tiny-smoke-clusters-steps=60"

COMMAND = f"""
import sys
sys.path[:0] = [{str(HERE.parent)!r}, {str(HERE)!r}]
import test_resume_command as tests
from phenoscope import atlas
from phenoscope.cli import main
atlas.ATLAS["tiny"] = tests.tiny
main(sys.argv[1:])
"""


@spec
class Slow:
    """A probe that reads nothing and takes its time, as the environment says."""

    units = {}  # noqa: RUF012

    def due(self, step):
        return True

    def needs_curvature(self, step):
        return False

    def update(self, moment, memory):
        time.sleep(float(os.environ.get("SLOW", "0")))
        return [], (memory or 0) + 1


def tiny(scale, *, data: str = "clusters", steps: int = 60):
    """Two arms.

    Args:
        scale: any.
        data: not used.
        steps: of each member.
    """
    probes = (Loss(), RelativeProgress(), Slow())
    arms = (arm("one", recipe(steps=steps, batch=5), probes), arm("two", recipe(0.2, steps=steps + 1), probes))
    return phenomenon(*arms, scale=scale, claims=(), options={"data": data, "steps": steps})


@pytest.fixture(autouse=True)
def in_the_atlas(monkeypatch, tmp_path):
    monkeypatch.setitem(atlas.ATLAS, "tiny", tiny)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def interrupted(command, monkeypatch):
    """A run that Ctrl-C ended: what it said."""
    plain = recording.read

    def read(probes, state, memories):
        if state.step == 20:
            raise KeyboardInterrupt
        return plain(probes, state, memories)

    monkeypatch.setattr(recording, "read", read)
    said = command("run", "tiny", "--scale", "smoke", "--quiet")
    monkeypatch.setattr(recording, "read", plain)
    return said


def members(out):
    files = [file for file in sorted((out / "members").rglob("*")) if file.is_file()]
    return {str(f.relative_to(out)): f.read_bytes() for f in files if f.name != "member.json"}


def rows(out):
    return sum(len(s) for f in out.glob("members/*/member.json") for s in read_member(f.parent).series.values())


def begun(out):
    """Wait until a member is being written."""
    waited = 0.0
    while not any(file.stat().st_size > 0 for file in out.glob("members/*/series.journal")):
        time.sleep(0.05)
        waited += 0.05
        assert waited < 60


def process(*words):
    return subprocess.Popen(
        (sys.executable, "-c", COMMAND, *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "SLOW": "0.1"},
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_cleanly_says_how_to_go_on_and_that_works(command, tmp_path, jobs):
    out = tmp_path / "my runs"
    running = process("run", "tiny", "--scale", "smoke", "--steps", "120", "--out", "my runs", "--jobs", jobs)
    begun(out)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said, err = running.communicate(timeout=60)
    assert (running.returncode, said) == (130, "")
    assert "Traceback" not in err
    (line,) = (one for one in err.splitlines() if one.startswith("Interrupted. What was done is kept: "))
    assert not list(out.rglob("lock"))
    assert not list(out.rglob("*.aside"))
    assert all(file.read_bytes().endswith(b"\n") for file in out.glob("members/*/series.journal"))
    assert rows(out) > 0

    words = shlex.split(line.partition("or: ")[2])
    assert words == ["phenoscope", "resume", "my runs/tiny-smoke-clusters-steps=120"]
    code, said, err = command(*words[1:], "--json", "--quiet")
    assert (code, err) == (0, "")
    assert json.loads(said)["folder"] == words[2]
    assert command("run", "tiny", "--scale", "smoke", "--steps", "120", "--out", "calm", "--quiet")[0] == 0
    assert members(out) == members(tmp_path / "calm")


def test_the_sentence_names_the_folder_only_once_something_is_in_it(command, monkeypatch, interrupted):
    code, said, err = interrupted
    assert (code, said) == (130, "")
    sentence = "Interrupted. What was done is kept: run the same command again to go on"
    assert err == f"{sentence}, or: phenoscope resume runs/{NAME}\n"

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["phenoscope.engine.run"], "waves", interrupt)
    code, _, err = command("run", "tiny", "--scale", "smoke", "--out", "elsewhere")
    assert (code, err) == (130, f"{sentence}.\n")


def test_what_is_not_finished_names_the_command_and_that_finishes_it(command, interrupted):
    for words in (("show", "runs"), ("show", f"runs/{NAME}"), ("report", f"runs/{NAME}")):
        code, said, err = command(*words)
        assert (code, said) == (1, "")
        assert f"is not finished, so there is nothing to show yet. Go on with `phenoscope resume runs/{NAME}`" in err
    found = json.loads(command("resume", "runs", "--dry-run", "--json")[1])
    assert (found["members"], found["finished"], found["name"]) == (4, 0, "tiny")
    assert "4 members, 0 of them finished already" in command("resume", "runs", "--dry-run")[1]
    code, said, err = command("resume", "runs", "--json", "--jobs", "1")
    assert (code, err) == (0, "")
    before = members(Path("runs"))
    assert json.loads(command("show", "runs", "--json")[1]) == json.loads(said)
    code, again, err = command("resume", "runs", "--json")  # where all is finished it only reads
    assert (code, again, err) == (0, said, "")
    assert members(Path("runs")) == before
    assert NAME in command("resume", f"runs/{NAME}")[1]


def test_a_folder_without_a_run_is_one_sentence(command):
    code, said, err = command("resume", "nowhere")
    assert (code, said) == (1, "")
    assert "nowhere holds no experiment (no request.json)" in err


def test_a_wait_for_another_process_is_told_on_standard_error(capsys):
    with shown("tiny") as progress:
        progress.say("waiting for 2 members that another process is working on")
        progress(1, 4)
    assert capsys.readouterr().err == "tiny: waiting for 2 members that another process is working on\n"
    with shown("tiny", quiet=True) as progress:
        progress.say("nothing of this")
    assert capsys.readouterr().err == ""


def test_the_time_left_does_not_count_what_was_done_before(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 20.0])
    monkeypatch.setattr("phenoscope.engine.progress.time.monotonic", lambda: next(clock))
    with shown("tiny") as progress:
        progress(900, 1000)
        progress(920, 1000)
    assert "tiny: 92% of 1000 steps, about 80 s left" in capsys.readouterr().err
