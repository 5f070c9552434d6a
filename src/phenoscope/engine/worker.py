"""A worker process: reads cohorts from standard input, writes progress as JSON lines to standard output."""

import json
import os
import pickle
import signal
import struct
import sys
import traceback
from typing import IO, Any, NoReturn

from phenoscope.core.errors import PhenoscopeError
from phenoscope.engine.executor import one_thread
from phenoscope.engine.work import work


def main() -> None:
    """Serve until standard input ends. What cohorts print goes to standard error."""
    signal.signal(signal.SIGTERM, _ended)
    source = sys.stdin.buffer
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1) as answers, one_thread():
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        while (message := _message(source)) is not None:
            _serve(message, answers)


def _ended(*_: object) -> NoReturn:
    """End as an exception does, on the caller's word: journals are flushed and closed on the way, locks given back."""
    sys.exit(128 + signal.SIGTERM)


def _serve(message: bytes, answers: IO[str]) -> None:
    def say(**event: Any) -> None:
        answers.write(json.dumps(event) + "\n")

    try:
        work(pickle.loads(message), lambda steps: say(steps=steps))  # our own parent's words
    except BrokenPipeError:
        os._exit(1)  # nobody listens any more, who started us is gone: closing the pipe would only fail again
    except PhenoscopeError as problem:
        say(error=str(problem))
    except Exception as problem:
        traceback.print_exc(file=sys.stderr)
        say(error=f"a worker failed with {type(problem).__name__}: {problem}. The traceback stands above.")
    else:
        say(done=True)


def _message(source: IO[bytes]) -> bytes | None:
    head = source.read(8)
    if len(head) < 8:
        return None
    (size,) = struct.unpack("<Q", head)
    return source.read(size)


if __name__ == "__main__":
    main()
