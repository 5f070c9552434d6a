"""Runs that are killed: a process that has everything loaded forks off each run, so that hundreds take seconds.

As a script it is that process: it reads one JSON object a line, runs what it says in a fork, and answers with one. It
never works itself, so that its forks start with no threads.
"""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CALLS = ("replace", "unlink", "fsync", "rmdir")
"""What changes folders; a run can be killed just before any of them."""


class Killer:
    """The other side of the script: runs in a process that can be killed at any moment."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(HERE), *sys.path])
        self._process = subprocess.Popen(
            (sys.executable, str(HERE / "killing.py")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )

    def run(self, what: str, out: Path, **how: Any) -> dict[str, Any]:
        """Run one of `WHAT` to its end, or until it is killed.

        Args:
            what: its name.
            out: the folder of runs.
            how: `seconds` after which, or `call` before which it is killed; `every`, between two checkpoints.

        Returns:
            `killed`, `calls` made (of a run that ended), `seconds` it took.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"what": what, "out": str(out), **how}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    begun = time.perf_counter()
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        _child(asked, write)
    os.close(write)
    if "seconds" in asked:
        time.sleep(asked["seconds"])
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    if not killed and not said:
        raise SystemExit("a run failed; its traceback stands above")
    return {"killed": killed, "seconds": time.perf_counter() - begun, "calls": int(said or 0)}


def _child(asked: dict[str, Any], write: int) -> None:
    code = 1
    try:
        calls = _counted(asked.get("call"))
        WHAT[asked["what"]](Path(asked["out"]), asked.get("every", 10.0))
        os.write(write, str(calls[0]).encode())
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _counted(last: int | None) -> list[int]:
    """Count the calls that change folders, and be killed before the given one."""
    count = [0]
    os.fsync = lambda file: None  # slow, and of no use against a kill: what was written is the system's by then

    def counting(call: Any) -> Any:
        def counted(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            if count[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return counted

    for name in CALLS:
        setattr(os, name, counting(getattr(os, name)))
    return count


class Often:
    """Serial work with checkpoints so many seconds apart."""

    def __init__(self, every: float) -> None:
        self._every = every

    def run(self, cohorts: Any, progress: Any) -> None:
        from phenoscope.engine import Serial

        Serial().run([dataclasses.replace(one, checkpoint_seconds=self._every) for one in cohorts], progress)


def everything() -> Any:
    """Batches, memories of rules and probes, marks, forks, frozen features, a row that diverges."""
    from phenoscope.probes import Accuracy, AlongFirst, GradientNorm, Loss, Mark, RelativeProgress, Sharpness
    from phenoscope.training import Adam, HeavyBall, Point
    from small import arm, phenomenon, recipe

    probes = (Loss(), GradientNorm(), RelativeProgress(), Sharpness(5, along=True), AlongFirst(), Accuracy(7))
    parent = recipe(steps=30, batch=5, rule=HeavyBall(0.1, 0.9))
    fork = dataclasses.replace(parent, steps=12, start=Point(parent, "m"))
    quadratic = dataclasses.replace(fork, batch=None, dynamics="quadratic")
    return phenomenon(
        arm("ball", parent, probes, marks=(Mark("m", "loss", 0.0, after=17),)),
        arm("fork", fork, (Loss(), Sharpness(3))),
        arm("quadratic", quadratic, (Loss(),)),
        arm("frozen", recipe(steps=8, dynamics="linearised"), (Loss(), RelativeProgress())),
        arm("adam", recipe(rule=Adam(0.01), steps=30, batch=7, dtype="float32"), (Loss(), Sharpness(10, along=True))),
        arm("descent", recipe(steps=20), (Loss(), RelativeProgress()), sweep={"lr": (0.1, 1000.0)}),
        claims=(),
    )


def little() -> Any:
    """One cohort of two members with a mark, few steps."""
    from phenoscope.probes import Loss, Mark, RelativeProgress
    from small import arm, phenomenon, recipe

    main = arm("main", recipe(steps=2), (Loss(), RelativeProgress()), marks=(Mark("m", "loss", 0.0, after=1),))
    return phenomenon(main, claims=())


def growth() -> Any:
    """Members that are computed."""
    from small import Growth, arm, phenomenon

    return phenomenon(arm("growth", Growth(0.999, steps=2000), sweep={"factor": (0.999, 1.0)}), claims=())


def _run(made: Any, out: Path, every: float) -> None:
    import phenoscope as ps
    from phenoscope.store import journal

    journal.FLUSH_SECONDS = 0.0
    ps.run(made, seeds=2, out=out, executor=Often(every))


WHAT = {
    "everything": lambda out, every: _run(everything(), out, every),
    "little": lambda out, every: _run(little(), out, every),
    "growth": lambda out, every: _run(growth(), out, every),
}


def main() -> None:
    import torch

    import phenoscope.engine.environment
    import phenoscope.store

    torch.set_num_threads(1)
    one = torch.ones(1)
    torch.func.jvp(torch.sin, (one,), (one,))  # what torch imports when forward products are first used
    everything(), little(), growth()
    phenoscope.engine.environment.environment()  # asks git once, for all
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
