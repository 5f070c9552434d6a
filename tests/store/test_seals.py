"""Parquet files with a digest: plain Parquet for everybody, and given to the parser only when they are whole."""

import io
import shutil
import subprocess

import numpy as np
import polars as pl
import pytest

from parquet import deadly, unsealed
from phenoscope.core.errors import BadInput
from phenoscope.record import Series
from phenoscope.store import seals, tables
from phenoscope.store.seals import harmless, outlived, sealed, whole
from phenoscope.store.tables import read_series, write_series

SERIES = {name: Series(np.arange(5), np.linspace(0.0, 1.0, 5)) for name in ("loss", "sharpness")}


@pytest.fixture
def file(tmp_path):
    write_series(tmp_path / "series.parquet", SERIES)
    return tmp_path / "series.parquet"


@pytest.fixture
def children(monkeypatch):
    """The calls of another process."""
    calls = []
    for module in (tables, seals):
        monkeypatch.setattr(module, "outlived", lambda files, most: calls.append(list(files)) or outlived(files, most))
    return calls


def test_a_sealed_file_is_plain_parquet(file):
    content = file.read_bytes()
    assert whole(content) is True
    assert pl.read_parquet(file).equals(pl.read_parquet(unsealed(content)))
    assert pl.scan_parquet(file).filter(pl.col("name") == "loss").collect().height == 5


def test_the_seal_is_the_digest_of_the_file_without_it(file, tmp_path):
    """By the system's own program."""
    (tmp_path / "without").write_bytes(unsealed(file.read_bytes()))
    if shutil.which("sha256sum") is None:
        pytest.skip("there is no sha256sum")
    told = subprocess.run(["sha256sum", tmp_path / "without"], capture_output=True, check=True).stdout[:64]
    assert seals.MARK + told in file.read_bytes()


def test_every_changed_byte_is_noticed(file, children):
    """Even those of the seal; a damaged length of the footer hides the seal, and then there is no footer either."""
    content = file.read_bytes()
    for place in range(len(content)):
        other = bytearray(content)
        other[place] ^= 0x10
        hidden = len(content) - 8 <= place < len(content) - 4
        assert whole(bytes(other)) is (None if hidden else False)
    assert not children


@pytest.mark.parametrize("end", [0, 1, 11, 12, 50, -5, -1])
def test_a_file_that_was_cut_is_not_whole(file, end):
    content = file.read_bytes()
    assert whole(content[:end]) is False
    assert whole(content[:end] + b"PAR1") is not True


def test_files_of_earlier_versions_are_read_after_another_process_has(file, children):
    expected = read_series(file)
    assert not children
    file.write_bytes(unsealed(file.read_bytes()))
    found = read_series(file)
    assert found.keys() == expected.keys() == SERIES.keys()
    assert all(np.array_equal(found[name].values, SERIES[name].values) for name in SERIES)
    assert children == [[file]]


def test_many_are_checked_by_one_process(file, tmp_path, children):
    files = [tmp_path / f"{index} of\nmany" for index in range(3)]
    for one in files:
        one.write_bytes(unsealed(file.read_bytes()))
    assert harmless([*files, file], 10)
    assert children == [files]
    files[1].write_bytes(deadly(files[1].read_bytes()))
    assert not harmless([*files, file], 10)


def test_a_file_that_ends_its_reader_is_refused(file):
    file.write_bytes(deadly(unsealed(file.read_bytes())))
    assert not outlived([file], 10)
    with pytest.raises(BadInput, match=r"cannot be read as series \(reading it ends the process"):
        read_series(file)


def test_what_only_fails_is_outlived(file):
    file.write_bytes(b"PAR1 and no more PAR1")
    assert outlived([file, file.parent, file.parent / "none"], 10)


def test_a_table_of_too_many_rows_is_not_read_elsewhere_either(file, tmp_path):
    """Equal rows take no room in a file: here a damage that only reading all of them would meet."""
    file.write_bytes(deadly(unsealed(file.read_bytes())))
    assert outlived([file], 9)
    assert not outlived([file], 10)


def test_sealing_needs_no_room_of_its_own(tmp_path):
    content = io.BytesIO()
    pl.DataFrame(schema=tables.COLUMNS).write_parquet(content)
    assert len(sealed(content.getvalue())) == len(content.getvalue()) + seals.SEAL
    assert pl.read_parquet(sealed(content.getvalue())).height == 0
