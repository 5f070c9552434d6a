"""Panels: the numbers drawn are those of the records."""

import dataclasses
import json
import math

import numpy as np
import pytest

from phenoscope.claims import Measured, Setting, first_value, last_value
from phenoscope.core.errors import BadInput
from phenoscope.panels import Lines, PanelData, Scatter, evaluate, panel_from_json
from phenoscope.record import Record, Series
from phenoscope.report import figures

X, LR = Measured("x"), Setting("lr")


def record(values, seed=0, steps=None, **settings):
    at = range(0, 2 * len(values), 2) if steps is None else steps
    series = {} if values is None else {"x": Series(np.array(list(at)), np.array(values, dtype=np.float64))}
    return Record(f"m{seed}", {"seed": seed, "steps": 10, "lr": 0.5, **settings}, series)


def lines(y=X, arms=("a",), **options):
    return Lines("A title: 2/η", "A caption.", y, "x (1)", arms, **options)


EVIDENCE = {
    "a": (record([1.0, 2.0, 4.0], 0, lr=0.5), record([3.0, 5.0, 7.0], 1, lr=0.25)),
    "b": (record([8.0], 2),),
}


def test_lines_are_the_series_of_each_member():
    data = evaluate(lines(X * 2, ("a", "b")), EVIDENCE, {"a": ("lr",)})
    assert [(t.arm, dict(t.where), t.seed, t.x, t.y) for t in data.traces] == [
        ("a", {"lr": 0.5}, 0, (0, 2, 4), (2.0, 4.0, 8.0)),
        ("a", {"lr": 0.25}, 1, (0, 2, 4), (6.0, 10.0, 14.0)),
        ("b", {}, 2, (0,), (16.0,)),
    ]
    assert (data.kind, data.x_label, data.y_label, data.log_x, data.log_y) == ("lines", "step", "x (1)", False, False)
    assert data.theory == ()
    assert [t.label for t in data.traces] == ["a, lr = 0.5", "a, lr = 0.25", "b"]


def test_a_comparison_may_count_something_else_than_steps():
    data = evaluate(lines(x_label="100 t"), EVIDENCE, {})
    assert (data.x_label, panel_from_json(json.loads(json.dumps(data.to_json()))).x_label) == ("100 t", "100 t")


def test_a_constant_theory_is_a_level_for_each_swept_value_from_the_first_step_to_the_last():
    evidence = {"a": (*EVIDENCE["a"], record([0.0], 7, lr=0.5))}
    data = evaluate(lines(theory=2 / LR, theory_label="2/η"), evidence, {"a": ("lr",)})
    assert [(dict(t.where), t.seed, t.x, t.y) for t in data.theory] == [
        ({"lr": 0.5}, None, (0.0, 10.0), (4.0, 4.0)),
        ({"lr": 0.25}, None, (0.0, 10.0), (8.0, 8.0)),
    ]
    assert data.theory_label == "2/η"


def test_a_theory_that_moves_is_a_curve():
    data = evaluate(lines(theory=X / LR), EVIDENCE, {"a": ("lr",)})
    assert [t.y for t in data.theory] == [(2.0, 4.0, 8.0), (12.0, 20.0, 28.0)]


def test_points_may_be_of_settings_and_told_apart_by_one():
    panel = Scatter("T", "C.", 2 / LR, last_value(X), "2/η", "x", ("a",), by="lr")
    data = evaluate(panel, EVIDENCE, {"a": ("lr",)})
    assert [(t.x, t.y) for t in data.traces] == [((4.0,), (4.0,)), ((8.0,), (7.0,))]
    assert panel.settings == ("lr", "lr")
    assert panel_from_json(json.loads(json.dumps(data.to_json()))) == data
    assert data.by == "lr"
    assert [group.label for group in figures._groups(data)] == ["a, lr = 0.5", "a, lr = 0.25"]
    together = evaluate(Scatter("T", "C.", 2 / LR, last_value(X), "2/η", "x", ("a",)), EVIDENCE, {"a": ("lr",)})
    assert [group.label for group in figures._groups(together)] == ["a"]
    with pytest.raises(BadInput, match="Reduce it first"):
        Scatter("T", "C.", X, last_value(X), "x", "x", ("a",))


def test_a_member_without_the_series_has_an_empty_trace():
    data = evaluate(lines(Measured("y")), EVIDENCE, {})
    assert [(t.x, t.y) for t in data.traces] == [((), ()), ((), ())]


