"""The results as tables: `python -m benchmarks.tables` puts them into the README, and nobody copies numbers by hand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS

README = Path(__file__).parent / "README.md"
BEGINS, ENDS = "<!-- tables: begin -->", "<!-- tables: end -->"

TOLD = ("products", "products a step", "all steps together", "residual", "true error", "band")
"""What is told beside a time of the evidence for it."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Products against one gradient": ("products-on-the-workloads-against-one-gradient",),
    "Largest eigenvalues, cold, to a residual of 1e-3": tuple(
        f"cold-eigenvalues-of-the-{name}-{threads}"
        for name in ("mlp", "cnn", "transformer")
        for threads in ("1-thread", "2-threads")
    ),
    "The same through a loader of 20 batches": (
        "eigenvalues-through-a-loader-of-20-batches-1-thread",
        "eigenvalues-through-a-loader-of-20-batches-2-threads",
    ),
    "Training with eigenvalues at every step, residual 1e-2": (
        "training-with-tracked-eigenvalues-against-training-alone-1-thread",
        "training-with-tracked-eigenvalues-against-training-alone-2-threads",
    ),
    "Spectral density": (
        "spectral-density-against-its-products-and-peers-1-thread",
        "spectral-density-against-its-products-and-peers-2-threads",
        "spectral-density-of-a-transformer-2-threads",
        "spectral-density-to-an-error-band",
    ),
    "Trace to a true 1 %": ("the-trace-to-one-percent-against-peers",),
    "A plane of 51 x 51 losses": (
        "a-plane-of-51-x-51-losses-1-thread",
        "a-plane-of-51-x-51-losses-2-threads",
    ),
}
"""The curvature tables, by heading, and the results that each is made of; what was not measured is left out."""


def tables(results: Path = RESULTS) -> str:
    """All tables, in Markdown."""
    parts = []
    for heading, slugs in GROUPS.items():
        there = [json.loads(path.read_text(encoding="utf-8")) for path in _files(results, slugs)]
        if there:
            parts += [f"### {heading}", table(case for found in there for case in found["cases"].items())]
    return "\n\n".join(parts)


def table(cases: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]) -> str:
    """A row a case, a column a contender: the baseline's time, and times as slow as it, with the quartiles."""
    rows = {case: {each["name"]: each for each in timings} for case, timings in cases}
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for case, row in rows.items():
        cells = [_cell(row[name]) if name in row else "" for name in names]
        lines.append(f"| {case} | {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |"))
    return "\n".join(lines)


def _cell(timing: Mapping[str, Any]) -> str:
    low, middle, high = timing["ratio"]
    if low == middle == high == 1:
        time = _seconds(timing["seconds"])
    elif low == high:
        time = f"**{middle:.3g}**"
    else:
        time = f"**{middle:.3g}** ({low:.3g} to {high:.3g})"
    evidence = timing.get("evidence", {})
    told = [f"{evidence[name]} {name}" if "products" in name else f"{name} {evidence[name]}"
            for name in TOLD if name in evidence]  # fmt: skip
    return "; ".join([time, *told])


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _files(results: Path, slugs: Iterable[str]) -> list[Path]:
    return [path for path in (results / f"{slug}.json" for slug in slugs) if path.is_file()]


def filled(text: str, made: str) -> str:
    """The README with these tables between its marks."""
    head, _, rest = text.partition(BEGINS)
    return f"{head}{BEGINS}\n\n{made}\n\n{ENDS}{rest.partition(ENDS)[2]}"


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8"), tables()), encoding="utf-8")
