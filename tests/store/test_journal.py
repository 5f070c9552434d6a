"""The journal keeps every bit that was flushed and nothing of a line cut short."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.store import Journal, read_journal
from phenoscope.store.journal import series

NAMES = st.sampled_from(["loss", "sharpness / threshold", "λ.residual", "a b"])
VALUES = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)
ROWS = st.lists(st.tuples(st.integers(0, 2**62), NAMES, VALUES), max_size=30)
SPECIAL = [0.0, -0.0, math.inf, -math.inf, 5e-324, -5e-324, 1.7976931348623157e308, 0.1, math.pi]


def bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack(">d", value)


def written(path, rows):
    with Journal(path) as journal:
        for row in rows:
            journal.append(*row)
    return path


@given(rows=ROWS)
@settings(max_examples=100, deadline=None)
def test_every_value_comes_back_bit_for_bit(rows, tmp_path_factory):
    path = written(tmp_path_factory.mktemp("journal") / "j", rows)
    expected = {}
    for step, name, value in rows:
        expected[name, step] = bits(value)  # the last of several at one step counts
    found = read_journal(path)
    assert {
        (name, int(s)): bits(float(v))
        for name, one in found.items()
        for s, v in zip(one.steps, one.values, strict=True)
    } == expected
    assert all((np.diff(one.steps) > 0).all() for one in found.values())


def test_special_values(tmp_path):
    found = read_journal(written(tmp_path / "j", [(step, "x", value) for step, value in enumerate(SPECIAL)]))
    assert [bits(v) for v in found["x"].values.tolist()] == [bits(v) for v in SPECIAL]


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_line_cut_short_is_left_out_whatever_is_left_of_it(tmp_path, cut):
    path = written(tmp_path / "j", [(0, "x", 1.25), (10, "x", 2.125)])
    path.write_bytes(path.read_bytes()[:-cut])
    found = read_journal(path)["x"]
    # "10 x 2.12" is a number too: without its line end it is not the number that was written
    assert found.steps.tolist() == [0]
    assert found.values.tolist() == [1.25]


def test_rows_are_read_in_the_order_of_their_steps(tmp_path):
    found = read_journal(written(tmp_path / "j", [(3, "x", 3.0), (1, "x", 1.0), (2, "y", 0.0), (3, "x", 4.0)]))
    assert found["x"].steps.tolist() == [1, 3]
    assert found["x"].values.tolist() == [1.0, 4.0]


def test_a_second_without_a_flush_is_flushed(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "j")
    journal.append(0, "x", 1.0)
    journal.breathe()
    assert (tmp_path / "j").read_bytes() == b""
    monkeypatch.setattr("phenoscope.store.journal.FLUSH_SECONDS", 0.0)
    journal.breathe()
    assert read_journal(tmp_path / "j")["x"].values.tolist() == [1.0]
    journal.close()


@given(content=st.binary(max_size=200) | st.text(alphabet="0123456789\t\nxe.-", max_size=200).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_without_a_traceback(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "j"
    path.write_bytes(content)
    read_journal(path)


def test_steps_too_large_for_a_table_are_no_steps(tmp_path):
    path = tmp_path / "j"
    path.write_text(f"{2**63}\tx\t1.0\n-1\tx\t1.0\n2\tx\t1.0\n")
    assert read_journal(path)["x"].steps.tolist() == [2]


def test_a_full_disk_gives_one_sentence(tmp_path):
    journal = Journal(tmp_path / "j")
    journal._file.close()
    journal._file = open("/dev/full", "w")  # noqa: SIM115 (the journal closes it)
    journal.append(0, "x", 1.0)
    with pytest.raises(PhenoscopeError, match=r"cannot be written: No space left on device\. Free space"):
        journal.close()


def test_series_sorts_by_step_even_where_values_are_nan():
    found = series([(2, math.nan), (1, math.nan), (0, 1.0)])
    assert found.steps.tolist() == [0, 1, 2]


@given(rows=ROWS.filter(len), last=st.tuples(st.integers(0, 2**62), NAMES, VALUES), data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_journal_cut_anywhere_is_continued_as_if_the_torn_line_had_never_been(rows, last, data, tmp_path_factory):
    path = written(tmp_path_factory.mktemp("torn") / "j", rows)
    whole = path.read_bytes()
    kept = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:kept])
    lines = whole[:kept].count(b"\n")
    written(path, [last])
    expected = written(path.parent / "expected", [*rows[:lines], last])
    assert path.read_bytes() == expected.read_bytes()


def test_the_last_line_torn_at_every_byte(tmp_path):
    rows = [(9, "x", 1.5), (10, "λ / 2", -2.25e-300)]
    whole = written(tmp_path / "whole", rows).read_bytes()
    first = whole.index(b"\n") + 1
    for kept in range(first, len(whole)):
        path = tmp_path / str(kept)
        path.write_bytes(whole[:kept])
        assert list(read_journal(path)) == ["x"]
        written(path, [(11, "x", 3.0)])
        found = read_journal(path)
        assert list(found) == ["x"]
        assert (found["x"].steps.tolist(), found["x"].values.tolist()) == ([9, 11], [1.5, 3.0])


def test_a_long_torn_line_is_cut_off_too(tmp_path):
    path = written(tmp_path / "j", [(0, "x", 1.0)])
    whole = path.read_bytes()
    path.write_bytes(whole + b"1\t" + b"y" * 20_000)
    written(path, [])
    assert path.read_bytes() == whole


@pytest.mark.parametrize("name", ["", "a\tb", "a\nb"], ids=repr)
def test_a_name_that_would_break_a_line_is_refused(tmp_path, name):
    with Journal(tmp_path / "j") as journal, pytest.raises(BadInput, match="needs a name of one line without tabs"):
        journal.append(0, name, 1.0)
    assert read_journal(tmp_path / "j") == {}


def test_lines_of_too_many_parts_are_left_out(tmp_path):
    (tmp_path / "j").write_text("1\tx\t2.0\t3\n1\tx\n1\tx\t2.0\tx\t4.0\n2\tx\t5.0\n")
    assert read_journal(tmp_path / "j")["x"].values.tolist() == [5.0]


def test_what_is_settled_is_in_the_file_and_its_length_is_told(tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.append(0, "x", 1.0)
        assert journal.settle() == (tmp_path / "j").stat().st_size > 0
        assert read_journal(tmp_path / "j")["x"].values.tolist() == [1.0]


def test_a_long_journal_is_read_in_pieces(tmp_path, monkeypatch):
    rows = [(step, name, step / 7) for step in range(50) for name in ("x", "y")]
    path = written(tmp_path / "j", rows)
    monkeypatch.setattr("phenoscope.store.journal.PIECE", 64)
    found = read_journal(path)
    assert list(found) == ["x", "y"]
    assert found["y"].values.tolist() == [step / 7 for step in range(50)]
