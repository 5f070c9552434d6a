"""Files that are whole or not there: written aside, flushed to disk, renamed."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.store.soundness import LARGEST, plain_file, unsound

SCHEMA = 1
"""Version of the folders' layout; a folder of a newer one is refused, never guessed at."""


ASIDE = ".aside"
"""Ends the names of files that are being written; a process that was killed leaves them behind."""


class NewerSchema(BadInput):
    """A file that a newer version wrote: it is neither read nor overwritten."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses (a full disk, a read-only folder) into one sentence."""
    try:
        yield
    except OSError as problem:
        raise refused(path, problem) from problem


def refused(path: Path, problem: OSError) -> PhenoscopeError:
    """The sentence for a file that the system did not let be written."""
    return PhenoscopeError(
        f"{path} cannot be written: {problem.strerror or problem}. Free space or choose another `out`."
    )


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside the wanted one; on leaving, what was written there takes its place in one step."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=ASIDE, dir=path.parent)
        os.close(handle)
        aside = Path(name)
        try:
            yield aside
            with aside.open("rb") as written:
                os.fsync(written.fileno())
            aside.chmod(0o644)
            aside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):  # which must not hide the reason
                aside.unlink()
            raise


def swept(folder: Path) -> None:
    """Remove what killed processes were writing in a folder; for those who hold its lock, so that nobody else is."""
    with writing(folder):
        for left in folder.glob(f".*{ASIDE}"):
            left.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with written_aside(path) as aside:
        aside.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write JSON, readable by a person; what is not finite is refused, since JSON has no word for it."""
    try:
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise BadInput(
            f"{path.name} cannot be written as JSON: {problem}. Use finite numbers, text and tuples."
        ) from None
    # a folder whose name is no UTF-8 may stand in a command; the file is to be read all the same
    write_bytes(path, f"{text}\n".encode(errors="replace"))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of this or an older schema.

    Raises:
        BadInput: no such file, or not JSON of this library.
        NewerSchema: written by a newer version.
    """
    plain_file(path, LARGEST)
    value = None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        problem = unsound(value)
    except FileNotFoundError:
        raise BadInput(f"there is no {path.name} in {path.parent}. Pass the folder of a run.") from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        problem = getattr(error, "strerror", None) or str(error)
    if problem is not None:
        raise BadInput(f"{path} cannot be read ({problem}). It may be truncated; run again to make it anew.")
    if not isinstance(value, dict) or not isinstance(value.get("schema"), int):
        raise BadInput(f"{path} is not a file of Phenoscope: it lacks a schema. Pass the folder of a run.")
    if value["schema"] > SCHEMA:
        raise NewerSchema(f"{path} has schema {value['schema']}, this version reads up to {SCHEMA}. Update phenoscope.")
    return value


def exists(path: Path) -> bool:
    """Whether something is there; a path that cannot even be asked about is a caller's mistake."""
    try:
        return path.exists()
    except OSError as problem:
        raise BadInput(
            f"{path} cannot be looked at: {problem.strerror or problem}. Pass the folder of a run."
        ) from None
