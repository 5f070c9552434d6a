"""Many members read at once give the frame that they give one by one; a broken one is told of by name."""

import json

import polars as pl
import pytest

import phenoscope as ps
from phenoscope.claims import AtLeast
from phenoscope.core.errors import BadInput
from phenoscope.probes import GradientNorm, Loss
from phenoscope.store import loading
from phenoscope.store.loading import tidy
from small import arm, claim, phenomenon, recipe

MADE = phenomenon(
    arm("one", probes=(Loss(), GradientNorm(2)), sweep={"lr": (0.1, 0.2)}),
    arm("two", recipe(0.1, steps=4)),
    claims=(claim(on="two", region=AtLeast(0.0)),),
)


@pytest.fixture
def run(tmp_path):
    return ps.run(MADE, seeds=2, out=tmp_path)


def one_by_one(run):
    parts = [
        tidy(run.records[one.name], tuple(one.sweep)).with_columns(pl.lit(one.name).alias("arm")) for one in run.arms
    ]
    return pl.concat(parts, how="diagonal").select("arm", "lr", "seed", "member", "step", "name", "value")


def first(run):
    return run.path.parent / "members" / run.arms[0].members[0]


def test_at_once_is_as_one_by_one(run, monkeypatch):
    expected = one_by_one(run)
    monkeypatch.setattr(loading, "read_members", None)  # nothing is read one by one
    assert run.series.equals(expected)
    assert run.series.schema == expected.schema
    assert expected.height > 40


def test_a_member_that_is_still_running_is_read_from_its_journal(run):
    folder, expected = first(run), run.series
    (folder / "series.parquet").unlink()
    rest = run.series
    assert 0 < rest.height < expected.height
    (folder / "series.journal").write_text("0\tloss\t0.25\n1\tlo")
    assert run.series.height == rest.height + 1
    assert run.series.filter(pl.col("value") == 0.25).select("member", "lr", "name").row(0) == (
        folder.name,
        0.1,
        "loss",
    )


def test_members_without_any_reading_are_no_hindrance(run):
    folder, expected = first(run), run.series
    pl.read_parquet(folder / "series.parquet").clear().write_parquet(folder / "series.parquet")
    assert run.series.equals(expected.filter((pl.col("member") != folder.name) | (pl.col("arm") != "one")))


@pytest.mark.parametrize("damage", ["truncated", "another type", "gaps"])
def test_a_broken_member_among_many_is_named(run, damage):
    file = first(run) / "series.parquet"
    table = pl.read_parquet(file)
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-5])
    elif damage == "another type":
        table.with_columns(pl.col("step").cast(pl.Float64)).write_parquet(file)
    else:
        table.with_columns(pl.lit(None, pl.Float64).alias("value")).write_parquet(file)
    with pytest.raises(BadInput, match=rf"{file.parent.name}/series\.parquet cannot be read as series"):
        _ = run.series


def test_a_column_more_is_left_out(run):
    expected, file = run.series, first(run) / "series.parquet"
    pl.read_parquet(file).with_columns(pl.lit(1).alias("more")).write_parquet(file)
    assert run.series.equals(expected)


def test_the_settings_are_those_of_each_member(run):
    for (name, lr, seed), _ in run.series.group_by("member", "lr", "seed"):
        about = json.loads((run.path.parent / "members" / name / "member.json").read_text())
        assert about["resolved"]["settings"]["seed"] == seed
        assert lr in (None, about["resolved"]["settings"]["lr"])
