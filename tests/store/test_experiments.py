"""Experiments as folders: written and read equal, found by what a person types, and read as data frames."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import phenoscope as ps
from phenoscope.claims import Breaks, late_mean
from phenoscope.comparisons import Comparison, departure
from phenoscope.core.errors import BadInput, PhenoscopeError
from phenoscope.panels import Lines
from phenoscope.probes import GradientNorm, Loss
from phenoscope.store import Member, NewerSchema, find_experiment, load, read_experiment, write_experiment
from small import LOSS, arm, claim, phenomenon, recipe

RATES = (0.05, 0.1)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """A swept arm, a control with another probe, and a comparison."""
    made = phenomenon(
        arm("main", sweep={"lr": RATES}, says="swept"),
        arm("control", recipe(0.01), (GradientNorm(), Loss(every=2)), role="control"),
        claims=(claim(each="lr", statistic=late_mean(LOSS), control=Breaks("control")),),
        comparisons=(Comparison("apart", ("main", "control"), departure, ("relative distance", "cosine")),),
        panels=(Lines("Loss", "Falls.", LOSS, "loss", ("main", "control"), log_y=True),),
        sources=(("A paper", "https://example.org"),),
        options={"rates": RATES, "data": "clusters"},
    )
    return ps.run(made, seeds=(3, 5), out=tmp_path_factory.mktemp("runs"), jobs=1)


def same(one, two):
    if isinstance(one, float) and isinstance(two, float):
        return one == two or (math.isnan(one) and math.isnan(two))
    if dataclasses.is_dataclass(one) and type(one) is type(two):
        return all(same(getattr(one, f.name), getattr(two, f.name)) for f in dataclasses.fields(one))
    if isinstance(one, tuple | list):
        return type(one) is type(two) and len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return isinstance(two, dict) and one.keys() == two.keys() and all(same(v, two[k]) for k, v in one.items())
    return one == two


def test_what_is_written_is_read(experiment):
    read = read_experiment(experiment.path)
    for field in dataclasses.fields(experiment):
        assert same(getattr(experiment, field.name), getattr(read, field.name)), field.name
    assert read.options["rates"] == RATES
    assert isinstance(read.options["rates"], tuple)


def test_verdicts_that_are_not_numbers_come_back_as_such(experiment, tmp_path):
    lost = [
        dataclasses.replace(v, estimate=math.nan, low=-math.inf, values=(math.nan, 1.0)) for v in experiment.verdicts
    ]
    changed = dataclasses.replace(experiment, path=tmp_path / "e", verdicts=tuple(lost))
    write_experiment(changed)
    read = read_experiment(changed.path).verdicts[0]
    assert math.isnan(read.estimate)
    assert math.isnan(read.low)
    assert math.isnan(read.values[0])
    assert read.values[1] == 1.0
    assert "NaN" not in (tmp_path / "e" / "verdicts.json").read_text()


def test_the_frame_has_every_reading_once_at_its_place(experiment):
    frame = experiment.series
    assert frame.columns == ["arm", "lr", "seed", "member", "step", "name", "value"]
    seen = 0
    for name, records in experiment.records.items():
        for record in records:
            for series_name, series in record.series.items():
                rows = frame.filter(arm=name, member=record.id, name=series_name)
                assert rows["step"].to_list() == series.steps.tolist()
                assert rows["value"].to_list() == series.values.tolist()
                assert set(rows["seed"]) == {record.seed}
                assert set(rows["lr"]) == ({record.settings["lr"]} if name == "main" else {None})
                seen += len(rows)
    assert seen == len(frame) == 2 * (2 * 7 + 7 + 4)
    assert set(frame.filter(arm="main")["lr"]) == set(RATES)


def test_records_are_read_once_for_the_frame(experiment, monkeypatch):
    """All at once where that can be done, else one by one; to the same frame."""
    from phenoscope.store import loading

    calls, plain = [], loading.read_members
    monkeypatch.setattr(loading, "read_members", lambda paths: plain([calls.append(path) or path for path in paths]))
    at_once = experiment.series
    assert not calls
    monkeypatch.setattr(loading, "_at_once", lambda files: None)
    assert experiment.series.equals(at_once)
    assert len(calls) == sum(len(one.members) for one in experiment.arms)


def test_an_arm_without_members_has_no_rows(experiment):
    empty = [dataclasses.replace(one, members=()) for one in experiment.arms]
    frame = dataclasses.replace(experiment, arms=tuple(empty)).series
    assert frame.height == 0
    assert frame.columns == ["arm", "lr", "seed", "member", "step", "name", "value"]


def test_pairs_are_a_tidy_table(experiment):
    frame = experiment.pairs["apart"]
    assert frame.columns == ["pair", "lr", "seed", "name", "step", "value"]
    assert sorted(frame.filter(name="cosine").select("lr", "seed").rows()) == [(r, s) for r in RATES for s in (3, 5)]
    main, control = experiment.records["main"], experiment.records["control"]
    first = next(r for r in main if r.seed == 3 and r.settings["lr"] == 0.1)
    second = next(r for r in control if r.seed == 3)
    members = experiment.path.parent / "members"
    points = [ps.store.read_points(members / r.id) for r in (first, second)]
    expected = departure(*points)
    row = frame.filter(pair=f"{first.id}-{second.id}", name="relative distance")
    assert row["value"].to_list() == [expected["relative distance"]]
    assert row["step"].to_list() == [0]
    assert same(read_experiment(experiment.path).pairs["apart"].rows(), frame.rows())


def test_broken_pairs_are_bad_input(experiment, tmp_path):
    changed = dataclasses.replace(experiment, path=tmp_path)
    with pytest.raises(BadInput, match="cannot be read as series"):
        changed.pairs  # noqa: B018


def test_find_experiment_knows_itself_the_only_one_and_none(experiment, tmp_path):
    assert find_experiment(experiment.path) == experiment.path
    assert find_experiment(experiment.path.parent) == experiment.path
    with pytest.raises(BadInput, match=r"holds no experiment \(no experiment\.json\)"):
        find_experiment(tmp_path)
    with pytest.raises(BadInput, match="holds no experiment"):
        find_experiment(tmp_path / "nowhere")
    for name in ("one", "two"):
        write_experiment(dataclasses.replace(experiment, path=tmp_path / name))
    with pytest.raises(BadInput, match=r"several experiments: one, two\. Pass one"):
        find_experiment(tmp_path)


def test_a_path_that_cannot_be_asked_about_is_bad_input():
    with pytest.raises(BadInput, match="cannot be looked at"):
        load("x" * 5000)


def test_load_opens_experiments_and_members(experiment):
    assert load(experiment) is experiment
    for path in (experiment.path, str(experiment.path), experiment.path.parent):
        assert load(path).path == experiment.path
    record = experiment.records["control"][0]
    member = load(experiment.path.parent / "members" / record.id)
    assert isinstance(member, Member)
    assert member.series.columns == ["step", "name", "value"]
    assert member.series.filter(name="loss")["step"].to_list() == [0, 2, 4, 6]
    np.testing.assert_array_equal(member.series.filter(name="loss")["value"], record.series["loss"].values)


def test_an_experiment_of_a_newer_version_is_refused(experiment, tmp_path):
    write_experiment(dataclasses.replace(experiment, path=tmp_path))
    for name in ("experiment.json", "verdicts.json", "panels.json"):
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(json.dumps({**json.loads(text), "schema": 7}))
        with pytest.raises(NewerSchema):
            load(tmp_path)
        (tmp_path / name).write_text(text)


FILES = ["experiment.json", "verdicts.json", "panels.json"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_with_one_part_replaced_gives_no_traceback(experiment, data):
    file = experiment.path / data.draw(st.sampled_from(FILES))
    text = file.read_text()
    value = json.loads(text)
    path = data.draw(st.sampled_from(list(places(value))[1:]))
    part = value
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = data.draw(JSON)
    file.write_text(json.dumps(value))
    try:
        read_experiment(experiment.path)
    except PhenoscopeError:
        pass
    finally:
        file.write_text(text)


def test_records_of_a_member_that_is_gone_say_so(experiment):
    gone = dataclasses.replace(experiment, path=Path("/nowhere/here"))
    with pytest.raises(BadInput, match=r"there is no member\.json"):
        gone.series  # noqa: B018


def test_the_files_are_readable_with_polars_alone(experiment):
    table = pl.read_parquet(experiment.path.parent / "members" / "*" / "series.parquet")
    assert table.columns == ["step", "name", "value"]
    assert len(table) == len(experiment.series)
