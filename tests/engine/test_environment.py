"""Where a run was made: the commit is recorded only where the code is tracked."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import phenoscope
from phenoscope.engine.environment import environment

ASK = "from phenoscope.engine import environment as e; print(e._git()); print(e.__file__)"


def git(folder, *arguments):
    subprocess.run(
        ("git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments), cwd=folder, check=True, capture_output=True
    )


@pytest.fixture
def copy(tmp_path):
    """A copy of the package alone."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(phenoscope.__file__).parent, tmp_path / "src" / "phenoscope", ignore=ignore)
    # Only this file is asked, so what it stands in need not be imported whole.
    (tmp_path / "src" / "phenoscope" / "__init__.py").write_text("")
    (tmp_path / "src" / "phenoscope" / "engine" / "__init__.py").write_text("")
    return tmp_path


def asked(folder):
    done = subprocess.run(
        (sys.executable, "-B", "-c", ASK), cwd=folder / "src", capture_output=True, text=True, check=True,
        env={"GIT_CEILING_DIRECTORIES": str(folder.parent), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    answer, file = done.stdout.splitlines()
    assert file.startswith(str(folder))
    return eval(answer)  # a dict of plain values


def test_commit_and_dirty_flag_only_where_the_package_is_tracked(copy):
    nothing = {"commit": None, "dirty": None}
    assert asked(copy) == nothing
    git(copy, "init", "-q")
    (copy / "other").write_text("")
    git(copy, "add", "other")
    git(copy, "commit", "-qm", "other")
    assert asked(copy) == nothing  # a checkout around it, say of a user's own work, that does not track it
    git(copy, "add", "src")
    git(copy, "commit", "-qm", "all")
    clean = asked(copy)
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    (copy / "src" / "phenoscope" / "record.py").write_text("# changed")
    assert asked(copy) == clean | {"dirty": True}


def test_the_environment_is_plain_data():
    import json

    found = environment()
    assert json.loads(json.dumps(found)) == found
    assert found["versions"]["torch"] is not None
    assert found["cores"] >= 1
