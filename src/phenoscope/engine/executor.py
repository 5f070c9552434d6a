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

import torch
from threadpoolctl import threadpool_limits

from phenoscope.core.errors import PhenoscopeError
from phenoscope.engine.work import Cohort, Progress, work


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

        workers = [_Worker() for _ in range(min(self._jobs, len(cohorts)))]
        threads = [threading.Thread(target=w.serve, args=(todo, counted, errors), daemon=True) for w in workers]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for worker in workers:
                worker.stop()
        if errors:
            raise errors[0]


class _Worker:
    """One worker process and the conversation with it: cohorts go in, lines of progress come out."""

    def __init__(self) -> None:
        single = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self._process = subprocess.Popen(
            (sys.executable, "-m", "phenoscope.engine.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **single},
        )

    def serve(self, todo: "queue.SimpleQueue[Cohort]", progress: Progress, errors: list[BaseException]) -> None:
        while not errors:
            try:
                cohort = todo.get_nowait()
            except queue.Empty:
                return
            try:
                self._do(cohort, progress)
            except (PhenoscopeError, OSError) as problem:
                errors.append(problem)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _do(self, cohort: Cohort, progress: Progress) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        message = pickle.dumps(cohort)
        self._process.stdin.write(struct.pack("<Q", len(message)) + message)
        self._process.stdin.flush()
        for line in self._process.stdout:
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


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch and for the BLAS behind NumPy; afterwards as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(before)


def executor_for(jobs: int) -> Executor:
    """This process for one job, local workers for more."""
    return Serial() if jobs == 1 else Local(jobs)
