"""Interleaved timing: the contenders take turns, so a machine that slows down slows all of them.

Each result carries the median time, and the median and quartiles of its ratio to the baseline of the same round:
the quartiles are the machine's noise.
"""

import contextlib
import dataclasses
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from phenoscope.engine.environment import environment

RESULTS = Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Timing:
    """One contender: seconds a call (median), its ratio to the baseline (quartile, median, quartile), and evidence.

    The evidence is what makes its time worth comparing: the products it took, the residual it reached.
    """

    name: str
    seconds: float
    ratio: tuple[float, float, float]
    evidence: dict[str, Any] = dataclasses.field(default_factory=dict)


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch and for the BLAS behind NumPy; afterwards as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(limits=count):
            yield
    finally:
        torch.set_num_threads(before)


def interleaved(
    contenders: Mapping[str, Callable[[], object]], *, baseline: str, rounds: int = 15, warmup: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Timing]:  # fmt: skip
    """Time the contenders in turns; with `time.process_time` waiting for a busy machine does not count."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(warmup + rounds):
        for name, call in contenders.items():
            seconds, _ = timed(call, clock)
            if number >= warmup:
                times[name].append(seconds)
    return [timing(name, seconds, times[baseline]) for name, seconds in times.items()]


def timed(call: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> tuple[float, Any]:
    """Seconds, and what came back; rubbish is collected before, so that nobody pays for another's."""
    gc.collect()
    started = clock()
    found = call()
    return clock() - started, found


def plural(threads: int) -> str:
    """So many threads, in words."""
    return "1 thread" if threads == 1 else f"{threads} threads"


def clock(threads: int) -> Callable[[], float]:
    """For calls that only compute: with one thread the processor's time, which other users of a machine leave alone."""
    return time.process_time if threads == 1 else time.perf_counter


def timing(name: str, seconds: list[float], baseline: list[float], evidence: dict[str, Any] | None = None) -> Timing:
    """The median of some rounds, against the baseline's times in the same rounds."""
    ratios = [mine / base for mine, base in zip(seconds, baseline, strict=True)]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75)).tolist()
    return Timing(name, statistics.median(seconds), (low, middle, high), evidence or {})


def report(title: str, cases: Mapping[str, list[Timing]], notes: Mapping[str, Any] | None = None) -> None:
    """Print the ratios and write them, with the environment beside them."""
    print(f"\n{title}")
    for case, timings in cases.items():
        print(f"  {case}")
        for timing in timings:
            low, middle, high = timing.ratio
            milliseconds = f"{timing.seconds * 1e3:9.3f} ms"
            print(
                f"    {timing.name:<48} {milliseconds}   ratio {middle:6.2f}  (quartiles {low:.2f} to {high:.2f})"
                f"{''.join(f'  {key} {value}' for key, value in timing.evidence.items())}",
                flush=True,
            )
    RESULTS.mkdir(exist_ok=True)
    slug = "-".join(title.lower().replace(",", "").split())
    written = {case: [dataclasses.asdict(timing) for timing in timings] for case, timings in cases.items()}
    _write(RESULTS / f"{slug}.json", {"title": title, "cases": written, "notes": dict(notes or {})})
    _write(RESULTS / "environment.json", environment())


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
