"""Who does the work: an interface, with this process and local processes behind it.

A cluster engine is one more class with `run`; callers only hand over cohorts and count member-steps.
"""

import contextlib
import json
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

from threadpoolctl import threadpool_limits

from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.core.threads import threads
from phenoscope.engine.cohort import Cohort, Progress
from phenoscope.engine.work import work
from phenoscope.phenomenon import Scale

LISTEN_SECONDS = 0.1
"""Between two moments at which the waiting thread can hear Ctrl-C: the signal may wake another thread."""


class Executor(Protocol):
    """Runs cohorts to their end; a cohort that fails raises, what the others wrote stays."""

    def run(self, cohorts: Sequence[Cohort], progress: Progress) -> None: ...


class Serial:
    """One cohort after the other in this process, on one thread."""

    def run(self, cohorts: Sequence[Cohort], progress: Progress) -> None:
        with one_thread():
            for cohort in cohorts:
                work(cohort, progress)


class Local:
    """Cohorts shared out to worker processes of this machine, one thread each: small networks run fastest so.

    Workers are fresh interpreters (`python -m phenoscope.engine.worker`), so a caller's script needs no guard.

    Args:
        jobs: the number of workers.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def run(self, cohorts: Sequence[Cohort], progress: Progress) -> None:
        todo: queue.SimpleQueue[Cohort] = queue.SimpleQueue()
        for cohort in cohorts:
            todo.put(cohort)
        errors: list[BaseException] = []
        lock = threading.Lock()

        def counted(steps: int) -> None:
            with lock:
                progress(steps)

        with contextlib.ExitStack() as stack:
            workers = [stack.enter_context(_Worker()) for _ in range(min(self._jobs, len(cohorts)))]
            threads = [threading.Thread(target=w.serve, args=(todo, counted, errors), daemon=True) for w in workers]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(LISTEN_SECONDS)
        if errors:
            raise errors[0]


class _Worker:
    """One worker process and the conversation with it: cohorts go in, lines of progress come out."""

    def __init__(self) -> None:
        single = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        # What the caller can import, its worker can: the folder of its script, but not one that it happens to be in.
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-m", "phenoscope.engine.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **single, "PYTHONPATH": path},
            process_group=0,  # Ctrl-C in a terminal is for the caller, who ends the workers
        )

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def serve(self, todo: "queue.SimpleQueue[Cohort]", progress: Progress, errors: list[BaseException]) -> None:
        """Hand over cohorts until there are no more, or one has failed anywhere."""
        while not errors:
            try:
                cohort = todo.get_nowait()
            except queue.Empty:
                return
            try:
                self._do(cohort, progress)
            except BaseException as problem:  # also of the caller's progress: a thread that dies must not pass for done
                errors.append(problem)

    def _do(self, cohort: Cohort, progress: Progress) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        message = _pickled(cohort)
        with contextlib.suppress(OSError):  # a worker that is gone closes its pipe; its end is told below
            self._process.stdin.write(struct.pack("<Q", len(message)) + message)
            self._process.stdin.flush()
        for line in self._process.stdout:
            if not line.endswith(b"\n"):
                break  # cut short when the worker ended
            event = json.loads(line)
            if "error" in event:
                raise PhenoscopeError(event["error"])
            if "done" in event:
                return
            progress(event["steps"])
        code = self._process.wait()
        raise PhenoscopeError(
            f"a worker process ended with code {code} before its members were finished. "
            "Finished members are kept: run the same command again to go on."
        )


def _pickled(cohort: Cohort) -> bytes:
    """The cohort as a worker reads it; what is defined in the caller's own script cannot be found there."""
    try:
        message = pickle.dumps(cohort)
    except (pickle.PicklingError, AttributeError, TypeError) as problem:
        raise BadInput(
            f"a plan cannot be handed to a worker: {problem}. Pass jobs=1 to run it in this process."
        ) from None
    if b"__main__" in message:
        raise BadInput(
            "a worker cannot import what is defined in the running script itself. "
            "Move your probes and specs to a module, or pass jobs=1 to run them in this process."
        )
    return message


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch and for the BLAS behind NumPy; afterwards as before."""
    with threads(1), threadpool_limits(limits=1):
        yield


def executor_for(jobs: int) -> Executor:
    """Serial for one job, local workers for more."""
    return Serial() if jobs == 1 else Local(jobs)


def workers(jobs: int | None, scale: Scale) -> int:
    """The jobs asked for, else one at the smoke scale (workers take longer to start), else as many as cores."""
    if jobs is None:
        return 1 if scale == "smoke" else os.cpu_count() or 1
    if jobs < 1:
        raise BadInput(f"`jobs` must be at least 1, got {jobs}.")
    return jobs
