"""A person's own objects, named on the command line as `package.module:name`, and what went wrong in their code."""

import contextlib
import functools
import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phenoscope.core.errors import BadInput, PhenoscopeError

OURS = str(Path(__file__).parents[1])


def named(reference: str, what: str) -> Any:
    """The object of that name; modules are looked for in the current folder first, then among the packages.

    Args:
        reference: `package.module:name`; the name may have dots.
        what: the object stands for, for the sentence in an error (`"--model"`).
    """
    module, colon, name = reference.partition(":")
    if not (module and colon and name):
        raise BadInput(f"{what} is written package.module:name, got {reference!r}.")
    with here():
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as problem:
            raise BadInput(_not_there(module, problem, what)) from problem
        except (Exception, SystemExit) as problem:
            raise BadInput(f"{what}: importing {module} failed. {told(problem)}") from problem
        try:
            return functools.reduce(getattr, name.split("."), found)
        except AttributeError:
            raise BadInput(f"{what}: the module {module} has no {name!r}. Check the name after the colon.") from None


def called(reference: str, what: str) -> Any:
    """What the function (or class) of that name returns, called without arguments."""
    function = named(reference, what)
    with here():
        try:
            return function()
        except PhenoscopeError:
            raise
        except (Exception, SystemExit) as problem:
            raise BadInput(f"{what}: {reference} failed when called without arguments. {told(problem)}") from problem


def told(problem: BaseException) -> str:
    """What another's code raised, in one sentence, and the line of theirs where it happened."""
    lines = str(problem).strip().splitlines()
    text = f"{type(problem).__name__}: {lines[0]}" if lines else type(problem).__name__
    theirs = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if not (frame.filename.startswith((OURS, "<")) or "site-packages" in frame.filename)
        and not frame.filename.startswith(os.path.dirname(os.__file__))
    ]
    place = f" ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})" if theirs else ""
    return f"{text.rstrip('. ')}{place}."


@contextlib.contextmanager
def here() -> Iterator[None]:
    """With the current folder first where modules are looked for, as `python -m` has it."""
    folder = os.getcwd()
    sys.path.insert(0, folder)
    importlib.invalidate_caches()  # a file written a moment ago is to be found
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what their code prints is no answer of ours
            yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


def _not_there(module: str, problem: ModuleNotFoundError, what: str) -> str:
    missing = problem.name or module
    if module == missing or module.startswith(f"{missing}."):
        return (
            f"{what}: there is no module {missing!r}, neither in the current folder nor among the installed packages. "
            "Go to the folder that holds it, or install it."
        )
    return f"{what}: {module} imports {missing!r}, which is not installed. Install it."
