"""One file over HTTP, against a server on loopback that fails on purpose."""

import os
import random
import socket
from pathlib import Path

import pytest

from fileserver import altered, another_part, cut, ranged, serving, slow, status, unannounced, whole
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.engine import downloading
from phenoscope.engine.downloading import Listener, Patience, checked_address, download

CONTENT = random.Random(0).randbytes(300_000)
QUICK = Patience(timeout=5, attempts=3, wait=0.001)
THIRD = len(CONTENT) // 3


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch):
    connect = socket.create_connection

    def local(address, *rest, **more):
        assert address[0] == "127.0.0.1", address
        return connect(address, *rest, **more)

    monkeypatch.setattr(socket, "create_connection", local)
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server():
    with serving({"file": CONTENT}) as made:
        yield made


@pytest.fixture
def target(tmp_path):
    return tmp_path / "deep" / "file"


class Heard:
    """A listener that remembers."""

    def __init__(self):
        self.progress: list[tuple[int, int | None]] = []
        self.told: list[str] = []
        self.listener = Listener(lambda done, total: self.progress.append((done, total)), self.told.append)


def get(server, target: Path, *, patience: Patience = QUICK, listener: Listener = downloading.SILENT) -> int:
    return download([f"{server.address}file"], target, check=check, most=400_000, patience=patience, listener=listener)


def check(path: Path) -> str | None:
    came = path.read_bytes()
    return None if came == CONTENT else f"it has {len(came)} bytes"


def left_over(target: Path) -> list[int]:
    return [part.stat().st_size for part in target.parent.iterdir() if part != target]


def test_a_whole_file_arrives_with_its_progress(server, target):
    heard = Heard()
    assert get(server, target, listener=heard.listener) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert left_over(target) == []
    assert server.asked == [("file", None)]
    assert (heard.progress[0], heard.progress[-1]) == ((0, len(CONTENT)), (len(CONTENT), len(CONTENT)))
    assert heard.told == []


def test_what_breaks_off_goes_on_from_there(server, target):
    server.script = [cut(THIRD), cut(THIRD)]
    heard = Heard()
    get(server, target, listener=heard.listener)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, f"bytes={THIRD}-", f"bytes={2 * THIRD}-"]
    assert [done for done, _ in heard.progress] == sorted(done for done, _ in heard.progress)
    assert {total for _, total in heard.progress} == {len(CONTENT)}
    assert "broke off after 100,000 of 300,000 bytes; 100,000 bytes are here. Trying again" in heard.told[0]


def test_attempts_that_get_further_are_not_counted(server, target):
    server.script = [cut(20_000)] * 10
    get(server, target, patience=Patience(timeout=5, attempts=2, wait=0.0))
    assert target.read_bytes() == CONTENT
    assert len(server.asked) == 11


def test_the_next_process_goes_on_too(server, target):
    server.always = cut(THIRD, ranges=False)
    with pytest.raises(PhenoscopeError, match=r"broke off after 100,000 of 300,000 bytes.*What came \(100,000 bytes\)"):
        get(server, target)
    assert not target.exists()
    assert left_over(target) == [THIRD]
    assert len(server.asked) == 1 + QUICK.attempts  # the first got further than nothing
    server.always, server.asked = ranged, []
    get(server, target)
    assert server.asked == [("file", f"bytes={THIRD}-")]
    assert target.read_bytes() == CONTENT
    assert left_over(target) == []


def test_an_interruption_keeps_what_came(server, target):
    def interrupt(done, total):
        if done > THIRD:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, target, listener=Listener(interrupt))
    (here,) = left_over(target)
    assert here > THIRD
    get(server, target)
    assert server.asked[-1] == ("file", f"bytes={here}-")
    assert target.read_bytes() == CONTENT


def test_a_server_that_ignores_the_range_sends_all_again(server, target):
    server.script = [cut(THIRD)]
    server.always = whole
    get(server, target)
    assert server.asked[-1] == ("file", f"bytes={THIRD}-")
    assert target.read_bytes() == CONTENT


def test_another_part_than_asked_for_is_not_appended(server, target):
    server.script = [cut(THIRD), another_part]
    heard = Heard()
    get(server, target, listener=heard.listener)
    assert f"sent another part of the file than was asked for (bytes {THIRD + 1}-" in heard.told[1]
    assert [asked for _, asked in server.asked] == [None, f"bytes={THIRD}-", None]
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_taken(server, target):
    server.script = [cut(THIRD)]
    server.always = status(404)
    with pytest.raises(PhenoscopeError):
        get(server, target)
    (part,) = target.parent.iterdir()
    part.write_bytes(CONTENT)
    server.always = ranged
    get(server, target)
    assert server.asked[-1] == ("file", f"bytes={len(CONTENT)}-")
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_between_two_answers_is_got_once_more(server, target):
    server.script = [altered(lambda content: content[::-1])]
    server.script = [lambda handler, content, start: cut(THIRD)(handler, content[::-1], start)]
    get(server, target)
    assert [asked for _, asked in server.asked] == [None, f"bytes={THIRD}-", None]
    assert target.read_bytes() == CONTENT


