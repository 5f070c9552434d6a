"""A watch: listens to the steps of somebody's own optimizer, and records what is measured between them."""

import datetime
import time
import warnings
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import torch
from torch.optim import Optimizer

from phenoscope.core.errors import PhenoscopeError
from phenoscope.objective import Objective
from phenoscope.probes import BatchSharpness, Probe
from phenoscope.store import WatchedFolder, rule_name
from phenoscope.training import rule_settings
from phenoscope.watching.notes import Notes
from phenoscope.watching.sitting import Sitting


class WatchStopped(UserWarning):
    """The watch could not go on; the training does."""


class Watch:
    """Measurements between the steps of a training loop; made by `watch`, used with `with`.

    A step is a call of the optimizer's `step`. Step s is measured before the update from s to s + 1, and the point
    after the last update when the block ends. Training is never stopped nor changed: where a measurement fails, the
    watch ends with a warning and keeps what it has, in all processes if several hold the data.

    Attributes:
        path: the folder of the run.
        step: updates made so far.
        problem: why the watch ended before the training did, or "".
        seconds: spent in measuring so far.
    """

    def __init__(
        self, objective: Objective, optimizer: Optimizer, probes: Sequence[Probe], folder: WatchedFolder,
        *, overwrite: bool,
    ) -> None:  # fmt: skip
        self.path, self.step, self.problem, self.seconds = folder.path, 0, "", 0.0
        self._optimizer, self._probes, self._overwrite = optimizer, probes, overwrite
        self._sitting, self._notes = Sitting(objective, optimizer, probes), Notes(folder, objective.processes)
        self._over = False  # once all processes know of a problem
        self._hook: Any = None
        self._begun = time.monotonic()

    @property
    def costs(self) -> dict[str, tuple[int, float]]:
        """How often each probe was read, and its seconds in all; what several share counts for the first."""
        named = [type(probe).__name__ for probe in self._probes]
        return dict(zip(named, self._sitting.costs, strict=True))

    def __enter__(self) -> "Watch":
        if self._hook is not None:
            raise PhenoscopeError("a watch is used once. Make another one with `ps.watch` and another `run`.")
        self._notes.begin(overwrite=self._overwrite)
        self._begun = time.monotonic()
        hook: Any = torch.compiler.disable(self._before_step)  # not to be traced where the step is compiled
        self._hook = self._optimizer.register_step_pre_hook(hook)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hook.remove()
        if kind is None and not self._over and not self._sitting.idle(self.step):
            self._look()
        self._finish("" if kind is None else kind.__name__)

    def _before_step(self, optimizer: Optimizer, arguments: Any, keywords: Any) -> None:
        """Called by PyTorch before each update; cheap unless something is to be read."""
        if not self._over:
            if self._sitting.idle(self.step):
                self._flush()
            else:
                self._look()
        self.step += 1

    def _look(self) -> None:
        """Measure now; whatever goes wrong is told and ends the watch, not the training.

        Processes that share the data measure together, so none may go on alone: they ask each other before (a disk may
        have failed since) and after.
        """
        started = time.perf_counter()
        self._agree()
        if not self.problem:
            try:
                self._notes.append(self._sitting.look(self.step))
            except Exception as problem:
                self._stop(problem)
            self._flush()
            self._agree()
        self._over = bool(self.problem)
        self.seconds += time.perf_counter() - started

    def _flush(self) -> None:
        try:
            if not self.problem:
                self._notes.breathe()
        except PhenoscopeError as problem:
            self._stop(problem)

    def _agree(self) -> None:
        told = self._notes.agreed(self.problem)
        if told and not self.problem:
            self._end(told)

    def _stop(self, problem: Exception) -> None:
        why = str(problem) if isinstance(problem, PhenoscopeError) else f"{type(problem).__name__}: {problem}"
        self._end(f"step {self.step}: {why}")

    def _end(self, problem: str) -> None:
        self.problem = problem
        warnings.warn(f"the watch of {self.path} has ended at {problem} (training goes on)", WatchStopped, stacklevel=5)

    def _finish(self, ended_by: str) -> None:
        diverged = self._sitting.diverged_at
        outcome = "finished" if diverged is None else "diverged"
        try:
            self._notes.finish(outcome, diverged, self._settings(), self._ended(ended_by))
        except PhenoscopeError as problem:
            self._stop(problem)

    def _settings(self) -> dict[str, float]:
        """The numbers that claims may use: those of the rule, if the same throughout, and the batch if said."""
        rule = self._sitting.rule
        said = {float(p.batch) for p in self._probes if isinstance(p, BatchSharpness) and p.batch is not None}
        batch = {"batch": said.pop()} if said else {}
        return ({} if rule is None else rule_settings(rule)) | batch | {"steps": float(self.step)}

    def _ended(self, ended_by: str) -> Mapping[str, Any]:
        seen = self._sitting.optimizer
        rule = None if seen is None or seen.rule is None else rule_name(seen.rule)
        return {
            "rule": rule,
            "rule_why": "" if seen is None else seen.why,
            "ended_by": ended_by,
            "problem": self.problem,
            "seconds": self.seconds,
            "seconds_in_all": time.monotonic() - self._begun,
            "costs": {name: {"readings": count, "seconds": spent} for name, (count, spent) in self.costs.items()},
        }


def now() -> str:
    """The time, ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
