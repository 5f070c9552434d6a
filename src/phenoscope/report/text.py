"""Verdicts as text: a table for a terminal, plain lines for a pipe, Markdown for a README."""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from phenoscope.claims.numerals import settings
from phenoscope.claims.verdict import Verdict
from phenoscope.report.words import MARKS, control_estimate, control_word, estimate, place, replicates, tally
from phenoscope.store import Experiment

HEADS = ("outcome", "where", "estimate", "region", "n")


def verdict_table(verdicts: Sequence[Verdict], width: int | None = None) -> RenderableType:
    """The verdicts for a terminal: each claim on its own line, below it its verdicts in columns that fit 80.

    Args:
        verdicts: in the order to show.
        width: at most so many columns; by default the terminal's.
    """
    columns = Columns.of(verdicts, width or 80)
    parts: list[RenderableType] = [columns.row(*(Text(name, style="dim") for name in HEADS))]
    for (says, _), group in itertools.groupby(verdicts, key=lambda verdict: (verdict.claim, verdict.source)):
        parts += [Text(""), Text(says, style="bold")]
        for verdict in group:
            parts.append(columns.row(*_cells(verdict)))
            parts += [Padding(note, (0, 0, 0, columns.indent)) for note in _notes(verdict)]
    return Constrain(Group(*parts), width)


def print_verdicts(experiment: Experiment, console: Console, *, report: Path | None = None) -> None:
    """Print the verdicts and a summary: a table on a terminal, else one plain line a verdict.

    Args:
        experiment: whose verdicts.
        console: where to.
        report: the page, to be named below; by default `report/index.html` in the experiment's folder if it is there.
    """
    console.print(Text(experiment.title, style="bold"))
    if console.is_terminal:
        console.print(verdict_table(experiment.verdicts, min(console.width, 120)), Text(""))
    else:
        for verdict in experiment.verdicts:
            console.print(Text(verdict_line(verdict)), soft_wrap=True)
    console.print(Text(tally(experiment.verdicts)), soft_wrap=not console.is_terminal)
    page = report or experiment.path / "report" / "index.html"
    if report is not None or page.exists():
        console.print(Text(f"Report: {page}"), soft_wrap=True)


def markdown_table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as a Markdown table.

    Example:
        >>> print(markdown_table([]))
        | | claim | where | estimate | region | n | control |
        | --- | --- | --- | --- | --- | ---: | --- |
    """
    rows = [["", "claim", "where", "estimate", "region", "n", "control"], [*["---"] * 5, "---:", "---"]]
    for verdict in verdicts:
        outcome = f"{MARKS[verdict.outcome].sign} {verdict.outcome}"
        found = (str(estimate(verdict)), str(verdict.region), str(verdict.n))
        rows.append([escaped(cell) for cell in (outcome, verdict.claim, place(verdict), *found, _control(verdict))])
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


@dataclasses.dataclass(frozen=True)
class Columns:
    """Widths shared by all rows, so that the columns of different claims stand below each other."""

    where: int
    estimate: int
    region: int

    outcome = 15
    gap = 2

    @staticmethod
    def of(verdicts: Sequence[Verdict], width: int) -> "Columns":
        """Numbers get the room they need; the names of arms are wrapped into what is left."""
        found = max(len(HEADS[2]), *(len(str(estimate(verdict))) for verdict in verdicts), 0)
        region = max(len(HEADS[3]), *(len(str(verdict.region)) for verdict in verdicts), 0)
        longest = max(len(HEADS[1]), *(len(line) for verdict in verdicts for line in _where(verdict).split("\n")), 0)
        left = width - Columns.outcome - found - region - 3 - 4 * Columns.gap
        return Columns(min(longest, max(8, left)), found, region)

    @property
    def indent(self) -> int:
        return self.outcome + self.gap

    def row(self, *cells: Text) -> Table:
        grid = Table.grid(padding=(0, self.gap, 0, 0))
        grid.add_column(width=self.outcome)
        grid.add_column(width=self.where)
        grid.add_column(width=self.estimate)
        grid.add_column(width=self.region)
        grid.add_column(justify="right")
        grid.add_row(*cells)
        return grid


def _cells(verdict: Verdict) -> tuple[Text, ...]:
    mark, found = MARKS[verdict.outcome], estimate(verdict)
    number = Text(found.estimate, style="bold")
    number.append(str(found).removeprefix(found.estimate), style="not bold")
    outcome = Text(f"{mark.sign} {verdict.outcome}", style=mark.style)
    return outcome, Text(_where(verdict)), number, Text(str(verdict.region)), Text(replicates(verdict))


def _where(verdict: Verdict) -> str:
    return "\n".join((verdict.arm, *settings(verdict.where)))


def _notes(verdict: Verdict) -> list[Text]:
    notes = []
    if verdict.control is not None:
        notes.append(Text(f"control: {_control_with_numbers(verdict)}", style="dim"))
    if verdict.reason:
        notes.append(Text(verdict.reason, style="italic"))
    return notes


def verdict_line(verdict: Verdict) -> str:
    """A verdict on one plain line."""
    parts = [
        f"{MARKS[verdict.outcome].sign} {verdict.outcome}: {verdict.claim} ({place(verdict)})",
        f"{estimate(verdict)} against {verdict.region}, n = {replicates(verdict)}",
    ]
    if verdict.control is not None:
        parts.append(f"control {_control_with_numbers(verdict)}")
    if verdict.reason:
        parts.append(verdict.reason)
    return " | ".join(" ".join(part.split()) for part in parts)


def _control(verdict: Verdict) -> str:
    return "" if verdict.control is None else f"{verdict.control.arm} {control_word(verdict.control)}"


def _control_with_numbers(verdict: Verdict) -> str:
    control = verdict.control
    if control is None or math.isnan(control.estimate):
        return _control(verdict)
    return f"{_control(verdict)}, {control_estimate(control, verdict.region)}"


def escaped(cell: str) -> str:
    """Text that Markdown shows as it is: a bar would end the cell, a line break the table, a tag would vanish."""
    cell = cell.replace("&", "&amp;").replace("<", "&lt;")  # a backslash before it is shown by some readers
    for sign in "\\|*_`[]":
        cell = cell.replace(sign, f"\\{sign}")
    return " ".join(cell.split())
