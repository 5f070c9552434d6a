"""Who is at work on a folder? A lock that the system takes back when its holder dies, however it dies.

The lock is `flock` on a file `lock` in the folder. No process number is written down, so nothing can be stale: what a
killed process leaves behind is a file that nobody holds. Systems without `flock` (Windows) have no locks; there only
one process at a time may work on an experiment.
"""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from phenoscope.store.files import refused
from phenoscope.store.soundness import plain_file

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = "lock"
GLANCES = 5
"""Tries before a lock counts as taken: somebody who only looks at it holds it for a moment."""
GLANCE_SECONDS = 0.01


@contextmanager
def held(folders: Sequence[Path]) -> Iterator[bool]:
    """Hold the locks of all these folders, or of none; says whether they are held. Folders are made where missing."""
    with contextlib.ExitStack() as stack:
        # In one order for everybody: of two processes that want the same, the one that gets the first gets all.
        held = all(_taken(folder, stack) for folder in sorted(set(folders)))
        if not held:
            stack.close()
        yield held


@contextmanager
def awaited(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, after waiting for whoever holds it."""
    with contextlib.ExitStack() as stack:
        _taken(folder, stack, wait=True)
        yield


def locked(folder: Path) -> bool:
    """Whether a living process holds the lock of a folder."""
    if fcntl is None:
        return False
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    except OSError as problem:
        raise refused(folder / LOCK, problem) from problem
    return False


def _taken(folder: Path, stack: contextlib.ExitStack, *, wait: bool = False) -> bool:
    """Take a folder's lock, to be given back when the stack is closed; false if a living process has it."""
    path, tries = folder / LOCK, 0
    while True:
        file = _opened(path)
        tries += 1
        with contextlib.ExitStack() as attempt:
            attempt.enter_context(file)
            if fcntl is not None and not _flocked(file, path, wait=wait):
                if tries == GLANCES:
                    return False
                time.sleep(GLANCE_SECONDS)
                continue
            if _is_at(file, path):
                stack.push(attempt.pop_all())
                stack.callback(_removed, path)
                return True
        # Its last holder has removed the file between our opening and our locking it: lock the one that is there now.


def _opened(path: Path) -> IO[bytes]:
    plain_file(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab")
    except OSError as problem:
        raise refused(path, problem) from problem


def _flocked(file: IO[bytes], path: Path, *, wait: bool) -> bool:
    assert fcntl is not None
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as problem:
        raise refused(path, problem) from problem
    return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _removed(path: Path) -> None:
    """Remove a lock that we hold; nobody else may, so it is ours that lies there."""
    with contextlib.suppress(OSError):
        path.unlink()