def test_numbers_that_are_not_finite_are_left_out_with_their_steps():
    data = evaluate(lines(), {"a": (record([1.0, math.nan, 3.0, math.inf, -math.inf]),)}, {})
    assert (data.traces[0].x, data.traces[0].y) == ((0, 4), (1.0, 3.0))


def test_scatter_is_one_point_a_member_with_a_line_through_its_ends():
    panel = Scatter("s", "c", first_value(X / LR), last_value(X), "x", "y", ("a",), slope=3.0)
    data = evaluate(panel, EVIDENCE, {"a": ("lr",)})
    assert [(t.seed, t.x, t.y) for t in data.traces] == [(0, (2.0,), (4.0,)), (1, (12.0,), (7.0,))]
    assert [(t.x, t.y) for t in data.theory] == [((2.0, 12.0), (6.0, 36.0))]
    assert (data.kind, data.log_x, data.log_y) == ("scatter", True, True)


def test_scatter_without_a_slope_or_without_a_point_has_no_line():
    panel = Scatter("s", "c", first_value(X), last_value(X), "x", "y", ("a",), log=False)
    data = evaluate(panel, EVIDENCE, {})
    assert data.theory == ()
    assert (data.log_x, data.log_y) == (False, False)
    sloped = Scatter("s", "c", first_value(X), last_value(X), "x", "y", ("a",), slope=1.0)
    none = evaluate(sloped, {"a": (record([math.nan]),)}, {})
    assert none.theory == ()
    assert none.traces[0].x == ()
    assert evaluate(sloped, {"a": ()}, {}).traces == ()


def test_scatter_with_theory_has_a_line_of_means_for_each_arm():
    """Where theory has no number the line has a gap; the measured points stay."""
    y = Setting("y")
    panel = Scatter("s", "c", LR, last_value(X), "x", "y", ("a", "b"), theory=y, log=False)
    told = [(2.0, 0, 4.0), (2.0, 1, 6.0), (1.0, 0, 1.0), (3.0, 0, math.nan), (4.0, 0, 9.0)]
    members = {
        "a": tuple(record([1.0], lr=lr, seed=seed, y=value) for lr, seed, value in told),
        "b": (record([1.0], lr=2.0, y=7.0),),
    }
    data = evaluate(panel, members, {"a": ("lr",), "b": ("lr",)})
    assert [(t.arm, t.where, t.seed, t.x, t.y) for t in data.theory] == [
        ("a", {}, None, (1.0, 2.0), (1.0, 5.0)), ("a", {}, None, (4.0,), (9.0,)), ("b", {}, None, (2.0,), (7.0,)),
    ]  # fmt: skip
    assert len(data.traces) == 6
    by = evaluate(dataclasses.replace(panel, by="lr"), members, {"a": ("lr",), "b": ("lr",)})
    assert {(t.arm, t.where["lr"], t.y) for t in by.theory} == {
        ("a", 1.0, (1.0,)), ("a", 2.0, (5.0,)), ("a", 4.0, (9.0,)), ("b", 2.0, (7.0,)),
    }  # fmt: skip
    nowhere = evaluate(dataclasses.replace(panel, theory=last_value(Measured("nowhere"))), members, {})
    assert nowhere.theory == ()


def test_a_constant_is_no_line():
    with pytest.raises(BadInput, match=r"got the constant 2 / lr\. Give it as `theory`"):
        lines(2 / LR)


@pytest.mark.parametrize(
    "panel", [lines(theory=2 / LR), Scatter("s", "c", first_value(X), last_value(X), "x", "y", ("a",))]
)
def test_json_round_trip(panel):
    data = evaluate(panel, EVIDENCE, {"a": ("lr",)})
    back = panel_from_json(json.loads(json.dumps(data.to_json(), allow_nan=False)))
    assert isinstance(back, PanelData)
    assert back == data
    assert back.to_json() == data.to_json()


def test_the_slug_is_a_file_name():
    assert evaluate(lines(), EVIDENCE, {}).slug == "a-title-2-η"


def test_a_panel_knows_what_it_needs():
    assert lines(X * LR, theory=2 / Setting("momentum")).names == ("x",)
    assert set(lines(X * LR, theory=2 / Setting("momentum")).settings) == {"lr", "momentum"}
    scatter = Scatter("s", "c", first_value(X / LR), last_value(Measured("y")), "x", "y", ("a",))
    assert (set(scatter.names), set(scatter.settings)) == ({"x", "y"}, {"lr"})
