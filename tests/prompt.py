"""What is refused at the prompt: the sentence, in time, and nothing else."""

import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from phenoscope.claims import Breaks, late_mean
from phenoscope.cli import main
from phenoscope.comparisons import Comparison, departure
from phenoscope.panels import Lines
from small import LOSS, arm, claim, phenomenon, recipe

SECONDS = 60
"""What takes longer has hung: on a pipe, or on a device without an end."""

LONG = "x" * 5000
OTHER = "y" * 300
"""Names that are too long: for a path, and for a file."""


LAB = """
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
print("a module that prints")
def build(): return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
x, y = torch.linspace(-1, 1, 40).reshape(10, 4), torch.arange(10) % 3
def data(): return x, y
class Broken(Dataset):
    def __len__(self): return 5
    def __getitem__(self, index): raise RuntimeError("no such image")
def broken(): return Broken()
def scalar(): return torch.tensor(1.0), torch.tensor(1)
def leaving(): raise SystemExit(0)
def deep(): return deep()
def infinite_target(): return x, torch.full((10,), torch.inf)
"""


def tiny(scale: str, *, lr: float = 0.1):
    """A phenomenon with a control, a comparison and a figure that runs in a moment.

    Args:
        scale: any.
        lr: the learning rate.
    """
    return phenomenon(
        arm("main", recipe(lr), says="the only one"),
        arm("control", recipe(lr / 10), role="control"),
        claims=(claim(statistic=late_mean(LOSS), control=Breaks("control")),),
        comparisons=(Comparison("apart", ("main", "control"), departure, ("relative distance", "cosine")),),
        panels=(Lines("Loss", "Falls.", LOSS, "loss", ("main", "control")),),
        scale=scale,
    )


@contextmanager
def in_time() -> Iterator[None]:
    """Fail where something hangs."""

    def late(*_: object) -> None:
        raise AssertionError(f"it hung for {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def contents(folder: Path) -> dict[str, bytes | str]:
    """Every file as it is; what is no plain file by its kind."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if "__pycache__" in name:
            continue
        about = path.lstat()
        plain = stat.S_ISREG(about.st_mode) and about.st_size < 10**7
        found[name] = path.read_bytes() if plain else f"{about.st_mode} {about.st_size}"
    return found


def refused(capsys, words: tuple[str, ...]) -> str:
    """The sentence with which a command is refused, with exit code 1 and nothing else."""
    capsys.readouterr()
    with in_time(), pytest.raises(SystemExit) as end:
        main(list(words))
    out, err = capsys.readouterr()
    assert end.value.code == 1
    assert out == ""
    line = err.strip().splitlines()[-1]
    others = [other for other in err.strip().splitlines()[:-1] if other != "a module that prints"]
    assert others == []
    assert line.startswith("Error: ")
    assert "Traceback" not in err
    assert "defect of Phenoscope" not in err
    return line


Make = Callable[[], object]
Situation = tuple[Make, tuple[str, ...], str]


def nothing() -> None:
    """The words alone are bad."""
