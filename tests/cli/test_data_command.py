"""`phenoscope data` as a person or a script meets it; the only server is on loopback."""

import gzip
import json
import socket
import struct

import pytest

from fileserver import altered, cut, serving, sha256, status
from phenoscope.cli import data, main
from phenoscope.data import DATASETS, idx, places
from phenoscope.data.idx import FILES
from phenoscope.engine import downloading, fetching
from phenoscope.engine.downloading import Patience


def encoded(*shape: int) -> bytes:
    count = 1
    for axis in shape:
        count *= axis
    return bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape) + bytes(k % 10 for k in range(count))


CONTENTS = dict(zip(FILES, (encoded(30, 28, 28), encoded(30), encoded(20, 28, 28), encoded(20)), strict=True))


@pytest.fixture(autouse=True)
def a_small_mnist(monkeypatch, tmp_path):
    monkeypatch.delenv("PHENOSCOPE_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(places, "user_folder", lambda: tmp_path / "own")
    monkeypatch.setitem(idx.CLASS_COUNTS, "mnist", {"train": (3,) * 10, "t10k": (2,) * 10})
    monkeypatch.setitem(fetching.DIGESTS, "mnist", {name: sha256(content) for name, content in CONTENTS.items()})
    monkeypatch.setattr(fetching.fetch, "__kwdefaults__", fetching.fetch.__kwdefaults__ | {"patience": QUICK})
    connect = socket.create_connection

    def local(address, *rest, **more):
        assert address[0] == "127.0.0.1", address
        return connect(address, *rest, **more)

    monkeypatch.setattr(socket, "create_connection", local)


QUICK = Patience(timeout=5, attempts=2, wait=0.001)


@pytest.fixture
def server(monkeypatch):
    with serving({f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}) as made:
        monkeypatch.setitem(fetching.ADDRESSES, "mnist", (made.address,))
        yield made


def phenoscope(*words: str) -> int:
    """The exit code of a command."""
    try:
        main(list(words))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def test_list_names_every_data_set_and_what_to_do(capsys):
    assert phenoscope("data", "list") == 0
    text = capsys.readouterr().out
    assert all(f"{name} " in text for name in DATASETS)
    assert "not here: phenoscope data fetch mnist" in text
    assert "arXiv:2011.14439" in text
    assert "60,000 + 10,000" in text


def test_list_as_json(capsys):
    assert phenoscope("data", "list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["data"]}
    assert set(rows) == set(DATASETS)
    assert rows["digits"] | {"origin": ""} == {
        "name": "digits",
        "inputs": [64],
        "classes": 10,
        "train": 1797,
        "test": 0,
        "origin": "",
        "here": True,
        "where": "in the package scikit-learn",
        "folder": None,
        "get": None,
    }
    assert not rows["mnist"]["here"]


def test_fetch_says_what_it_did_and_then_that_there_is_nothing_to_do(server, capsys, tmp_path):
    assert phenoscope("data", "fetch", "mnist") == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"mnist is in {tmp_path / 'own' / 'mnist'}: 4 files fetched")
    assert said.out.count("\n") == 1
    assert [line.split(":")[0] for line in said.err.splitlines()] == [name for name in FILES for _ in range(2)]
    asked = len(server.asked)
    assert phenoscope("data", "fetch", "mnist") == 0
    said = capsys.readouterr()
    assert said.out == f"mnist is already in {tmp_path / 'own' / 'mnist'}, and right; nothing to fetch.\n"
    assert (said.err, len(server.asked)) == ("", asked)
    assert phenoscope("data", "list") == 0
    assert f"is in {tmp_path / 'own' / 'mnist'}" in capsys.readouterr().out


def test_fetch_into_a_folder_of_its_own_says_how_it_is_found(server, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert phenoscope("data", "fetch", "mnist", "--to", "x", "--quiet") == 0
    said = capsys.readouterr()
    assert f"set PHENOSCOPE_DATA={tmp_path / 'x'}" in said.out
    assert said.err == ""


def test_fetch_as_json_prints_nothing_else(server, capsys, tmp_path):
    assert phenoscope("data", "fetch", "mnist", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "name": "mnist",
        "folder": str(tmp_path / "own" / "mnist"),
        "found": True,
        "downloaded": list(FILES),
        "bytes": sum(map(len, server.files.values())),
    }
    assert said.err == ""


def test_from_another_server(server, capsys, monkeypatch):
    monkeypatch.setitem(fetching.ADDRESSES, "mnist", ("http://127.0.0.1:1/",))
    assert phenoscope("data", "fetch", "mnist", "--from", server.address) == 0
    assert len(server.asked) == 4


def test_new_attempts_are_told(server, capsys):
    server.script = [cut(50), status(503)]
    assert phenoscope("data", "fetch", "mnist") == 0
    told = capsys.readouterr().err
    assert "broke off after 50 of" in told
    assert "answered 503 Service Unavailable; 50 bytes are here. Trying again" in told


@pytest.mark.parametrize(
    ("always", "says"),
    [
        (status(404), "answered 404 Not Found"),
        (status(500), "answered 500 Internal Server Error"),
        (cut(50, ranges=False), "What came (50 bytes) is kept: the same command goes on from there."),
        (altered(lambda content: gzip.compress(b"other")), "it holds 5 bytes with SHA-256 d9298a10d1b07358"),
    ],
)
def test_a_failure_is_one_sentence_and_exit_code_1(server, capsys, always, says):
    server.always = always
    assert phenoscope("data", "fetch", "mnist", "--quiet") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error: train-images-idx3-ubyte.gz could not be fetched")
    assert says in said.err
    assert said.err.count("\n") == 1


def test_nobody_answers(capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert phenoscope("data", "fetch", "mnist", "--quiet", "--from", f"http://127.0.0.1:{port}/") == 1
    assert "could not be reached (Connection refused). Check the connection" in capsys.readouterr().err


def test_an_interruption_says_how_to_go_on(server, capsys, monkeypatch, tmp_path):
    def interrupted(answer):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloading, "_next", interrupted)
    assert phenoscope("data", "fetch", "mnist", "--quiet") == 130
    assert (
        capsys.readouterr().err == "Interrupted. What came is kept: run the same command again to go on from there.\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("digits",), 1, "data sets to fetch are fashion_mnist, mnist, got 'digits'"),
        (("mnist", "--from", "/srv/mnist"), 1, "begins with http:// or https://"),
        ((), 2, "requires an argument"),
        (("mnist", "--form", "x"), 2, "--form"),
    ],
)
def test_wrong_words_are_refused(capsys, words, code, says):
    assert phenoscope("data", "fetch", *words) == code
    assert says in capsys.readouterr().err


def test_progress_in_a_pipe_is_a_line_a_quarter(capsys):
    update = data._lines("file")
    for done in range(0, 8_000_001, 100_000):
        update(done, 8_000_000)
    told = capsys.readouterr().err.splitlines()
    assert told == [f"file: {done}.0 of 8.0 MB" for done in (0, 2, 4, 6, 8)]


def test_progress_without_a_known_size_is_told_once(capsys):
    update = data._lines("file")
    for done in (0, 100, 200):
        update(done, None)
    assert capsys.readouterr().err == "file: 0.0 MB\n"
