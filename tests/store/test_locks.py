"""Locks: one holder, given back by the dead, and never two through a file that was removed in between."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from phenoscope.core.errors import PhenoscopeError
from phenoscope.store import awaited, held, locked
from phenoscope.store.locks import LOCK

HOLDER = """
import sys, time
from pathlib import Path
from phenoscope.store import held
with held([Path(folder) for folder in sys.argv[1:]]) as mine:
    print(mine, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder():
    """Another process that holds the locks of folders."""
    started = []

    def hold(*folders: Path) -> subprocess.Popen:
        words = (sys.executable, "-c", HOLDER, *map(str, folders))
        made = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        started.append(made)
        assert made.stdout is not None
        assert made.stdout.readline() == "True\n"
        return made

    yield hold
    for made in started:
        made.kill()
        made.wait()
        made.stdout.close()


def test_locks_are_held_inside_and_leave_nothing_behind(tmp_path):
    folders = [tmp_path / name for name in "ab"]
    assert not any(map(locked, folders))
    with held(folders) as mine:
        assert mine
        assert all(map(locked, folders))
        with held(folders[1:]) as again:
            assert not again
        assert all(map(locked, folders))
    assert not any(map(locked, folders))
    assert not any(list(folder.iterdir()) for folder in folders)


def test_all_or_none(tmp_path, holder):
    holder(tmp_path / "b")
    with held([tmp_path / name for name in "cba"]) as mine:
        assert not mine
        assert [locked(tmp_path / name) for name in "abc"] == [False, True, False]
    assert locked(tmp_path / "b")


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, holder):
    other = holder(tmp_path)
    with held([tmp_path]) as mine:
        assert not mine
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / LOCK).exists()  # it had no time to remove it
    assert not locked(tmp_path)
    with held([tmp_path]) as mine:
        assert mine
    assert not (tmp_path / LOCK).exists()


def test_a_stopped_process_still_holds_its_lock(tmp_path, holder):
    other = holder(tmp_path)
    other.send_signal(signal.SIGSTOP)
    assert locked(tmp_path)


def test_a_lock_is_not_taken_on_a_file_that_is_no_longer_there(tmp_path, monkeypatch):
    """The race of lock files: opened, then removed by its last holder, then locked by us and, anew, by a third."""
    from phenoscope.store import locks

    plain, times = locks._flocked, []

    def slow(file, path, *, wait):
        if not times:
            path.unlink()  # between our opening and our locking
        times.append(1)
        return plain(file, path, wait=wait)

    monkeypatch.setattr(locks, "_flocked", slow)
    with held([tmp_path]) as mine:
        assert mine
        assert len(times) == 2
        assert locked(tmp_path)


def test_threads_of_one_process_exclude_each_other(tmp_path):
    inside, most, lock = 0, 0, threading.Lock()

    def work():
        nonlocal inside, most
        for _ in range(30):
            with awaited(tmp_path):
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert not (tmp_path / LOCK).exists()


def test_awaited_waits_for_the_holder(tmp_path, holder):
    other = holder(tmp_path)
    entered = threading.Event()

    def enter():
        with awaited(tmp_path):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.3)
    other.kill()
    assert entered.wait(10)
    thread.join()


def test_an_error_inside_gives_the_locks_back(tmp_path):
    with pytest.raises(ZeroDivisionError), held([tmp_path]):
        raise ZeroDivisionError
    assert not locked(tmp_path)
    assert not (tmp_path / LOCK).exists()


def test_a_folder_that_cannot_be_locked_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PhenoscopeError, match="cannot be written: "), held([tmp_path / "file" / "a"]):
        pass
    assert not locked(tmp_path / "file" / "a")


def test_a_child_that_is_started_meanwhile_does_not_keep_the_lock(tmp_path):
    with held([tmp_path]):
        child = subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)"))
    try:
        assert not locked(tmp_path)
        with held([tmp_path]) as mine:
            assert mine
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
