"""Put the verdicts and the first figure of a run into the README, or the counts of all runs in a folder.

`python docs/update_readme.py RUN` and `python docs/update_readme.py RUNS`.
"""

import sys
from pathlib import Path

from phenoscope.atlas import find
from phenoscope.atlas.families import FAMILIES
from phenoscope.report import is_plain, outcome_counts, write_figure
from phenoscope.report.rows import claim_rows
from phenoscope.report.text import escaped
from phenoscope.report.words import MARKS, tally
from phenoscope.store import Experiment, read_experiment, survey
from phenoscope.store.experiments import EXPERIMENT

ROOT = Path(__file__).parent.parent


def results(experiment: Experiment) -> str:
    """The passage between the marks: question, figure, table, and how it was made."""
    panel = experiment.panels[0]
    figure = write_figure(panel, ROOT / "docs" / "figures" / f"{experiment.name}.svg")
    seeds = ", ".join(map(str, experiment.seeds))
    return "\n\n".join(
        [
            f"*{experiment.question}*",
            f'<img src="{figure.relative_to(ROOT)}" alt="{panel.title}. {panel.caption}" width="680">',
            f"{panel.caption} One line a seed; the dashed lines are the theory's {panel.theory_label}.",
            tally(experiment.verdicts),
            verdicts(experiment),
            f"From `{experiment.command}` (seeds {seeds}). Estimates are means over seeds, with the interval that "
            "decides: corrected for all claims of the phenomenon together.",
        ]
    )


def verdicts(experiment: Experiment) -> str:
    """A row a claim, with its estimates at all places."""
    lines = ["| | claim | where | estimate | region | control |", "| --- | --- | --- | --- | --- | --- |"]
    for row in claim_rows(experiment.verdicts):
        outcome = "; ".join(
            f"{MARKS[each['outcome']].sign}\N{NO-BREAK SPACE}{each['outcome']} {each['at']}".strip()
            for each in row["outcomes"]
        )
        found = [f"{where}: {value}" if where else f"{value}" for where, value in row["estimates"]]
        controls = "; ".join(" ".join((each["arm"], each["word"], each["at"])).strip() for each in row["controls"])
        cells = ([outcome], [row["says"]], [row["arm"]], found, [row["region"]], [controls])
        lines.append(f"| {' | '.join('<br>'.join(map(escaped, cell)) for cell in cells)} |".replace("|  |", "| |"))
    return "\n".join(lines)


def atlas(experiments: tuple[Experiment, ...]) -> str:
    """A row for each family and each of its phenomena, in the order of its story, with the outcomes of its run."""
    runs = {experiment.name: experiment for experiment in experiments if is_plain(experiment)}
    lines = ["| phenomenon | question | verdicts |", "| --- | --- | --- |"]
    for family in FAMILIES.values():
        lines.append(f"| **{family.title}** | *{family.question}* | |")
        for name in family.phenomena:
            counts = outcome_counts(runs[name].verdicts) if name in runs else []
            told = "; ".join(f"{each['count']} {each['outcome']}" for each in counts) or "not run"
            lines.append(f"| `{name}` | {find(name).question} | {told} |")
    return "\n".join(lines)


def put(name: str, text: str) -> None:
    """Rewrite what stands between the marks of that name."""
    readme, begin, end = ROOT / "README.md", f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = readme.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def main(path: Path) -> None:
    """Rewrite the README in place."""
    if (path / EXPERIMENT).exists():
        put("results", results(read_experiment(path)))
    else:
        put("atlas", atlas(survey(path).experiments))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
