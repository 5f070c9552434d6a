"""Fetching a data set's four files: small stand-ins from a server on loopback, and the real ones where they are."""

import gzip
import socket
import struct
import zlib
from pathlib import Path

import pytest
import torch

from fileserver import altered, serving, sha256, status
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.core.seeds import stream
from phenoscope.data import IDX, idx, places
from phenoscope.data.idx import FILES
from phenoscope.engine import fetching
from phenoscope.engine.downloading import Listener, Patience
from phenoscope.engine.fetching import fetch, wrong_content

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
QUICK = Patience(timeout=5, attempts=2, wait=0.001)


def encoded(*shape: int, step: int = 1) -> bytes:
    """An IDX file of this shape that counts 0, 1, ..., 9, 0, 1, ..."""
    values = (torch.arange(torch.Size(shape).numel()) * step % 10).to(torch.uint8)
    return bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape) + bytes(values.tolist())


SMALL = {
    "train-images-idx3-ubyte": encoded(30, 28, 28),
    "train-labels-idx1-ubyte": encoded(30),
    "t10k-images-idx3-ubyte": encoded(20, 28, 28),
    "t10k-labels-idx1-ubyte": encoded(20),
}
OTHER = {
    name: encoded(*((len(SMALL[name]) - 8,) if "labels" in name else (len(SMALL[name]) // 784, 28, 28)), step=3)
    for name in SMALL
}


@pytest.fixture(autouse=True)
def a_small_world(monkeypatch, tmp_path):
    """Two small data sets under the real names, nothing installed, no way out of this machine."""
    monkeypatch.delenv("PHENOSCOPE_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(places, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setattr(idx, "SYSTEM_FOLDERS", {})
    for name, files in (("mnist", SMALL), ("fashion_mnist", OTHER)):
        monkeypatch.setitem(idx.CLASS_COUNTS, name, {"train": (3,) * 10, "t10k": (2,) * 10})
        monkeypatch.setitem(fetching.DIGESTS, name, {file: sha256(content) for file, content in files.items()})
    connect = socket.create_connection

    def local(address, *rest, **more):
        assert address[0] == "127.0.0.1", address
        return connect(address, *rest, **more)

    monkeypatch.setattr(socket, "create_connection", local)


@pytest.fixture
def server(monkeypatch):
    with serving({f"{name}.gz": gzip.compress(content) for name, content in SMALL.items()}) as made:
        monkeypatch.setitem(fetching.ADDRESSES, "mnist", (made.address,))
        yield made


def test_the_four_files_are_fetched_and_then_found(server, tmp_path):
    heard = []
    done = fetch("mnist", listening=lambda file: Listener(lambda here, total: heard.append((file, here, total))))
    assert done.folder == tmp_path / "own" / "mnist"
    assert done.downloaded == FILES
    assert done.bytes == sum(map(len, server.files.values()))
    assert {(file, total) for file, _, total in heard} == {(f, len(server.files[f"{f}.gz"])) for f in FILES}
    assert {path.name for path in done.folder.iterdir()} == {f"{file}.gz" for file in FILES}
    pool = IDX("mnist").load(stream(0))
    assert pool.train.targets.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 3
    assert pool.test.inputs.shape == (20, 28, 28)


def test_what_is_there_and_right_is_not_fetched_again(server, tmp_path):
    first = fetch("mnist")
    server.asked.clear()
    assert fetch("mnist").downloaded == ()
    (first.folder / f"{FILES[3]}.gz").unlink()
    (first.folder / f"{FILES[0]}.gz").write_bytes(b"damaged")
    assert fetch("mnist").downloaded == (FILES[0], FILES[3])
    assert [name for name, _ in server.asked] == [f"{FILES[0]}.gz", f"{FILES[3]}.gz"]


def test_files_of_the_system_are_enough_unless_a_folder_is_asked_for(server, tmp_path, monkeypatch):
    system = tmp_path / "system"
    system.mkdir()
    for name, content in SMALL.items():
        (system / name).write_bytes(content)
    monkeypatch.setattr(idx, "SYSTEM_FOLDERS", {"mnist": system})
    assert fetch("mnist") == fetching.Fetched("mnist", system, (), 0)
    assert server.asked == []
    assert fetch("mnist", to=tmp_path / "mine").downloaded == FILES
    (system / FILES[1]).write_bytes(b"damaged")
    assert fetch("mnist").folder == tmp_path / "own" / "mnist"


def test_the_variable_says_where_to(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PHENOSCOPE_DATA", str(tmp_path / "sets"))
    assert fetch("mnist").folder == tmp_path / "sets" / "mnist" == IDX("mnist").find()


def test_another_address_replaces_the_known_ones(server, monkeypatch):
    monkeypatch.setitem(fetching.ADDRESSES, "mnist", ("http://127.0.0.1:1/",))
    fetch("mnist", address=server.address.rstrip("/"), patience=QUICK)
    assert len(server.asked) == 4


def test_the_second_mirror_serves_where_the_first_fails(server, monkeypatch):
    with serving({}) as empty:
        monkeypatch.setitem(fetching.ADDRESSES, "mnist", (empty.address, server.address))
        fetch("mnist", patience=QUICK)
        assert len(empty.asked) == len(server.asked) == 4


def test_files_compressed_another_way_are_the_same_files(server):
    server.files = {f"{name}.gz": gzip.compress(content, compresslevel=1, mtime=0) for name, content in SMALL.items()}
    assert fetch("mnist").downloaded == FILES


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda content: gzip.compress(b"\0" + gzip.decompress(content)[1:-1] + b"!"),
            r"it holds 23,536 bytes with SHA-256",
        ),
        (lambda content: gzip.compress(gzip.decompress(content)[:-1]), "expected 23,536 bytes with "),
        (lambda content: gzip.compress(bytes(10**7)), "it holds more than the 23,536 bytes expected"),
        (lambda content: content[:-20], "gave a wrong file: it is a gzip file that is damaged or cut short"),
        (
            lambda content: content[:50] + bytes(20) + content[70:],
            "gave a wrong file: it is a gzip file that is damaged or cut short",
        ),
        (lambda content: content + b"more", "gave a wrong file: it is a gzip file that is damaged or cut short"),
        (
            lambda content: b"<!DOCTYPE html><p>Log in",
            "not a gzip file, since it begins with '<!DOCTYPE html><p>Log in'",
        ),
        (lambda content: b"", "it is empty"),
    ],
)
def test_a_wrong_file_says_what_came_and_what_was_expected(server, tmp_path, change, says):
    server.always = altered(change)
    with pytest.raises(PhenoscopeError, match="gave a wrong file: ") as refusal:
        fetch("mnist", patience=QUICK)
    assert says in str(refusal.value)
    assert list((tmp_path / "own" / "mnist").iterdir()) == []


def test_what_came_before_a_failure_stays(server, tmp_path):
    server.script = [server.always, status(404)]
    with pytest.raises(PhenoscopeError, match=r"train-labels-idx1-ubyte\.gz could not be fetched"):
        fetch("mnist")
    assert [path.name for path in (tmp_path / "own" / "mnist").iterdir()] == [f"{FILES[0]}.gz"]


def test_files_of_another_data_set_are_not_overwritten(server, tmp_path):
    for name, content in OTHER.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    with pytest.raises(BadInput, match="holds fashion_mnist, whose files have the same names"):
        fetch("mnist", to=tmp_path)
    assert server.asked == []


def test_a_plain_file_that_would_hide_the_fetched_one_is_not_touched(server, tmp_path):
    mine = tmp_path / FILES[2]
    mine.write_bytes(b"mine")
    with pytest.raises(BadInput, match="would be read before the one fetched"):
        fetch("mnist", to=tmp_path)
    assert mine.read_bytes() == b"mine"


def test_only_files_can_be_fetched():
    with pytest.raises(BadInput, match="data sets to fetch are fashion_mnist, mnist, got 'digits'"):
        fetch("digits")
    with pytest.raises(BadInput, match="begins with http"):
        fetch("mnist", address="/srv/mnist")


def test_a_huge_file_in_a_small_one_is_never_unpacked_whole(tmp_path, monkeypatch):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(5 * 10**7)))
    unpacked = []
    inflate = zlib.decompressobj

    class Counted:
        def __init__(self, **options):
            self.inner = inflate(**options)

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def decompress(self, *arguments):
            unpacked.append(len(out := self.inner.decompress(*arguments)))
            return out

    monkeypatch.setattr(fetching.zlib, "decompressobj", Counted)
    assert wrong_content(path, digest="", size=10**6) == "it holds more than the 1,000,000 bytes expected"
    assert sum(unpacked) < 2 * 10**6


def test_every_address_has_its_digests_and_ends_in_a_slash():
    assert set(fetching.ADDRESSES) == set(fetching.DIGESTS) == set(idx.CLASS_COUNTS)
    assert all(address.endswith("/") for known in fetching.ADDRESSES.values() for address in known)
    assert all(tuple(digests) == FILES for digests in fetching.DIGESTS.values())


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_the_real_files_come_as_they_are(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("PHENOSCOPE_DATA", raising=False)
    with serving({path.name: path.read_bytes() for path in DEBIAN.iterdir()}) as server:
        assert fetch("fashion_mnist", to=tmp_path, address=server.address).downloaded == FILES
        assert fetch("fashion_mnist", to=tmp_path, address=server.address).downloaded == ()
        assert len(server.asked) == 4
    assert len(IDX("fashion_mnist").load(stream(0), folder=tmp_path).train) == 60000
