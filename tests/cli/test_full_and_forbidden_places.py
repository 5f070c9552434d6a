"""A full disk, a folder that must not be written, files that must not be read: in processes of their own."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from distributions import distribution

TESTS = Path(__file__).parents[1]
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""The superuser without the right to read and write what is forbidden."""

MODULE = """
    import dataclasses
    from small import arm, phenomenon, recipe

    def make(scale):
        arms = (arm("main"), arm("control", recipe(0.01), role="control"))
        return dataclasses.replace(phenomenon(*arms), name="tinier", scale=scale)
"""


def command(*words: str, cwd: Path, before: tuple[str, ...] = (), **options) -> subprocess.CompletedProcess[str]:
    """The command as a process, which finds a phenomenon that runs in a moment."""
    if not (cwd / "site").exists():
        distribution(cwd / "site", "tinier = tinier:make", {"tinier": MODULE})
    path = os.pathsep.join((str(TESTS.parent / "src"), str(TESTS), str(cwd / "site")))
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(
        (*before, sys.executable, "-m", "phenoscope", *words),
        check=False, text=True, timeout=240, cwd=cwd, env={**os.environ, "PYTHONPATH": path}, **streams,
    )  # fmt: skip


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that was refused."""
    (line,) = done.stderr.strip().splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.startswith("Error: ")
    assert "defect of Phenoscope" not in line
    return line


@pytest.fixture
def forbidding():
    """What to put before a command so that what is forbidden is so to the superuser too."""
    if not ROOT:
        return ()
    if shutil.which("setpriv") is None or subprocess.run((*WITHOUT_RIGHTS, "true"), check=False).returncode:
        pytest.skip("nothing is forbidden to the superuser, and setpriv is not there to change that")
    return WITHOUT_RIGHTS


def test_a_folder_that_must_not_be_written(tmp_path, forbidding):
    (tmp_path / "kept").mkdir(mode=0o555)
    words = ("run", "tinier", "--scale", "smoke", "--out", "kept")
    assert "Permission denied" in sentence(command(*words, cwd=tmp_path, before=forbidding))
    assert not list((tmp_path / "kept").iterdir())


def test_files_that_must_not_be_read(tmp_path, forbidding):
    (tmp_path / "w.pt").write_bytes(b"secret")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "experiment.json").write_text("{}")
    for file in ("w.pt", "run/experiment.json"):
        (tmp_path / file).chmod(0)
    words = ("measure", "--model", "torch.nn:Identity", "--data", "digits", "--weights", "w.pt")
    assert "Permission" in sentence(command(*words, cwd=tmp_path, before=forbidding))
    assert "Permission denied" in sentence(command("show", "run", cwd=tmp_path, before=forbidding))


def test_a_device_that_is_full(tmp_path):
    with Path("/dev/full").open("w") as full:
        done = command("list", cwd=tmp_path, stdout=full)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: standard output cannot be used: No space left on device. Free space, or choose another place.\n"
    )


@contextlib.contextmanager
def disk(folder: Path, size: str):
    """A disk of that size in memory, mounted at a folder."""
    folder.mkdir()
    asked = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if not ROOT or shutil.which("mount") is None or subprocess.run(asked, check=False, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here: that takes the rights of the superuser")
    try:
        yield
    finally:
        subprocess.run(("umount", str(folder)), check=True)


@pytest.mark.parametrize(("size", "members"), [("40k", 0), ("92k", 4)], ids=["in training", "in reporting"])
def test_a_disk_that_runs_full_keeps_what_was_written_and_the_rest_is_run_with_space(tmp_path, size, members):
    small = tmp_path / "small"
    words = ("run", "tinier", "--scale", "smoke", "--quiet", "--out", str(small))
    with disk(small, size):
        assert "No space left on device" in sentence(command(*words, cwd=tmp_path))
        done = [
            path.parent.name
            for path in (small / "members").glob("*/member.json")
            if path.stat().st_size and json.loads(path.read_text())["outcome"] != "running"
        ]
        kept = {name: (small / "members" / name / "series.parquet").read_bytes() for name in done}
        assert len(kept) == members
        subprocess.run(("mount", "-o", "remount,size=50m", str(small)), check=True)
        again = command(*words, "--json", cwd=tmp_path)
        assert again.returncode == 0, again.stderr
        assert len(json.loads(again.stdout)["verdicts"]) == 1
        assert {name: (small / "members" / name / "series.parquet").read_bytes() for name in done} == kept
