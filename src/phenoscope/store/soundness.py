"""Is what a file holds fit to be used: a plain file, of a size that a run writes, with text that can be shown?"""

import re
import stat
from pathlib import Path
from typing import Any

from phenoscope.core.errors import BadInput

DEEPEST = 150
"""Levels of nesting in JSON: a fork of a fork takes four, and Python itself gives up at about 300."""
LARGEST = 2**30
"""Bytes of a JSON file: the numbers behind figures are some megabytes."""
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What neither XML nor UTF-8 can hold, and what would steer a terminal."""


def plain_file(path: Path, most: int | None = None) -> None:
    """Refuse what would not end when it is read: a pipe, a device, a file of absurd size. A missing file passes.

    Raises:
        BadInput: what it is.
    """
    try:
        about = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as problem:  # ValueError: a name with a zero byte
        raise BadInput(f"{path} cannot be looked at: {getattr(problem, 'strerror', None) or problem}.") from None
    if not stat.S_ISREG(about.st_mode):
        raise BadInput(f"{path} cannot be read: it is {_kind(about.st_mode)}, and no plain file.")
    if most is not None and about.st_size > most:
        raise BadInput(f"{path} cannot be read: it has {about.st_size:,} bytes, of at most {most:,}. It is foreign.")


def nameable(path: Path) -> None:
    """Refuse a folder to write to whose name is no UTF-8: neither safetensors nor JSON can hold it.

    Raises:
        BadInput: its name.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise BadInput(f"the name of the folder {path} is no UTF-8. Choose another `out`.") from None


def unsound(value: Any) -> str | None:
    """Why a value read from JSON is not fit to be used, or `None`: nested too deep, or text that cannot be shown."""
    level = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, str) and UNFIT.search(part):
                return f"it holds text that cannot be shown, {part[:40]!r}"
            if isinstance(part, dict):
                inner += [*part, *part.values()]
            elif isinstance(part, list) and not set(map(type, part)) <= {int, float}:
                inner += part
        if not inner:
            return None
        level = inner
    return f"it is nested deeper than {DEEPEST} levels"


def _kind(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((name for is_one, name in kinds.items() if is_one(mode)), "a device")
