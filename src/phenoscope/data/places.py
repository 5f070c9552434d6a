"""Folders in which data files are looked for, and into which they are fetched.

They are a property of the machine and not of an experiment: no spec holds one, so no id depends on them.
"""

import os
import sys
from pathlib import Path

from phenoscope.core.errors import BadInput

VARIABLE = "PHENOSCOPE_DATA"
"""The environment variable that names a folder with data; it comes before the user's own."""


def places(name: str) -> list[Path]:
    """Where the files of this data set are looked for, in this order.

    First `$PHENOSCOPE_DATA/<name>` and `$PHENOSCOPE_DATA`, then `<name>` in the user's own folder.
    """
    root, own = _root(), user_folder()
    named = [] if root is None else [root / name, root]
    return named if own is None else [*named, own / name]


def destination(name: str) -> Path:
    """Where the files of this data set are fetched to: the first of its places."""
    found = places(name)
    if not found:
        raise BadInput(
            f"there is no home folder to put {name} into. Set {VARIABLE} to a folder, or pass `--to FOLDER`."
        )
    return found[0]


def user_folder() -> Path | None:
    """The user's own folder for data, where the system keeps such things; it need not exist.

    On Linux `$XDG_DATA_HOME/phenoscope`, by default `~/.local/share/phenoscope` (the XDG base directory
    specification, which has relative paths there ignored). `None` where there is no home.
    """
    asked = {"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_DATA_HOME")
    base = Path(os.environ.get(asked, ""))
    if not base.is_absolute():
        usual = {"win32": "AppData/Local", "darwin": "Library/Application Support"}.get(sys.platform, ".local/share")
        try:
            base = Path.home() / usual
        except RuntimeError:
            return None
    return base / "phenoscope"


def _root() -> Path | None:
    given = os.environ.get(VARIABLE)
    return Path(given).expanduser() if given else None
