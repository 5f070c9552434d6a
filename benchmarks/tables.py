"""The results as tables, which every run of benchmarks puts into the README: nobody copies numbers by hand."""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS

README = Path(__file__).parent / "README.md"
BEGINS, ENDS = "<!-- tables: begin -->", "<!-- tables: end -->"

RESIDUAL = 1e-3
"""Asked of eigenvalues; a contender that misses it is told."""
TOLD = ("all steps together", "true error")
"""What else is told beside a time."""
THREADS = ("1-thread", "2-threads")


@dataclasses.dataclass(frozen=True)
class Group:
    """A table.

    Attributes:
        heading: above it.
        says: what its numbers are, and what they should be.
        slugs: the results that it is made of; what was not measured is left out.
    """

    heading: str
    says: str
    slugs: tuple[str, ...]


def _by_threads(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}-{threads}" for name in names for threads in THREADS)


GROUPS = (
    Group(
        "Products",
        "Times as long as one gradient. Target: at most 1.6 (MLP), 1.7 (CNN) and 2.7 (GPT).",
        ("products-on-the-workloads-against-one-gradient",),
    ),
    Group(
        "Largest eigenvalues, cold",
        "To a residual of 1e-3; times as slow as this library, with the products. Targets: nobody below 1; top 1 "
        "PyHessian 1.5 and curvlinops 3; top 10 PyHessian 5, curvlinops and hessian-eigenthings 2.",
        _by_threads(*(f"cold-eigenvalues-of-the-{name}" for name in ("mlp", "cnn", "transformer"))),
    ),
    Group(
        "Eigenvalues through a loader",
        "The same, the data in 20 batches. Targets: 1.5 (top 1) and 4 (top 5).",
        _by_threads("eigenvalues-through-a-loader-of-20-batches"),
    ),
    Group(
        "Eigenvalues at every step of a training",
        "Steps 100 to 500 of full-batch descent on the MLP, residual 1e-2; a step's median, times as long as the step "
        "alone. Targets: 3 products a step and 4 times as long (the largest), 15 products (five).",
        _by_threads("training-with-tracked-eigenvalues-against-training-alone"),
    ),
    Group(
        "Spectral density",
        "Times as long as the products alone; target at most 1.15, and less than every peer. Last row: ending on the "
        "error band, times as slow as this library; target 2.",
        (
            *_by_threads("spectral-density-against-its-products-and-peers", "spectral-density-of-a-transformer"),
            "spectral-density-to-an-error-band",
        ),
    ),
    Group(
        "Trace",
        "To a true 1 % (two standard errors) through a loader; times as slow as this library, from the time of one "
        "product and as many of them as a peer needs. Target: 2.",
        ("the-trace-to-one-percent-against-peers",),
    ),
    Group(
        "Loss planes",
        "51 x 51 points; in parts of a loop's time. Target: at most 0.2 up to 5,000 parameters, never above 1.",
        _by_threads("a-plane-of-51-x-51-losses"),
    ),
)

Cases = Iterable[tuple[str, Sequence[Mapping[str, Any]]]]


def tables(results: Path = RESULTS) -> str:
    """All tables, in Markdown."""
    parts = []
    for group in GROUPS:
        there = [results / f"{slug}.json" for slug in group.slugs if (results / f"{slug}.json").is_file()]
        cases = [case for path in there for case in _cases(path)]
        parts += [f"### {group.heading}", group.says, table(cases)] if cases else []
    return "\n\n".join(parts)


def table(cases: Cases) -> str:
    """A row a case, a column a contender: the baseline's time, and how many times as long the others took."""
    rows = {case: {each["name"]: each for each in map(_named, timings)} for case, timings in cases}
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for case, row in rows.items():
        cells = [_cell(row[name]) if name in row else "" for name in names]
        lines.append("".join(f"| {cell} " if cell else "| " for cell in (case, *cells)) + "|")
    return "\n".join(lines)


def filled(text: str, made: str) -> str:
    """The README with these tables between its marks."""
    head, _, rest = text.partition(BEGINS)
    return f"{head}{BEGINS}\n\n{made}\n\n{ENDS}{rest.partition(ENDS)[2]}"


def _cases(path: Path) -> Cases:
    """The cases of a file, each saying on how many threads."""
    found = json.loads(path.read_text(encoding="utf-8"))
    threads = found["title"].rpartition(", ")[2]
    for case, timings in found["cases"].items():
        yield case if "thread" in case or "thread" not in threads else f"{case}, {threads}", timings


def _named(timing: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the products that a name may have told among the evidence."""
    found = re.fullmatch(r"(.*), (\d+) products", timing["name"])
    if found is None:
        return timing
    return {**timing, "name": found[1], "evidence": {**timing.get("evidence", {}), "products": int(found[2])}}


def _cell(timing: Mapping[str, Any]) -> str:
    low, middle, high = timing["ratio"]
    evidence = timing.get("evidence", {})
    time = _seconds(timing["seconds"]) if low == middle == high == 1 else f"{middle:.3g}"
    told = [time if low == high else f"{time} ({low:.3g} to {high:.3g})"]
    told += [f"{evidence[name]} {name}" for name in evidence if name in ("products", "products a step")]
    told += [f"{name} {evidence[name]}" for name in TOLD if name in evidence]
    if float(evidence.get("residual", 0)) > RESIDUAL:
        told.append(f"residual {evidence['residual']}")
    return "; ".join(told)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def fill() -> None:
    """Put the tables into the README."""
    README.write_text(filled(README.read_text(encoding="utf-8"), tables()), encoding="utf-8")
