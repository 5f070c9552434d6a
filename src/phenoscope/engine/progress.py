"""Progress on long work: a bar on a terminal, plain lines in a pipe, nothing when asked for silence."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_SECONDS = 15.0
"""Between two plain lines in a pipe."""

Update = Callable[[int, int], None]


@contextmanager
def shown(what: str, *, quiet: bool = False) -> Iterator[Update]:
    """A function of (done, total) that shows how far the work has come, on standard error."""
    if quiet:
        yield lambda done, total: None
    elif sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    else:
        yield _lines(what)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True), transient=True)


def _lines(what: str) -> Update:
    started = last = time.monotonic()

    def update(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_SECONDS and 0 < done < total:
            last = now
            left = (now - started) * (total - done) / done
            print(
                f"{what}: {done / total:.0%} of {total} steps, about {spoken(left)} left", file=sys.stderr, flush=True
            )

    return update


def spoken(seconds: float) -> str:
    """A duration as one says it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
