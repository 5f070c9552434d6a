"""The IDX reader against files written here byte by byte, and against the real Fashion-MNIST where it is installed."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.core.specs import identity
from phenoscope.data import IDX, idx, places

MNIST_TRAIN = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
MNIST_TEST = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
HERE = Path("/usr/share/datasets/fashion-mnist")


def encoded(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path, *, packed: bool = False) -> None:
    """Files with MNIST's shapes and class counts; every image holds its label everywhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, counts in (("train", MNIST_TRAIN), ("t10k", MNIST_TEST)):
        labels = np.repeat(np.arange(10, dtype=np.uint8), counts)
        images = np.broadcast_to(labels[:, None, None], (len(labels), 28, 28)).copy()
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            path = folder / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(encoded(array), compresslevel=1) if packed else encoded(array))


@pytest.fixture(scope="module")
def mnist_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "mnist"
    write_mnist(folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch, tmp_path):
    monkeypatch.delenv("PHENOSCOPE_DATA", raising=False)
    monkeypatch.setattr(places, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setattr(idx, "SYSTEM_FOLDERS", {})


@pytest.mark.parametrize("shape", [(7,), (3, 4, 5), (0, 2)])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
def test_reads_what_was_written(tmp_path, shape, packed):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = tmp_path / ("array.gz" if packed else "array")
    path.write_bytes(gzip.compress(encoded(array)) if packed else encoded(array))
    read = idx.read_idx(path)
    assert read.dtype == torch.uint8
    assert np.array_equal(read.numpy(), array)


WHOLE = encoded(np.arange(12, dtype=np.uint8).reshape(3, 4))
PACKED = gzip.compress(WHOLE, mtime=0)  # without the second of its making: every process collects the same tests


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty", b"", "not an IDX file of unsigned bytes: it begins with nothing"),
        ("foreign", b"\x89PNG1234", "not an IDX file of unsigned bytes: it begins with 89504e47"),
        ("floats", bytes((0, 0, 0x0D, 1)) + WHOLE[4:], "it begins with 00000d01, expected 000008"),
        ("header", WHOLE[:10], "truncated: its header needs 12 bytes, got 10"),
        ("short", WHOLE[:-1], r"promises 12 bytes of data \(shape \(3, 4\)\), got 11"),
        ("long", WHOLE + b"\0", r"promises 12 bytes of data \(shape \(3, 4\)\), got 13"),
        ("short.gz", PACKED[:-9], "cannot be read"),
        ("plain.gz", WHOLE, "cannot be read"),
        ("damaged.gz", PACKED[:10] + b"\xff" * 20, "cannot be read"),
    ],
)
def test_a_damaged_file_is_named_and_refused(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=says) as refusal:
        idx.read_idx(path)
    assert str(path) in str(refusal.value)


def test_mnist_is_found_in_every_place(mnist_folder, monkeypatch):
    source = IDX("mnist")
    pools = [source.load(stream(0), folder=mnist_folder)]
    with monkeypatch.context() as own:
        own.setattr(places, "user_folder", lambda: mnist_folder.parent)
        pools.append(source.load(stream(0)))
    for root in (mnist_folder, mnist_folder.parent):
        monkeypatch.setenv("PHENOSCOPE_DATA", str(root))
        pools.append(source.load(stream(0)))
    for pool in pools:
        assert pool.train.inputs.shape == (60000, 28, 28)
        assert pool.test.inputs.shape == (10000, 28, 28)
        assert torch.equal(pool.train.inputs[:, 27, 27] * 255, pool.train.targets.float())
        assert tuple(pool.train.targets.bincount().tolist()) == MNIST_TRAIN


def test_compressed_files_hold_the_same(tmp_path, mnist_folder):
    write_mnist(tmp_path, packed=True)
    packed, plain = (IDX("mnist").load(stream(0), folder=place) for place in (tmp_path, mnist_folder))
    assert torch.equal(packed.test.inputs, plain.test.inputs)


def test_mnist_is_not_taken_for_fashion_mnist(mnist_folder, monkeypatch):
    monkeypatch.setenv("PHENOSCOPE_DATA", str(mnist_folder))
    with pytest.raises(BadInput, match="does not belong to fashion_mnist: its labels occur"):
        IDX("fashion_mnist").load(stream(0))


def test_images_of_another_shape_are_refused(mnist_folder, tmp_path):
    for path in mnist_folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    images = tmp_path / "t10k-images-idx3-ubyte"
    images.unlink()
    images.write_bytes(encoded(np.zeros((10000, 784), dtype=np.uint8)))
    with pytest.raises(BadInput, match=r"it has shape \(10000, 784\), expected \(10000, 28, 28\)"):
        IDX("mnist").load(stream(0), folder=tmp_path)


def test_missing_files_are_one_sentence_with_places_and_ways(tmp_path, monkeypatch):
    monkeypatch.setenv("PHENOSCOPE_DATA", str(tmp_path / "root"))
    monkeypatch.setattr(idx, "SYSTEM_FOLDERS", {"fashion_mnist": tmp_path / "system"})
    with pytest.raises(BadInput) as refusal:
        IDX().load(stream(0), folder=tmp_path / "mine")
    text = str(refusal.value)
    looked = ["mine", "root/fashion_mnist", "root", "own/fashion_mnist", "system"]
    assert ", ".join(str(tmp_path / place) for place in looked) in text
    assert "`phenoscope data fetch fashion_mnist`" in text
    assert "apt install dataset-fashion-mnist" in text
    assert "set PHENOSCOPE_DATA to a folder" in text
    assert text.count(". ") == 0


def test_missing_mnist_does_not_advise_another_data_set():
    with pytest.raises(BadInput, match="phenoscope data fetch mnist") as refusal:
        IDX("mnist").load(stream(0))
    assert "fashion" not in str(refusal.value)


def test_the_folder_is_no_part_of_the_id(mnist_folder, monkeypatch):
    before = identity(IDX("mnist"))
    monkeypatch.setenv("PHENOSCOPE_DATA", str(mnist_folder))
    assert identity(IDX("mnist")) == before
    assert identity(IDX("fashion_mnist")) != before


def test_an_unknown_name_lists_the_known():
    with pytest.raises(BadInput, match="'fashion_mnist', 'mnist', got 'kmnist'"):
        IDX("kmnist")


@pytest.mark.skipif(not HERE.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist_is_the_published_one():
    """First labels and the mean grey value 0.2860 (standard deviation 0.3530) widely used to normalise it."""
    pool = IDX().load(stream(0), folder=HERE)
    assert (len(pool.train), len(pool.test)) == (60000, 10000)
    assert pool.train.targets[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert pool.test.targets[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    inputs = pool.train.inputs
    assert inputs.mean(dtype=torch.float64).item() == pytest.approx(0.2860, abs=5e-5)
    assert inputs.square().mean(dtype=torch.float64).item() == pytest.approx(0.3530**2 + 0.2860**2, abs=1e-4)
    assert (inputs.min(), inputs.max()) == (0, 1)
