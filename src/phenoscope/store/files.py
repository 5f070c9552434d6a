"""Files that are whole or not there: written aside, flushed to disk, renamed."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phenoscope.core.errors import BadInput, PhenoscopeError

SCHEMA = 1
"""Version of the folders' layout; a folder of a newer one is refused, never guessed at."""


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside the wanted one; on leaving, what was written there takes its place in one step."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
    except OSError as problem:
        raise _cannot_write(path, problem) from problem
    aside = Path(name)
    try:
        yield aside
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as problem:
        raise _cannot_write(path, problem) from problem
    finally:
        aside.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON, readable by a person; what is not finite is refused, since JSON has no word for it."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    with written_aside(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of this or an older schema.

    Raises:
        BadInput: no such file, not JSON, or written by a newer version.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"there is no {path.name} in {path.parent}. Pass the folder of a run.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise BadInput(f"{path} cannot be read ({problem}). It may be truncated; run again to make it anew.") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path} holds a {type(value).__name__} where an object was expected: not a run of Phenoscope.")
    schema = value.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise BadInput(f"{path} has schema {schema!r}, this version reads up to {SCHEMA}. Update phenoscope.")
    return value


def _cannot_write(path: Path, problem: OSError) -> PhenoscopeError:
    return PhenoscopeError(f"{path} cannot be written: {problem.strerror or problem}. Free space or choose another `out`.")
