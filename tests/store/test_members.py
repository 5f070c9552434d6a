"""Members as folders: what was recorded comes back, and nothing broken is read as if it were whole."""

import contextlib
import json
import math
import struct

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.phenomenon import Plan
from phenoscope.probes import Loss
from phenoscope.store import (
    MemberFolder,
    NewerSchema,
    finished,
    member_seconds,
    read_journal,
    read_member,
    read_point,
    read_points,
    rule_name,
)
from phenoscope.training import Adam, Clipped, GradientDescent, HeavyBall, WeightDecay
from small import recipe

PLAN = Plan(recipe(), (Loss(),))
FLOATS = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)


def bits(values) -> list[bytes]:
    return [b"nan" if math.isnan(value) else struct.pack(">d", value) for value in values]


@pytest.fixture
def folder(tmp_path):
    return MemberFolder(tmp_path, PLAN, {"device": "cpu"})


@pytest.fixture
def done(folder):
    """A finished member with one point."""
    with folder.begin() as journal:
        journal.append(0, "loss", 1.5)
        journal.append(1, "loss", 0.5)
    folder.keep("final", 6, torch.arange(3.0), {})
    folder.finish("finished", None, 2.5)
    return folder.path


@given(rows=st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(["a", "b.residual"]), FLOATS), max_size=20))
@settings(max_examples=40, deadline=None)
def test_the_parquet_file_equals_the_journal(rows, tmp_path_factory):
    folder = MemberFolder(tmp_path_factory.mktemp("members"), PLAN, {})
    with folder.begin() as journal:
        for row in rows:
            journal.append(*row)
    expected = read_journal(folder.path / "series.journal")
    running = read_member(folder.path)
    folder.finish("finished", None, 0.0)
    record = read_member(folder.path)
    assert not (folder.path / "series.journal").exists()
    assert (running.outcome, record.outcome) == ("running", "finished")
    for read in (running.series, record.series):
        assert list(read) == list(expected)
        for name, series in expected.items():
            np.testing.assert_array_equal(read[name].steps, series.steps)
            assert bits(read[name].values.tolist()) == bits(series.values.tolist())


def test_a_record_has_the_settings_of_its_recipe(done):
    record = read_member(done)
    assert (record.id, record.seed, record.steps, record.settings["lr"]) == (PLAN.id, 0, 6, 0.1)
    assert member_seconds(done) == 2.5
    about = json.loads((done / "member.json").read_text())
    assert about["device"] == "cpu"
    assert about["plan"]["recipe"]["rule"] == {"kind": "GradientDescent", "lr": 0.1}
    assert about["resolved"]["recipe"]["rule"]["version"] == 1


def test_a_diverged_member_says_where(folder):
    with folder.begin() as journal:
        journal.append(0, "loss", 1.0)
    folder.finish("diverged", 3, 0.0)
    record = read_member(folder.path)
    assert (record.outcome, record.stopped_at, record.reached) == ("diverged", 3, 3)
    assert finished(folder.path)


def test_a_member_counts_as_finished_only_when_all_is_written(folder):
    assert not finished(folder.path)
    with folder.begin():
        assert not finished(folder.path)
    folder.finish("finished", None, 0.0)
    assert finished(folder.path)
    (folder.path / "series.parquet").unlink()
    assert not finished(folder.path)


def test_a_crash_between_compacting_and_the_last_word_leaves_it_unfinished(folder, monkeypatch):
    with folder.begin() as journal:
        journal.append(0, "loss", 1.0)

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(MemberFolder, "_write", crash)
    with pytest.raises(KeyboardInterrupt):
        folder.finish("finished", None, 0.0)
    assert (folder.path / "series.parquet").exists()
    assert not finished(folder.path)
    assert read_member(folder.path).outcome == "running"


def test_beginning_again_forgets_the_earlier_attempt(done, folder):
    with folder.begin():
        pass
    assert read_member(done).series == {}
    assert read_points(done) == {}


@pytest.mark.parametrize("content", ["", "{", '{"schema": 1}', '{"schema": 1, "outcome": "running"}', "\x00\xff"])
def test_a_broken_member_is_to_be_made_anew(done, content):
    (done / "member.json").write_text(content)
    assert not finished(done)
    with pytest.raises(BadInput):
        read_member(done)
    with pytest.raises(BadInput):
        member_seconds(done)


def test_a_member_of_a_newer_version_is_left_alone(done):
    (done / "member.json").write_text('{"schema": 99}')
    for reader in (finished, read_member, member_seconds):
        with pytest.raises(NewerSchema, match="Update phenoscope"):
            reader(done)


def changed(path, **fields):
    about = json.loads((path / "member.json").read_text())
    (path / "member.json").write_text(json.dumps(about | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "fine"},
        {"outcome": []},
        {"stopped_at": "here"},
        {"resolved": []},
        {"resolved": {"settings": {"lr": "fast", "seed": 1, "steps": 2}}},
        {"resolved": {"settings": {"lr": 0.1}}},
        {"stopped_at": 1e400},
    ],
    ids=str,
)
def test_a_member_with_nonsense_is_bad_input(done, fields):
    changed(done, **fields)
    with pytest.raises(BadInput, match="is not a member of Phenoscope"):
        read_member(done)


