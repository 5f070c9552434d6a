"""Parquet files that are known to be whole before they are parsed.

Parsing a damaged Parquet file can end the process: a count that was damaged asks for more memory than there is, and
that cannot be caught. Damage can also give other numbers without any error. So a file that is written here carries a
digest of its bytes, in the room that the format leaves between the data and the footer (which is found from the end of
the file): any reader of Parquet passes over it. A file without a digest, of another program or an earlier version, is
first read by another process, which may end.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MAGIC, TAIL = b"PAR1", 8
"""What a Parquet file begins and ends with; bytes at its end: the length of the footer (little-endian) and `PAR1`."""
MARK, DIGEST = b"sha-256:", re.compile(rb"[0-9a-f]{64}")
"""A seal: both together."""
SEAL = len(MARK) + 64
"""Bytes of it."""
READ = """
import os, sys
import polars
for file in sys.stdin.buffer.read().split(bytes(1)):
    try:
        if polars.scan_parquet(os.fsdecode(file), glob=False).select(polars.len()).collect().item() <= {most}:
            polars.read_parquet(os.fsdecode(file), glob=False)
    except (Exception, polars.exceptions.PanicException):
        pass  # it does not end this process, nor that of the caller
"""


def sealed(content: bytes) -> bytes:
    """A Parquet file with the digest of its bytes before its footer."""
    footer = _footer(content)
    return content[:footer] + _seal(content) + content[footer:]


def whole(content: bytes) -> bool | None:
    """Whether the bytes of a file are those that were sealed; `None` for a Parquet file without a seal."""
    if len(content) < 3 * len(MAGIC) or not content.startswith(MAGIC) or not content.endswith(MAGIC):
        return False
    end = max(_footer(content), 0)
    begin = max(end - SEAL, 0)
    seal = content[begin:end]
    if not seal.startswith(MARK) and not DIGEST.fullmatch(seal[len(MARK) :]):  # one of both tells a damaged seal
        return None
    return seal == _seal(content[:begin] + content[end:])


def harmless(files: Sequence[Path], most: int) -> bool:
    """Whether all of these files can be parsed here: each is sealed and whole, or another process read it and lived.

    Args:
        files: which are there.
        most: rows of a table that is read at all.

    Raises:
        OSError: a file cannot be read.
    """
    found = {file: whole(file.read_bytes()) for file in files}
    without = [file for file, sound in found.items() if sound is None]
    return False not in found.values() and (not without or outlived(without, most))


def outlived(files: Sequence[Path], most: int) -> bool:
    """Whether another process could read these files, or fail at them, without being ended by it."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # what is found here is found there
    done = subprocess.run(
        (sys.executable, "-P", "-c", READ.format(most=most)),
        input=bytes(1).join(os.fsencode(file) for file in files),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    return done.returncode == 0


def _footer(content: bytes) -> int:
    """The place where the footer begins, as the end of the file says."""
    return len(content) - TAIL - int.from_bytes(content[-TAIL : -len(MAGIC)], "little")


def _seal(content: bytes) -> bytes:
    return MARK + hashlib.sha256(content).hexdigest().encode()
