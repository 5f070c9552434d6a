"""`phenoscope data list | fetch`."""

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from phenoscope.cli.output import Json, Quiet, console, print_json

if TYPE_CHECKING:
    from phenoscope.engine.downloading import Listener
    from phenoscope.engine.whereabouts import Entry

data_app = App(name="data", help="List the data sets, and fetch those that are files.")

LINES = 4
"""A file's progress in a pipe is told at each such part of the whole."""


@data_app.command(name="list")
def list_(*, as_json: Json = False) -> None:
    """List the data sets: what they are, whether they are here, and how to get them."""
    from phenoscope.engine.whereabouts import entries

    found = entries()
    if as_json:
        print_json({"data": [dataclasses.asdict(entry) for entry in found]})
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "inputs", "classes", "examples"):
        table.add_column(column, no_wrap=True)
    table.add_column("from, and where it is", overflow="fold")
    for entry in found:
        shape = " x ".join(map(str, entry.inputs))
        place = ("is " + entry.where, "") if entry.here else (f"not here: {entry.get}", "yellow")
        table.add_row(entry.name, shape, str(entry.classes), _examples(entry), Text.assemble(entry.origin, "\n", place))
    console().print(table)


@data_app.command
def fetch(
    name: str,
    /,
    *,
    to: Path | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Fetch the files of a data set, check them, and say where they are.

    Files that are here and right are not fetched again; a download that broke off is resumed.

    Parameters
    ----------
    name
        fashion_mnist or mnist.
    to
        The folder for the files; $PHENOSCOPE_DATA/NAME, or the user's own data folder, unless given.
    from_
        The address of a folder on a web server with the four .gz files, such as a mirror of your own.
    quiet
        No progress.
    as_json
        Print one JSON object and nothing else.
    """
    from phenoscope.data import IDX
    from phenoscope.engine.fetching import fetch as fetched

    try:
        with _listening(quiet=quiet or as_json) as listening:
            found = fetched(name, to=to, address=from_, listening=listening)
    except KeyboardInterrupt:
        print("Interrupted. What came is kept: run the same command again to go on from there.", file=sys.stderr)
        sys.exit(130)
    used = IDX(name).find()
    if as_json:
        about = {"name": name, "folder": str(found.folder), "found": used == found.folder}
        print_json(about | {"downloaded": list(found.downloaded), "bytes": found.bytes})
        return
    if found.downloaded:
        print(
            f"{name} is in {found.folder}: {len(found.downloaded)} files fetched ({found.bytes / 1e6:.1f} MB), checked."
        )
    else:
        print(f"{name} is already in {found.folder}, and right; nothing to fetch.")
    if used != found.folder:
        print(f"To have it found there, set PHENOSCOPE_DATA={found.folder.absolute()}, or pass the folder to `load`.")


def _examples(entry: "Entry") -> str:
    if entry.train is None:
        return ""
    return f"{entry.train:,} + {entry.test:,}" if entry.test else f"{entry.train:,}"


@contextmanager
def _listening(*, quiet: bool) -> Iterator[Callable[[str], "Listener"]]:
    """Listeners for the files: a bar each on a terminal, plain lines in a pipe, nothing when asked for silence."""
    from phenoscope.engine.downloading import SILENT, Listener

    if quiet:
        yield lambda file: SILENT
    elif sys.stderr.isatty():
        with _bar() as bar:

            def shown(file: str) -> Listener:
                task = bar.add_task(file, total=None)
                return Listener(
                    lambda done, total: bar.update(task, completed=done, total=total),
                    lambda sentence: bar.console.print(Text(sentence), soft_wrap=True),
                )

            yield shown
    else:
        yield lambda file: Listener(_lines(file), lambda sentence: print(sentence, file=sys.stderr, flush=True))


def _bar():
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)


def _lines(file: str) -> Callable[[int, int | None], None]:
    """A line at the start, at each quarter that is reached, and at the end."""
    told = -1

    def update(done: int, total: int | None) -> None:
        nonlocal told
        part = LINES * done // total if total else 0
        if part > told:
            told = part
            size = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
            print(f"{file}: {size}", file=sys.stderr, flush=True)

    return update
