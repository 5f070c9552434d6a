"""Where data are looked for, by what the environment says."""

import sys
from pathlib import Path

import pytest

from phenoscope.core.errors import BadInput
from phenoscope.data import places


@pytest.fixture(autouse=True)
def no_variables(monkeypatch, tmp_path):
    for name in ("PHENOSCOPE_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")


def test_the_variable_comes_before_the_users_folder(monkeypatch, tmp_path):
    own = tmp_path / ".local/share/phenoscope/mnist"
    assert places.places("mnist") == [own]
    assert places.destination("mnist") == own
    monkeypatch.setenv("PHENOSCOPE_DATA", "~/sets")
    assert places.places("mnist") == [tmp_path / "sets/mnist", tmp_path / "sets", own]
    assert places.destination("mnist") == tmp_path / "sets/mnist"


@pytest.mark.parametrize("empty", ["", "relative/path"])
def test_what_is_no_absolute_path_is_ignored(monkeypatch, tmp_path, empty):
    monkeypatch.setenv("XDG_DATA_HOME", empty)
    monkeypatch.setenv("PHENOSCOPE_DATA", "")
    assert places.places("mnist") == [tmp_path / ".local/share/phenoscope/mnist"]


@pytest.mark.parametrize(
    ("platform", "variable", "usual"),
    [
        ("linux", "XDG_DATA_HOME", ".local/share"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
        ("darwin", None, "Library/Application Support"),
    ],
)
def test_each_system_has_its_folder(monkeypatch, tmp_path, platform, variable, usual):
    monkeypatch.setattr(sys, "platform", platform)
    assert places.user_folder() == tmp_path / usual / "phenoscope"
    if variable is not None:
        monkeypatch.setenv(variable, "/elsewhere")
        assert places.user_folder() == Path("/elsewhere/phenoscope")


def test_without_a_home_there_is_only_what_is_named(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert places.places("mnist") == []
    with pytest.raises(BadInput, match="no home folder to put mnist into"):
        places.destination("mnist")
