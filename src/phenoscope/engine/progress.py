"""Progress on long work: a bar on a terminal, plain lines in a pipe, nothing when asked for silence."""

import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

LINE_SECONDS = 15.0
"""Between two plain lines in a pipe."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """Progress as a person sees it: called with (done, total); `say` shows a sentence."""

    update: Callable[[int, int], None]
    say: Callable[[str], None]

    def __call__(self, done: int, total: int) -> None:
        self.update(done, total)


@contextmanager
def shown(what: str, *, quiet: bool = False) -> Iterator[Shown]:
    """A function of (done, total) that shows how far the work has come, on standard error."""
    if quiet:
        yield Shown(lambda done, total: None, lambda sentence: None)
    elif sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task(what, total=None)
            yield Shown(
                lambda done, total: bar.update(task, completed=done, total=total),
                lambda sentence: bar.console.print(Text(f"{what}: {sentence}"), soft_wrap=True),
            )
    else:
        yield Shown(_lines(what), lambda sentence: print(f"{what}: {sentence}", file=sys.stderr, flush=True))


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True), transient=True)


def _lines(what: str) -> Callable[[int, int], None]:
    started = last = time.monotonic()
    before: int | None = None  # done when this began: by an earlier run, so it says nothing of the speed

    def update(done: int, total: int) -> None:
        nonlocal last, before
        now = time.monotonic()
        before = done if before is None else before
        if now - last >= LINE_SECONDS and before < done < total:
            last = now
            left = (now - started) * (total - done) / (done - before)
            print(
                f"{what}: {done / total:.0%} of {total} steps, about {spoken(left)} left", file=sys.stderr, flush=True
            )

    return update


def spoken(seconds: float) -> str:
    """A duration as one says it.

    Example:
        >>> spoken(75), spoken(600), spoken(20000), spoken(1e6)
        ('75 s', '10 min', '6 h', '12 days')
    """
    for unit, size, most in (("s", 1, 90), ("min", 60, 120), ("h", 3600, 72)):
        if seconds < most * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"
