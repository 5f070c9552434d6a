"""Files that come from elsewhere, before they are opened: do they end, and do they fit into memory unpacked?"""

import contextlib
import os
import zipfile
from pathlib import Path

from phenoscope.core.errors import BadInput
from phenoscope.store.soundness import plain_file

MEMINFO, LIMIT = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")


def given_file(path: Path, wanted: str) -> None:
    """Refuse what is no plain file, and an archive that unpacks to more than the memory that is free.

    Args:
        path: of the file.
        wanted: what it should be, for the sentence where there is none.

    Raises:
        BadInput: what it is.
    """
    plain_file(path)
    if not path.is_file():
        raise BadInput(f"there is no file {path}. Pass {wanted}.")
    free, unpacked = free_memory(), unpacked_bytes(path)
    if free is not None and unpacked > free:
        raise BadInput(
            f"{path} unpacks to {unpacked / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB of memory are free. "
            "It may be made to fill the memory; else take a part of it."
        )


def unpacked_bytes(path: Path) -> int:
    """What a zip archive says of the size of its contents; 0 for anything else."""
    # A damaged archive can fail in any way; who opens it afterwards says how.
    with contextlib.suppress(Exception), zipfile.ZipFile(path) as archive:
        return sum(part.file_size for part in archive.infolist())
    return 0


def free_memory() -> int | None:
    """Bytes that this process can still take, as far as the system tells."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        line = next(line for line in MEMINFO.read_text().splitlines() if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):
        found.append(int(LIMIT.read_text()))  # of the container
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)
