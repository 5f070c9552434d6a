"""A diagnosis as text: what was watched, what the claims say of it, and what the others would need."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from phenoscope.claims.verdict import Verdict
from phenoscope.record import Record
from phenoscope.report.numbers import counted
from phenoscope.report.text import verdict_line, verdict_table
from phenoscope.report.words import tally


@runtime_checkable
class Diagnosed(Protocol):
    """What is printed of a diagnosis."""

    @property
    def path(self) -> Path: ...
    @property
    def record(self) -> Record: ...
    @property
    def watched(self) -> Mapping[str, Any]: ...
    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...
    @property
    def departure(self) -> float | None: ...
    @property
    def full_batch(self) -> bool: ...
    @property
    def rest(self) -> Sequence[Any]: ...


def print_diagnosis(diagnosis: Diagnosed, console: Console) -> None:
    """Print what was watched, the verdicts, and the claims that were not judged, each with the reason."""
    wrap = not console.is_terminal
    console.print(Text(f"Watched run {diagnosis.path}", style="bold"), soft_wrap=wrap)
    for line in about(diagnosis):
        console.print(Text(line), soft_wrap=wrap)
    console.print()
    if console.is_terminal and diagnosis.verdicts:
        console.print(verdict_table(diagnosis.verdicts, min(console.width, 120)), Text(""))
    else:
        for verdict in diagnosis.verdicts:
            console.print(Text(verdict_line(verdict)), soft_wrap=True)
    console.print(Text(f"{tally(diagnosis.verdicts)} The verdicts are about this run only."), soft_wrap=wrap)
    _print_rest(diagnosis.rest, console)


def about(diagnosis: Diagnosed) -> list[str]:
    """What was watched, in a few sentences."""
    watched, record = diagnosis.watched, diagnosis.record
    rule = watched.get("rule") or "no rule known here"
    rate = f" at rate {record.settings['lr']:g}" if "lr" in record.settings else ""
    lines = [
        f"{watched['model']}, {watched['parameters']:,} parameters, {watched['loss']} ({watched['loss_kind']}) on "
        f"{counted(watched['examples'], 'example')}.",
        f"{watched['optimizer']}, recognised as {rule}{rate}; {counted(record.steps, 'update')}, {_ended(record)}.",
    ]
    if watched.get("problem"):
        lines.append(f"The watch ended before the training, at {watched['problem']}")
    if diagnosis.departure is not None:
        kind = (
            "its steps are the rule's on all these data"
            if diagnosis.full_batch
            else "mini-batches, clipping, other data or loss"
        )
        lines.append(f"Median departure from the full-batch step: {diagnosis.departure:.2g} of its length ({kind}).")
    spent, whole = watched.get("seconds", 0.0), watched.get("seconds_in_all", 0.0)
    if whole:
        lines.append(f"Measuring took {spent:.3g} s of {whole:.3g} s.")
    return lines


def _ended(record: Record) -> str:
    if record.outcome == "diverged":
        return f"diverged at step {record.stopped_at}"
    return "still running or cut short" if record.outcome == "running" else "finished"


def _print_rest(rest: Sequence[Any], console: Console) -> None:
    """Those that a probe would make possible first, then those that no run like this one can have."""
    wrap = not console.is_terminal
    for title, chosen in (
        ("Would be judged with another probe:", [unjudged for unjudged in rest if unjudged.needs]),
        ("Not about a run like this one:", [unjudged for unjudged in rest if not unjudged.needs]),
    ):
        if chosen:
            console.print(Text(f"\n{title}", style="bold"))
        for (why, needs), group in _grouped(chosen).items():
            for unjudged in group:
                console.print(Text(f"- {unjudged.claim}"), soft_wrap=wrap)
            told = Text(f"{why}.{needs}", style="dim")
            console.print(Text("  ").append(told) if wrap else Padding(told, (0, 0, 0, 2)), soft_wrap=wrap)


def _grouped(unjudged: Sequence[Any]) -> dict[tuple[str, str], list[Any]]:
    """Claims by what keeps them from being judged, in order of first appearance."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for one in unjudged:
        needs = f" Add {', '.join(one.needs)}." if one.needs else ""
        groups.setdefault((one.why, needs), []).append(one)
    return groups
