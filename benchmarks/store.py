"""What do series cost: a row while a network trains, a million rows to compact, a thousand members to read?"""

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import torch

from benchmarks.harness import Timing, interleaved, report
from phenoscope.data import dataset
from phenoscope.engine.recording import Row, _write
from phenoscope.models import MLP
from phenoscope.objective import SquaredError
from phenoscope.phenomenon import Plan
from phenoscope.probes import Loss, Rows
from phenoscope.store import ArmResult, Experiment, Journal, MemberFolder, load, read_journal, write_experiment
from phenoscope.store.tables import write_series
from phenoscope.training import GradientDescent, Recipe, train

STEPS = 200
MEMBERS, LENGTH = 1000, 1000
MILLION = 1_000_000


def run() -> None:
    """A row a step for a tiny and a small network; a million rows; a thousand members of a thousand rows."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {"64-16-10, 100 examples": ((16,), 100), "64-100-100-10, 1,000 examples": ((100, 100), 1000)}
        cases = {name: _row(Path(folder) / name, *size) for name, size in sizes.items()}
        title = f"{STEPS} rows of a series against as many full-batch steps"
        report(title, cases)
        cases = {"a million rows": _compaction(Path(folder)), "1,000 members of 1,000 rows": _query(Path(folder))}
        report("Reading series back", cases)


def _row(folder: Path, widths: tuple[int, ...], examples: int) -> list[Timing]:
    recipe = Recipe(dataset("digits", train=examples), MLP(widths), SquaredError(), GradientDescent(0.01), 10**7)
    member = MemberFolder(folder, Plan(recipe, (Loss(),)), {})
    states, steps = train([recipe]), itertools.count()
    values = torch.tensor([0.1234567890123], dtype=torch.float64)
    with member.begin() as journal:
        rows = [Row(member, journal)]

        def train_on() -> None:
            for _ in range(STEPS):
                next(states)

        def write() -> None:
            for _ in range(STEPS):
                _write([Rows("loss", next(steps), values)], [True], rows)

        return interleaved({"steps": train_on, "rows": write}, baseline="steps")


def _compaction(folder: Path) -> list[Timing]:
    path = folder / "million.journal"
    with Journal(path) as journal:
        for step in range(MILLION):
            journal.append(step, "loss", 1.0 / (step + 1))

    def compact() -> None:
        write_series(folder / "million.parquet", read_journal(path))

    return interleaved({"journal to parquet": compact}, baseline="journal to parquet", rounds=5, warmup=1)


def _query(folder: Path) -> list[Timing]:
    recipe = Recipe(dataset("digits", train=100), MLP((16,)), SquaredError(), GradientDescent(0.01), LENGTH)
    from phenoscope.training import with_setting

    plans = [Plan(with_setting(recipe, "seed", seed), (Loss(),)) for seed in range(MEMBERS)]
    for plan in plans:
        member = MemberFolder(folder / "members", plan, {})
        with member.begin() as journal:
            for step in range(LENGTH):
                journal.append(step, "loss", 1.0 / (step + 1))
        member.finish("finished", None, 0.0)
    experiment = _experiment(folder / "many", tuple(plan.id for plan in plans))

    def scan() -> None:
        found = pl.scan_parquet(str(folder / "members" / "*" / "series.parquet")).filter(pl.col("name") == "loss")
        found.group_by("step").agg(pl.col("value").median()).collect()

    def ours() -> None:
        load(experiment).series.filter(pl.col("name") == "loss").group_by("step").agg(pl.col("value").median())

    contenders: dict[str, Callable[[], object]] = {"polars, scan_parquet": scan, "load(...).series": ours}
    return interleaved(contenders, baseline="polars, scan_parquet", rounds=9)


def _experiment(path: Path, members: tuple[str, ...]) -> Path:
    arm = ArmResult("main", "main", "", {}, {}, members, 0.0, 0)
    words = {"name": "many", "title": "Many", "question": "How long?", "summary": "", "command": "", "created": ""}
    rest = {"scale": "smoke", "options": {}, "sources": (), "looks": 1, "verdicts": (), "panels": (), "environment": {}}
    write_experiment(Experiment(path=path, seeds=tuple(range(len(members))), arms=(arm,), **words, **rest))
    return path