def test_a_truncated_parquet_file_is_bad_input(done):
    file = done / "series.parquet"
    whole = file.read_bytes()
    for length in (0, 3, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(BadInput, match="cannot be read as series"):
            read_member(done)


@pytest.mark.parametrize(
    "table",
    [
        {"step": [1], "name": ["a"]},
        {"step": ["1"], "name": ["a"], "value": [1.0]},
        {"step": [1.5], "name": ["a"], "value": [1.0]},
        {"step": [1], "name": [None], "value": [1.0]},
        {"step": [1, None], "name": ["a", "a"], "value": [1.0, 2.0]},
        {"step": [1], "name": ["a"], "value": ["x"]},
    ],
    ids=str,
)
def test_a_foreign_parquet_file_is_bad_input(done, table):
    pl.DataFrame(table).write_parquet(done / "series.parquet")
    with pytest.raises(BadInput, match="cannot be read as series"):
        read_member(done)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_file_gives_a_traceback(done, data):
    """Bytes of the real files changed at random: the readers give a record, or say what is wrong."""
    name = data.draw(st.sampled_from(["series.parquet", "member.json", "points/final.safetensors"]))
    file = done / name
    whole = file.read_bytes()
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)) | st.just(len(broken)))
    file.write_bytes(bytes(broken[:cut]))
    try:
        for reader in (read_member, read_points, member_seconds, finished):
            with contextlib.suppress(PhenoscopeError):
                reader(done)
    finally:
        file.write_bytes(whole)


@given(content=st.binary(max_size=64))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_are_bad_input(done, content):
    (done / "series.parquet").write_bytes(content)
    (done / "points" / "final.safetensors").write_bytes(content)
    with pytest.raises(BadInput):
        read_member(done)
    with pytest.raises(BadInput):
        read_point(done, "final")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_points_come_back_with_memory_step_and_rule(tmp_path, dtype):
    folder = MemberFolder(tmp_path, Plan(recipe(rule=WeightDecay(Adam(0.1), 0.01)), ()), {})
    point = torch.tensor([0.1, -0.0, math.inf, math.nan, 5e-324], dtype=dtype)
    memory = {"mean": point.flip(0), "count": torch.tensor([3.0], dtype=torch.float64)}
    folder.keep("a mark ≥ 1", 12, point[::1], memory)
    kept = read_point(folder.path, "a mark ≥ 1")
    assert (kept.step, kept.rule) == (12, "WeightDecay(Adam)")
    assert kept.point.numpy().tobytes() == point.numpy().tobytes()
    assert kept.memory["mean"].dtype == dtype
    assert kept.memory["mean"].numpy().tobytes() == memory["mean"].numpy().tobytes()
    assert kept.memory["count"].dtype == torch.float64
    assert list(kept.memory) == ["count", "mean"] or list(kept.memory) == ["mean", "count"]


def test_a_kept_view_is_only_its_own_row(tmp_path, folder):
    rows = torch.arange(12.0).reshape(3, 4)
    folder.keep("x", 0, rows.T[1], {})
    assert read_point(folder.path, "x").point.tolist() == [1.0, 5.0, 9.0]


def test_a_point_that_is_not_there_names_those_that_are(done):
    with pytest.raises(BadInput, match=r"kept no point 'other'\. It kept final\."):
        read_point(done, "other")


@pytest.mark.parametrize(
    ("tensors", "about"),
    [
        ({"other": torch.ones(2)}, {"step": "1", "rule": "x"}),
        ({"point": torch.ones(2)}, {"step": "one", "rule": "x"}),
        ({"point": torch.ones(2)}, None),
        ({"point": torch.ones(2, 2)}, {"step": "1", "rule": "x"}),
    ],
)
def test_a_foreign_safetensors_file_is_bad_input(done, tensors, about):
    save_file(tensors, done / "points" / "final.safetensors", metadata=about)
    with pytest.raises(BadInput, match="cannot be read as a point"):
        read_point(done, "final")


def test_a_full_disk_while_keeping_a_point_is_a_sentence(done, folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(PhenoscopeError, match="No space left on device"):
        folder.keep("more", 1, torch.ones(2), {})
    monkeypatch.undo()
    assert list(read_points(done)) == ["final"]
    assert [f.name for f in (done / "points").iterdir()] == ["final.safetensors"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "members").write_text("a file")
    with pytest.raises(PhenoscopeError, match="cannot be written"):
        MemberFolder(tmp_path / "members", PLAN, {}).begin()


def test_the_name_of_a_rule_tells_memories_apart():
    rules = [GradientDescent(0.1), Clipped(HeavyBall(0.1), 1.0), WeightDecay(Clipped(HeavyBall(0.1), 1.0), 0.1)]
    names = [rule_name(rule) for rule in rules]
    assert names == ["GradientDescent", "Clipped(HeavyBall)", "WeightDecay(Clipped(HeavyBall))"]


def test_a_panic_of_the_parquet_reader_is_bad_input_too(done, monkeypatch):
    """It is no `Exception`; some broken files cause it, which ones depends on the version."""

    def panic(*_, **__):
        raise pl.exceptions.PanicException("index out of bounds\nmore")

    monkeypatch.setattr(pl, "read_parquet", panic)
    with pytest.raises(BadInput, match=r"cannot be read as series \(index out of bounds\)"):
        read_member(done)
