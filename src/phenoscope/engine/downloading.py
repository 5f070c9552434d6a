"""One file over HTTP: resumed where it broke off, tried again, checked before it takes its place."""

import contextlib
import errno
import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from phenoscope.core.errors import BadInput, PhenoscopeError

CHUNK = 2**16
PASSING = (408, 425, 429)
"""Besides the 500s, the answers of a server that may be another one in a moment."""

Check = Callable[[Path], str | None]
"""Says what is wrong with a file that came whole, or `None`."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server.

    Attributes:
        timeout: seconds without a byte before a connection is given up.
        attempts: how often an address is tried in a row without getting further.
        wait: seconds before the second attempt, doubled before each later one.
    """

    timeout: float = 30.0
    attempts: int = 4
    wait: float = 0.5


def _ignored(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Listener:
    """Who wants to know how it goes.

    Attributes:
        progress: called with the bytes that are here and the size of the whole, where the server tells it.
        tell: called with a sentence when something went wrong that is tried again.
    """

    progress: Callable[[int, int | None], None] = _ignored
    tell: Callable[[str], None] = _ignored


SILENT = Listener()
PATIENT = Patience()


class _Broken(Exception):
    """An attempt that failed; `passing` where another may succeed."""

    def __init__(self, reason: str, *, passing: bool = True) -> None:
        super().__init__(reason)
        self.passing = passing


def download(
    addresses: Sequence[str],
    target: Path,
    *,
    check: Check,
    most: int,
    listener: Listener = SILENT,
    patience: Patience = PATIENT,
) -> int:
    """Get one file from the first address that has it; returns its size in bytes.

    What has come is kept beside the target, under a name made from the address, so that the next attempt or the next
    process goes on from there, and never with another server's bytes. The target ends whole and right, or as it was.

    Args:
        addresses: of the same file, in the order in which they are tried.
        target: where it goes.
        check: looks at the whole file before it takes its place.
        most: bytes that the file can have at most; more is not stored.
        listener: hears of progress and of new attempts.
        patience: with slow or failing servers.

    Raises:
        PhenoscopeError: no address gave the file, it cannot be written, or another process is fetching it.
    """
    reasons, parts = [], [_part(target, address) for address in addresses]
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    for address, part in zip(addresses, parts, strict=True):
        try:
            _persistent(_Way(address, part, most, listener, patience), check)
        except _Broken as problem:
            if not _size(part):
                part.unlink(missing_ok=True)
            reasons.append(f"{address} {problem}")
            listener.tell(f"{reasons[-1]}.")
            continue
        with _writing(target):
            _settle(part, target)
            for other in parts:
                other.unlink(missing_ok=True)
        return _size(target)
    kept = max(map(_size, parts))
    there = f" What came ({kept:,} bytes) is kept: the same command goes on from there." if kept else ""
    raise PhenoscopeError(
        f"{target.name} could not be fetched: {'; '.join(reasons)}. Check the connection, try again later, or name "
        f"another address with `--from`.{there}"
    )


@dataclass(frozen=True)
class _Way:
    """One address, and where its bytes go."""

    address: str
    part: Path
    most: int
    listener: Listener
    patience: Patience


def _persistent(way: _Way, check: Check) -> None:
    """Attempt until the file is whole and right; attempts that got further than any before do not count."""
    part = way.part
    failures, furthest, doubted = 0, _size(part), False
    while True:
        before = _size(part)
        try:
            _attempt(way)
            wrong = check(part)
            if wrong is None:
                return
            with _writing(part):
                part.unlink()
            # Only a file put together from two answers may be mended by getting it once more.
            problem = _Broken(f"gave a wrong file: {wrong}", passing=before > 0 and not doubted)
            doubted, furthest = True, 0
        except _Broken as broken:
            problem = broken
        size = _size(part)
        failures = 0 if size > furthest else failures + 1
        furthest = max(furthest, size)
        if not problem.passing or failures >= way.patience.attempts:
            raise problem
        pause = way.patience.wait * 2 ** max(failures - 1, 0)
        way.listener.tell(f"{way.address} {problem}; {size:,} bytes are here. Trying again in {pause:.3g} s.")
        time.sleep(pause)


def _attempt(way: _Way) -> None:
    """One request, from where the part ends."""
    with _opened(way.part) as file:
        start = file.seek(0, os.SEEK_END)
        headers = {"User-Agent": "phenoscope"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            request = urllib.request.Request(way.address, headers=headers)
            answer = urllib.request.urlopen(request, timeout=way.patience.timeout)
        except urllib.error.HTTPError as refusal:
            with refusal:
                if refusal.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                    return  # nothing is missing; whether it is right, the check says
                passing = refusal.code >= 500 or refusal.code in PASSING
                raise _Broken(f"answered {refusal.code} {refusal.reason}".strip(), passing=passing) from None
        except (OSError, http.client.HTTPException, ValueError, OverflowError) as problem:  # the last: bad addresses
            raise _Broken(f"could not be reached ({_reason(problem)})") from None
        with answer:
            if start and not _continues(answer, start, file):
                start = _emptied(file)  # the server ignored the range and sends all of it
            _stored(answer, file, start, way)


def _stored(answer: http.client.HTTPResponse, file: BinaryIO, start: int, way: _Way) -> None:
    """Append what the server sends."""
    size = answer.length  # what is still to come, where it is told
    whole = None if size is None else start + size
    here = start
    way.listener.progress(here, whole)
    while chunk := _next(answer):
        here += len(chunk)
        if here > way.most:
            _emptied(file)
            raise _Broken(f"sends more than the {way.most:,} bytes that this file can have", passing=False)
        _append(chunk, file)
        way.listener.progress(here, whole)
    if whole is not None and here < whole:
        raise _Broken(f"broke off after {here:,} of {whole:,} bytes")


def _next(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(CHUNK)
    except (OSError, http.client.HTTPException) as problem:
        raise _Broken(f"broke off ({_reason(problem)})") from None


def _continues(answer: http.client.HTTPResponse, start: int, file: BinaryIO) -> bool:
    """Whether the answer begins where our part ends."""
    if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
        return False
    came = answer.headers.get("Content-Range", "nothing said")
    begins = re.match(r"bytes (\d+)-", came)
    if begins is None or int(begins[1]) != start:
        _emptied(file)  # so that the next attempt asks for all of it
        raise _Broken(f"sent another part of the file than was asked for ({came} instead of bytes {start}-)")
    return True


@contextmanager
def _opened(part: Path) -> Iterator[BinaryIO]:
    """The part, ours alone while it is written; unbuffered, so that what came survives any end of this process."""
    with _writing(part):
        file = part.open("ab", buffering=0)
    with file:
        _lock(file)
        yield file


def _lock(file: BinaryIO) -> None:
    try:
        import fcntl
    except ImportError:  # Windows; there two processes at once end in a wrong file, which the check finds
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PhenoscopeError(f"another process is fetching {file.name} now. Wait for it to end.") from None
    except OSError:  # a file system without locks
        return


def _append(chunk: bytes, file: BinaryIO) -> None:
    with _writing(Path(file.name)):
        left = memoryview(chunk)
        while left:  # an unbuffered file may take less than it is given
            left = left[file.write(left) :]


def _emptied(file: BinaryIO) -> int:
    with _writing(Path(file.name)):
        return file.truncate(0)


def _settle(part: Path, target: Path) -> None:
    """Let the part take its place, once it is on the disk itself."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(target)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into one sentence."""
    try:
        yield
    except OSError as problem:
        mend = "Free some space" if problem.errno in (errno.ENOSPC, errno.EDQUOT) else "Choose another folder"
        raise PhenoscopeError(f"{path} cannot be written: {problem.strerror or problem}. {mend}.") from problem


def _part(target: Path, address: str) -> Path:
    return target.with_name(f".{target.name}.{hashlib.sha256(address.encode()).hexdigest()[:8]}.part")


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _reason(problem: BaseException) -> str:
    """The cause in a few words; urllib wraps it."""
    inner = getattr(problem, "reason", problem)
    if isinstance(inner, TimeoutError):
        return "no answer in time"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return str(inner) or type(inner).__name__


def checked_address(address: str) -> str:
    """An address of a folder on a web server, ending in a slash.

    Raises:
        BadInput: it is of another kind.
    """
    if not re.match(r"https?://[^/\s]+", address):
        raise BadInput(f"an address begins with http:// or https:// and names a server, got {address!r}.")
    return address if address.endswith("/") else f"{address}/"