def test_a_wrong_file_is_refused_and_not_kept(server, target):
    target.parent.mkdir()
    target.write_bytes(b"as it was")
    server.always = altered(lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(PhenoscopeError, match="gave a wrong file: it has 300000 bytes") as refusal:
        get(server, target)
    assert "is kept" not in str(refusal.value)
    assert len(server.asked) == 1
    assert target.read_bytes() == b"as it was"
    assert left_over(target) == []


def test_a_file_cut_short_at_the_source_is_refused(server, target):
    server.always = altered(lambda content: content[:-1])
    with pytest.raises(PhenoscopeError, match="it has 299999 bytes"):
        get(server, target)


def test_a_size_that_is_not_announced_does_no_harm(server, target):
    server.always = unannounced
    heard = Heard()
    get(server, target, listener=heard.listener)
    assert target.read_bytes() == CONTENT
    assert heard.progress[-1] == (len(CONTENT), None)


def test_an_endless_file_is_not_stored(server, target):
    server.always = altered(lambda content: content * 3)
    with pytest.raises(PhenoscopeError, match="sends more than the 400,000 bytes"):
        get(server, target)
    assert left_over(target) == []


def test_what_is_not_there_is_asked_for_once(server, target):
    server.always = status(404)
    with pytest.raises(
        PhenoscopeError, match=r"file could not be fetched: http://127\S+ answered 404 Not Found\. Check"
    ):
        get(server, target)
    assert len(server.asked) == 1
    assert left_over(target) == []


@pytest.mark.parametrize("code", [500, 503, 429])
def test_a_server_in_trouble_is_asked_again(server, target, code):
    server.script = [status(code), status(code)]
    heard = Heard()
    get(server, target, listener=heard.listener)
    assert target.read_bytes() == CONTENT
    assert [f"answered {code}" in told for told in heard.told] == [True, True]


def test_but_not_for_ever(server, target):
    server.always = status(500)
    with pytest.raises(PhenoscopeError, match="answered 500"):
        get(server, target)
    assert len(server.asked) == QUICK.attempts


def test_the_next_address_is_tried_from_the_beginning(server, target):
    with serving({"file": CONTENT}) as second:
        server.always = cut(THIRD, ranges=False)
        addresses = [f"{server.address}file", f"{second.address}file"]
        download(addresses, target, check=check, most=400_000, patience=QUICK)
        assert second.asked == [("file", None)]
    assert target.read_bytes() == CONTENT
    assert left_over(target) == []


def test_each_address_that_failed_is_named(server, target):
    server.always = status(404)
    addresses = [f"{server.address}file", f"http://127.0.0.1:{unused_port()}/file"]
    with pytest.raises(PhenoscopeError, match=r"answered 404 Not Found; http://\S+ could not be reached \(Connection"):
        download(addresses, target, check=check, most=400_000, patience=QUICK)
    assert left_over(target) == []


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:99999999/", "http://127.0.0.1:port/", "http://[127.0.0.1/", "http://ü /"]
)
def test_an_impossible_address_is_one_sentence(target, address):
    with pytest.raises(PhenoscopeError, match="could not be reached"):
        download([f"{address}file"], target, check=check, most=1, patience=Patience(attempts=1))


def test_a_server_that_falls_silent_is_given_up_and_asked_again(server, target):
    server.script = [slow]
    heard = Heard()
    get(server, target, patience=Patience(timeout=0.2, attempts=2, wait=0.0), listener=heard.listener)
    assert target.read_bytes() == CONTENT
    assert "broke off (no answer in time); 5 bytes are here" in heard.told[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_sentence(server, target):
    target.parent.mkdir()
    downloading._part(target, f"{server.address}file").symlink_to("/dev/full")
    with pytest.raises(PhenoscopeError, match=r"cannot be written: No space left on device\. Free some space\."):
        get(server, target)


def test_a_folder_that_cannot_be_made_is_one_sentence(server, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(PhenoscopeError, match=r"cannot be written: .*Choose another folder\."):
        get(server, tmp_path / "taken" / "file")


@pytest.mark.skipif(os.name == "nt", reason="no such locks")
def test_two_processes_do_not_mix_their_bytes(server, target):
    import fcntl

    target.parent.mkdir()
    with downloading._part(target, f"{server.address}file").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PhenoscopeError, match="another process is fetching"):
            get(server, target)
    get(server, target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("address", ["file:///etc/", "ftp://server/", "server/mnist", "http://", "http:///mnist", ""])
def test_only_addresses_on_the_web_are_taken(address):
    with pytest.raises(BadInput, match="begins with http"):
        checked_address(address)


def test_an_address_is_a_folder():
    assert (
        checked_address("https://server/mnist") == checked_address("https://server/mnist/") == "https://server/mnist/"
    )


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
