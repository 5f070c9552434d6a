"""Tables of verdicts as text against the verdicts."""

import dataclasses
import io
import math
from pathlib import Path

import pytest
from report_samples import CONTROL, NASTY, VERDICTS, experiment, verdict
from rich.console import Console

from phenoscope.report import markdown_table, print_verdicts, verdict_table
from phenoscope.report.words import MARKS, alone, estimate, tally


def printed(width: int, *, terminal: bool, **options) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_verdicts(experiment(**options.pop("changes", {})), console, **options)
    return console.file.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [80, 100, 140])
def test_terminal_table_shows_everything_and_fits(width):
    text = printed(width, terminal=True)
    assert max(len(line) for line in text.splitlines()) <= width
    for found in VERDICTS:
        assert found.claim in flat(text)
        assert str(estimate(found)) in text
        assert str(found.region) in text
        assert f"{MARKS[found.outcome].sign} {found.outcome.split()[0]}" in text
        assert found.reason in flat(text)
    assert tally(VERDICTS) in flat(text)


def test_number_of_seeds_stands_on_the_line_of_its_verdict():
    line = next(line for line in printed(80, terminal=True).splitlines() if "1.31 [" in line)
    assert line.split()[-1] == "5"


def test_a_claim_is_spelled_out_once_for_all_its_places():
    assert printed(120, terminal=True).count(VERDICTS[0].claim) == 1


def test_columns_of_all_claims_are_aligned():
    lines = printed(120, terminal=True).splitlines()
    starts = {line.index("[0.9, 1.15]") for line in lines if "[0.9, 1.15]" in line}
    assert len(starts) == 1


def test_a_long_arm_is_wrapped_not_cut():
    text = printed(80, terminal=True, changes={"verdicts": (verdict(arm="a very long name " * 5),)})
    assert text.count("very") == 5


def test_a_pipe_gets_one_line_a_verdict():
    text = printed(80, terminal=False)
    lines = text.splitlines()
    assert len(lines) == 1 + len(VERDICTS) + 1
    for found, line in zip(VERDICTS, lines[1:], strict=False):
        assert line.startswith(f"{MARKS[found.outcome].sign} {found.outcome}: {found.claim} ({found.arm}")
        assert f"{estimate(found)} against {found.region}, n = {found.n}" in line
        assert found.reason in line
    assert "\x1b" not in text


def test_names_with_brackets_are_not_taken_for_markup():
    text = printed(80, terminal=False, changes={"verdicts": (verdict(claim="[red]x[/red] [b"),)})
    assert "[red]x[/red] [b" in text


def test_says_where_the_report_is(tmp_path):
    assert "Report: somewhere/index.html" in printed(40, terminal=False, report=Path("somewhere/index.html"))
    assert "Report" not in printed(80, terminal=False, changes={"path": tmp_path})
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").touch()
    assert f"Report: {tmp_path / 'report' / 'index.html'}" in printed(80, terminal=False, changes={"path": tmp_path})


def test_a_control_without_a_number_shows_none():
    control = dataclasses.replace(CONTROL, estimate=math.nan, discriminates=None)
    text = printed(80, terminal=False, changes={"verdicts": (verdict(control=control),)})
    assert text.splitlines()[1].endswith("control small step cannot be judged")


def test_both_intervals_are_written_alike_unless_their_widths_differ_much():
    assert str(estimate(verdict(low=-10.0, high=30.0))) == "1.02 [−10, 30]"
    alike = verdict(estimate=1.0, low=0.95, high=1.05, raw_low=0.96, raw_high=1.04)
    assert (str(estimate(alike)), str(alone(alike))) == ("1.000 [0.950, 1.050]", "1.000 [0.960, 1.040]")


def test_no_verdicts():
    assert "No claim was judged." in printed(80, terminal=True, changes={"verdicts": ()})


def test_table_is_a_renderable_of_the_width_asked_for():
    console = Console(file=io.StringIO(), width=200)
    talkative = verdict(outcome="undecided", reason="why and again why, " * 10)
    console.print(verdict_table((talkative,), 90))
    assert max(len(line.rstrip()) for line in console.file.getvalue().splitlines()) <= 90


def test_markdown_has_a_row_a_verdict_and_no_stray_bars():
    lines = markdown_table(VERDICTS).splitlines()
    assert len(lines) == 2 + len(VERDICTS)
    for line in lines[2:]:
        assert line.replace("\\|", "").count("|") == 8
    assert NASTY not in lines[-3]
    assert "&lt;b>bold&lt;/b>" in lines[-3]
    assert "✗ contradicted" in lines[4]
    assert "1.31 \\[1.24, 1.38\\]" in lines[4]


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [
        (["supported"] * 2, "All 2 verdicts are supported."),
        (["supported", "contradicted"], "Of 2 verdicts on 1 claim: 1 supported and 1 contradicted."),
        (["undecided"], "The one claim is undecided."),
    ],
)
def test_tally(outcomes, sentence):
    assert tally([verdict(outcome=outcome) for outcome in outcomes]) == sentence
