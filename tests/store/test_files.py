"""Files are whole or not there, and what the file system refuses is one sentence."""

import errno
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.store.files import SCHEMA, NewerSchema, read_json, write_json, written_aside


class CrashError(Exception):
    pass


def test_a_crash_in_the_middle_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def write():
        with written_aside(path) as aside:
            aside.write_text("half of the n")
            raise CrashError

    with pytest.raises(CrashError):
        write()
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "deep" / "file"
    with written_aside(path) as aside:
        aside.write_text("new")
        assert not path.exists()
        assert aside.parent == path.parent  # a rename across file systems would not be one step
    assert path.read_text() == "new"
    assert [found.name for found in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["mkstemp", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_the_system_refuses_is_a_sentence_and_leaves_no_litter(tmp_path, monkeypatch, call, code):
    path = tmp_path / "file"
    path.write_text("old")

    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    where = {"mkstemp": "tempfile.mkstemp", "fsync": "os.fsync", "replace": "pathlib.Path.replace"}[call]
    monkeypatch.setattr(where, refuse)
    with pytest.raises(PhenoscopeError, match=f"cannot be written: {os.strerror(code)}. Free space or choose another"):
        write_json(path, {"schema": 1})
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_file_where_a_folder_should_be_is_a_sentence(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(PhenoscopeError, match="cannot be written"):
        write_json(tmp_path / "runs" / "x.json", {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_has_no_word_for_is_refused(tmp_path, value):
    with pytest.raises(BadInput, match=r"x\.json cannot be written as JSON"):
        write_json(tmp_path / "x.json", {"schema": 1, "value": value})
    assert not list(tmp_path.iterdir())


def test_json_comes_back(tmp_path):
    value = {"schema": SCHEMA, "text": "η ≤ 2/λ", "numbers": [1, 0.1, None, True]}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == value


def test_a_newer_schema_is_refused_by_name(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"schema": SCHEMA + 1}))
    with pytest.raises(NewerSchema, match=f"has schema {SCHEMA + 1}, this version reads up to {SCHEMA}. Update"):
        read_json(tmp_path / "x.json")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", "null", "{}", '{"schema": "1"}', '{"schema": null}', "[" * 100_000, "1" * 5000, "\udcff"],
    ids=lambda text: text[:12] or "empty",
)
def test_foreign_json_is_bad_input(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadInput):
        read_json(tmp_path / "x.json")


def test_a_missing_file_and_a_folder_are_bad_input(tmp_path):
    with pytest.raises(BadInput, match=r"there is no x\.json"):
        read_json(tmp_path / "x.json")
    with pytest.raises(BadInput, match="cannot be read"):
        read_json(tmp_path)


@given(content=st.binary(max_size=100))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_bad_input_or_json(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "x.json"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_json(path)
