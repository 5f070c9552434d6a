"""Interleaved timing: the contenders take turns, so a machine that slows down slows all of them.

Each result carries the median time, and the median and quartiles of its ratio to the baseline of the same round:
the quartiles are the machine's noise.
"""

import dataclasses
import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from phenoscope.engine.environment import environment

RESULTS = Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Timing:
    """One contender: seconds a call (median), and its ratio to the baseline (quartile, median, quartile)."""

    name: str
    seconds: float
    ratio: tuple[float, float, float]


def interleaved(
    contenders: Mapping[str, Callable[[], object]], *, baseline: str, rounds: int = 15, warmup: int = 2
) -> list[Timing]:
    """Time the contenders in turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(warmup + rounds):
        for name, call in contenders.items():
            started = time.perf_counter()
            call()
            if number >= warmup:
                times[name].append(time.perf_counter() - started)
    found = []
    for name, seconds in times.items():
        ratios = sorted(mine / base for mine, base in zip(seconds, times[baseline], strict=True))
        low, middle, high = (ratios[round(q * (rounds - 1))] for q in (0.25, 0.5, 0.75))
        found.append(Timing(name, statistics.median(seconds), (low, middle, high)))
    return found


def report(title: str, cases: Mapping[str, list[Timing]], notes: Mapping[str, Any] | None = None) -> None:
    """Print the ratios and write them, with the environment beside them."""
    print(f"\n{title}")
    for case, timings in cases.items():
        print(f"  {case}")
        for timing in timings:
            low, middle, high = timing.ratio
            milliseconds = f"{timing.seconds * 1e3:9.3f} ms"
            print(f"    {timing.name:<48} {milliseconds}   ratio {middle:6.2f}  (quartiles {low:.2f} to {high:.2f})")
    RESULTS.mkdir(exist_ok=True)
    slug = "-".join(title.lower().replace(",", "").split())
    written = {case: [dataclasses.asdict(timing) for timing in timings] for case, timings in cases.items()}
    _write(RESULTS / f"{slug}.json", {"title": title, "cases": written, "notes": dict(notes or {})})
    _write(RESULTS / "environment.json", environment())


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
