"""Errors as one line each, what nobody foresaw too: the prompt is no place for a traceback."""

import os
import traceback
from pathlib import Path

OURS = str(Path(__file__).parents[1])
VARIABLE = "PHENOSCOPE_TRACEBACK"
"""Set, it lets the traceback through, for whoever looks for the cause."""


def one_line(problem: BaseException) -> str:
    """Its sentence, in one line, and with nothing in it that would steer a terminal."""
    words = " ".join(str(problem).split())
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in words)


def unforeseen(problem: Exception) -> str:
    """The sentence, and whose fault it is where that is plain."""
    if VARIABLE in os.environ:
        raise problem
    words = one_line(problem)
    if isinstance(problem, MemoryError):
        return f"the memory ran out ({words or 'no more was given'}). Ask for less at once, for example fewer jobs."
    if isinstance(problem, OSError):
        where = "standard output" if problem.filename is None else str(problem.filename)
        return f"{where} cannot be used: {problem.strerror or words}. Free space, or choose another place."
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename.startswith(OURS)]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return (
        f"this is a defect of Phenoscope{place}: {type(problem).__name__}: {words}. Nothing that was recorded is lost; "
        f"{VARIABLE}=1 shows the traceback, which a report of the defect should have."
    )
