"""Runs as they should be, and a folder to do them harm in."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import phenoscope as ps
from phenoscope import atlas
from phenoscope.cli import main
from prompt import LAB, tiny


@pytest.fixture(scope="session")
def ran(tmp_path_factory) -> Path:
    """A folder of runs as it should be."""
    folder = tmp_path_factory.mktemp("ran") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(atlas.ATLAS, "tiny", tiny)
        ps.run("tiny", scale="smoke", seeds=2, out=folder, jobs=1)
    return folder


@pytest.fixture
def here(ran, tmp_path, monkeypatch) -> Iterator[Path]:
    """A folder of its own with a copy of the runs, and a module of one's own."""
    monkeypatch.setitem(atlas.ATLAS, "tiny", tiny)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ran, tmp_path / "runs")
    (tmp_path / "lab.py").write_text(LAB)
    yield tmp_path
    sys.modules.pop("lab", None)


@pytest.fixture
def command(capsys):
    """Run the command in this process: its exit code, standard output and standard error."""

    def run(*words):
        code = 0
        try:
            main(list(words))
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run
