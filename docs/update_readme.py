"""Put the verdicts and the first figure of a run into the README: `python docs/update_readme.py RUN`."""

import sys
from pathlib import Path

from phenoscope.report import markdown_table, write_figure
from phenoscope.store import Experiment, find_experiment, read_experiment

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


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
            markdown_table(experiment.verdicts),
            f"From `{experiment.command}` (seeds {seeds}). Estimates are means over seeds, with the interval that "
            "decides: corrected for all claims of the phenomenon together.",
        ]
    )


def main(run: Path) -> None:
    """Rewrite the README in place."""
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    found = results(read_experiment(find_experiment(run)))
    readme.write_text(f"{before}{BEGIN}\n{found}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
