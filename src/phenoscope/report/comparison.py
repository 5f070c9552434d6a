"""Two runs side by side, as text and as a page."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from phenoscope.claims.verdict import Verdict
from phenoscope.comparing import Differing, Match, PairedDifference, SideBySide
from phenoscope.report.figures import data_csv
from phenoscope.report.numbers import counted, interval
from phenoscope.report.parts import figure, unique_slugs
from phenoscope.report.recipes import phrase
from phenoscope.report.templating import rendered, write_text
from phenoscope.report.words import MARKS, estimate, place

UNTESTED = (
    "No test was made: each verdict is its own run's. Differences are over common seeds, each with an interval of its "
    "own at 95 %, which rests on the spread over seeds and is not corrected for how many are looked at."
)

UNTESTED_RUNS = "No test was made: each verdict is its own run's, about that run only."


def print_comparison(found: SideBySide, console: Console) -> None:
    """Print two runs side by side: a table on a terminal, else a plain line for each claim and difference."""
    for letter, side in (("A", found.a), ("B", found.b)):
        head = Text.assemble((f"{letter}  {side.title}", "bold"), f"  {side.what}  ({side.path})")
        console.print(head, soft_wrap=True)
    console.print()
    if console.is_terminal:
        _print_tables(found, console)
    else:
        for match in found.matches:
            console.print(Text(_line(match)), soft_wrap=True)
        for each in found.differing:
            console.print(Text(f"differs: {_named(each)}: {_shown(each.a)} | {_shown(each.b)}"), soft_wrap=True)
    for line in notes(found):
        console.print(Text(line), soft_wrap=not console.is_terminal)


def write_comparison(found: SideBySide, folder: Path) -> Path:
    """Write the page, `folder/compare.html`, and the numbers of its figures, `folder/data/*.csv`.

    Returns:
        The path of the page.
    """
    slugs = unique_slugs(found.panels)
    for slug, panel in zip(slugs, found.panels, strict=True):
        write_text(folder / "data" / f"{slug}.csv", data_csv(panel))
    text = rendered(
        "compare.html",
        None,
        found=found,
        rows=[match_parts(match) for match in found.matches],
        differing=[(each.part, each.name, _shown(each.a), _shown(each.b)) for each in found.differing],
        figures=[figure(panel, slug) for panel, slug in zip(found.panels, slugs, strict=True)],
        summary=summary(found),
        notes=notes(found),
    )
    write_text(folder / "compare.html", text)
    return folder / "compare.html"


def summary(found: SideBySide) -> str:
    """How many outcomes agree, in a sentence."""
    if not found.matches:
        return "No claim was judged in both."
    count, agree = len(found.matches), sum(match.agree for match in found.matches)
    what = counted(count, "verdict on the same claim and place", "verdicts on the same claims and places")
    if agree == count:
        return f"Of {what}, {'it' if count == 1 else 'all'} came out alike."
    return f"Of {what}, {agree} came out alike and {count - agree} did not."


def notes(found: SideBySide) -> list[str]:
    """The sentences that a reader of the table must know."""
    lines = [summary(found)]
    if found.matches:
        tested = any(match.difference is not None for match in found.matches)
        lines.append(UNTESTED if tested else UNTESTED_RUNS)
    if found.shared_members:
        lines.append(f"They share {counted(found.shared_members, 'member')}: there the numbers are the same ones.")
    for letter, verdicts in (("A", found.only_a), ("B", found.only_b)):
        if verdicts:
            lines.append(f"Only {letter} has {counted(len(verdicts), 'more verdict')}.")
    return lines


def match_parts(match: Match) -> dict[str, Any]:
    """A pair of verdicts as tables show it."""
    overlap = {True: "intervals overlap", False: "intervals do not overlap", None: "no two intervals"}[match.overlap]
    return {
        "says": match.a.claim,
        "place": place(match.a),
        "a": _side(match.a),
        "b": _side(match.b),
        "agree": "alike" if match.agree else "not alike",
        "differ": not match.agree,
        "overlap": overlap,
        "difference": "" if match.difference is None else difference(match.difference),
        "note": match.note,
    }


def difference(found: PairedDifference) -> str:
    """A paired difference in words.

    Example:
        >>> difference(PairedDifference("B - A", 0.5, 0.25, 0.75, 5))
        'B − A: 0.50 [0.25, 0.75] over 5 seeds'
    """
    numbers = interval(found.estimate, found.low, found.high)
    what = found.what.replace("-", "\N{MINUS SIGN}")
    return f"{what}: {numbers[0]} [{numbers[1]}, {numbers[2]}] over {counted(found.pairs, 'seed')}"


def _side(verdict: Verdict) -> dict[str, Any]:
    mark = MARKS[verdict.outcome]
    return {"outcome": verdict.outcome, "kind": mark.kind, "sign": mark.sign, "found": estimate(verdict)}


def _print_tables(found: SideBySide, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("claim", "A", "B", "outcomes"):
        table.add_column(head, header_style="dim", ratio=2 if head == "claim" else 1)
    for match in found.matches:
        parts = match_parts(match)
        claim = Text(parts["says"])
        claim.append(f"\n{parts['place']}", style="dim")
        claim.append("".join(f"\n{part}" for part in (parts["difference"], parts["note"]) if part), style="italic")
        sides = []
        for side in (parts["a"], parts["b"]):
            cell = Text().append(f"{side['sign']} {side['outcome']}\n", style=MARKS[side["outcome"]].style)
            sides.append(cell.append(str(side["found"])))
        told = Text().append(parts["agree"], style="bold" if parts["differ"] else "")
        table.add_row(claim, *sides, told.append(f"\n{parts['overlap']}", style="dim"))
    if found.matches:
        console.print(table, Text(""))
    if found.differing:
        table = Table("what differs", "A", "B", box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for each in found.differing:
            table.add_row(Text(_named(each)), Text(_shown(each.a)), Text(_shown(each.b)))
        console.print(table, Text(""))


def _line(match: Match) -> str:
    parts = match_parts(match)
    sides = [f"{letter} {parts[low]['outcome']} {parts[low]['found']}" for letter, low in (("A", "a"), ("B", "b"))]
    told = [f"{parts['says']} ({parts['place']})", *sides, f"{parts['agree']}, {parts['overlap']}"]
    return " | ".join(" ".join(part.split()) for part in (*told, parts["difference"], parts["note"]) if part)


def _named(each: Differing) -> str:
    return f"{each.part}: {each.name}"


def _shown(value: Any) -> str:
    return "\N{EN DASH}" if value is None else phrase(value)
