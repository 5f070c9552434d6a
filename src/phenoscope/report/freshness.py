"""Is a page that is there already the one that would be written? Drawing a run's figures takes a second."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from phenoscope.store.files import exists

LAST = 200
"""Bytes at the end of a page among which its mark stands."""

SOURCES = (".py", ".html", ".css")


def mark(sources: Iterable[Path], *parts: object) -> str:
    """What a page is made of: the files of its run, the code and templates of this package, and anything else."""
    digest = hashlib.sha256(_code())
    for path in sources:
        digest.update(path.name.encode() + b"\0" + (path.read_bytes() if exists(path) else b"") + b"\0")
    digest.update(repr(parts).encode())
    return digest.hexdigest()[:32]


def is_fresh(page: Path, wanted: str, beside: Iterable[Path]) -> bool:
    """Whether a page carries that mark and the files it links to lie beside it."""
    try:
        with page.open("rb") as file:
            file.seek(max(0, page.stat().st_size - LAST))
            end = file.read()
    except OSError:
        return False
    return f"made of {wanted}".encode() in end and all(exists(path) for path in beside)


@cache
def _code() -> bytes:
    """All code and templates of the report, and the panels that it draws, as they are while this process runs."""
    here = Path(__file__).parent
    folders = (here, here.parent / "panels")
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in SOURCES)
    return b"".join(path.read_bytes() for path in files)
