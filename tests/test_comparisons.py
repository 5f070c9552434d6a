"""Pairs: who is compared with whom, and what becomes of those that diverged."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.comparisons import Comparison, Kept, compared, departure, pairs
from phenoscope.core.errors import BadInput
from phenoscope.record import Record, Series
from phenoscope.training import Point, RandomMask
from small import recipe


def member(seed, outcome="finished", stopped_at=None, **settings):
    name = "-".join([f"s{seed}", *(f"{k}{v}" for k, v in settings.items())])
    return Record(name, {"seed": seed, "steps": 10, **settings}, {}, outcome, stopped_at)


def ids(found):
    return [(one.id, two.id) for one, two in found]


ONE = Comparison("c", ("a",), departure, ("relative distance", "cosine"))
TWO = Comparison("c", ("a", "b"), departure, ("relative distance", "cosine"))


def test_members_of_one_arm_make_disjoint_pairs_by_seed():
    found = pairs(ONE, {"a": [member(s) for s in (4, 1, 3, 2, 9)]})
    assert ids(found) == [("s1", "s2"), ("s3", "s4")]  # all pairs would count a member twice; 9 has no partner


def test_members_of_one_swept_arm_are_paired_at_each_value():
    members = {"a": [member(s, lr=lr) for lr in (0.1, 0.2) for s in (0, 1)]}
    found = pairs(ONE, members, sweeps={"a": ("lr",)})
    assert ids(found) == [("s0-lr0.1", "s1-lr0.1"), ("s0-lr0.2", "s1-lr0.2")]


def test_two_arms_are_paired_by_seed_not_by_place():
    found = pairs(TWO, {"a": [member(2), member(0), member(1)], "b": [member(1, x=1.0), member(2, x=1.0)]})
    assert ids(found) == [("s1", "s1-x1.0"), ("s2", "s2-x1.0")]


def test_where_both_arms_are_swept_the_values_are_the_same():
    members = {arm: [member(s, lr=lr) for lr in rates for s in (0, 1)] for arm, rates in (("a", (1, 2)), ("b", (2, 3)))}
    found = pairs(TWO, members, sweeps={"a": ("lr",), "b": ("lr",)})
    assert ids(found) == [("s0-lr2", "s0-lr2"), ("s1-lr2", "s1-lr2")]


def test_where_one_arm_is_swept_each_value_meets_the_seed():
    members = {"a": [member(s, lr=lr) for lr in (1, 2) for s in (0, 1)], "b": [member(0, lr=9), member(1, lr=9)]}
    found = pairs(TWO, members, sweeps={"a": ("lr",), "b": ()})
    assert sorted(ids(found)) == [(f"s{s}-lr{lr}", f"s{s}-lr9") for s in (0, 1) for lr in (1, 2)]


def test_diverged_members_are_paired_and_their_pair_has_diverged():
    one, two = member(0), member(0, "diverged", 7)
    assert pairs(TWO, {"a": [one], "b": [two]}) == [(one, two)]

    def never(first, second):
        raise AssertionError

    record = compared(Comparison("c", ("a", "b"), never, ("x",)), (one, two), ({}, {}))
    assert (record.outcome, record.stopped_at, dict(record.series)) == ("diverged", 7, {})


def test_readings_become_series_with_the_settings_of_the_first():
    comparison = Comparison(
        "c", ("a", "b"), lambda one, two: {"height": 2, "path": [1.0, math.nan, 3.0]}, ("height", "path")
    )
    record = compared(comparison, (member(3, lr=0.5), member(3, lr=0.1)), ({}, {}))
    assert (record.id, record.seed, record.settings["lr"]) == ("s3-lr0.5-s3-lr0.1", 3, 0.5)
    assert record.series["height"].values.tolist() == [2.0]
    assert record.series["path"].steps.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(record.series["path"].values, [1.0, math.nan, 3.0])


def test_a_measure_may_look_at_the_records_of_the_pair():
    def apart(one, two):
        first, second = one.record.series["x"], two.record.series["x"]
        return {"apart": Series(first.steps, first.values - second.values), "seed": one.record.seed}

    members = [
        Record(name, {"seed": 3, "steps": 9}, {"x": Series(np.array([0, 4, 9]), np.array(values))})
        for name, values in (("a", [1.0, 2.0, 3.0]), ("b", [1.0, 1.0, 1.0]))
    ]
    comparison = Comparison("c", ("a", "b"), apart, ("apart", "seed"))
    record = compared(comparison, (members[0], members[1]), ({}, {}))
    assert record.series["apart"].steps.tolist() == [0, 4, 9]
    assert record.series["apart"].values.tolist() == [0.0, 1.0, 2.0]
    assert record.series["seed"].values.tolist() == [3.0]


def test_a_measure_that_gives_something_else_is_refused():
    comparison = Comparison("c", ("a",), lambda one, two: {"hight": 1.0}, ("height",))
    with pytest.raises(BadInput, match=r"promises the series \['height'\], but its measure gave \['hight'\]"):
        compared(comparison, (member(0), member(1)), ({}, {}))


def test_a_mark_that_was_never_reached_leaves_no_reading_but_a_mistake_is_not_hidden():
    point = {"edge": torch.ones(2)}
    comparison = Comparison("c", ("a",), lambda one, two: {"x": (one["edge"] @ two["edge"]).item()}, ("x",))
    pair = (member(0), member(1))
    assert compared(comparison, pair, (point, point)).series["x"].values.tolist() == [2.0]
    assert dict(compared(comparison, pair, (point, {})).series) == {}
    wrong = Comparison("c", ("a",), lambda one, two: {"x": {}["oops"]}, ("x",))
    with pytest.raises(KeyError):
        compared(wrong, pair, (point, point))


@pytest.mark.parametrize("of", [(), ("a", "a"), ("a", "b", "c")])
def test_a_comparison_is_of_one_or_two_arms(of):
    with pytest.raises(BadInput, match="of one arm or of two different ones"):
        Comparison("c", of, departure, ())


@pytest.mark.parametrize("name", ["", " ", "..", "a/b", "a\\b", "a\0"])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(BadInput, match="also names a file"):
        Comparison(name, ("a",), departure, ())


def test_departure_by_hand():
    start = torch.tensor([1.0, 1.0])
    first = {"initial": start, "final": torch.tensor([4.0, 1.0])}
    second = {"initial": start, "final": torch.tensor([1.0, 5.0])}
    found = departure(first, second)
    assert found == {"relative distance": pytest.approx(5 / 4), "cosine": pytest.approx(0.0)}
    assert departure(second, first)["relative distance"] == pytest.approx(5 / 3)


def test_a_member_that_was_not_trained_has_no_loss():
    with pytest.raises(BadInput, match="s0 was not trained"):
        Kept({}, member(0)).objective()


def test_two_linear_models_are_not_compared_but_two_points_of_one_are():
    start, here, there = torch.zeros(3), torch.ones(3), torch.tensor([1.0, 2.0, 3.0])
    points = ({"initial": start, "final": here}, {"initial": start, "final": there})
    one = recipe(dynamics="linearised")
    fork = dataclasses.replace(one, start=Point(one, 3), order=1)
    read = [
        set(compared(TWO, (member(0), member(0)), points, pair).series)
        for pair in ((one, dataclasses.replace(one, initialisation=1)), (one, fork), (one, recipe()))
    ]
    assert read == [set(), {"relative distance", "cosine"}, {"relative distance", "cosine"}]


def test_records_of_two_linear_models_are_compared_all_the_same():
    lead = Comparison("lead", ("a", "b"), lambda a, b: {"lead": a.record.seed - b.record.seed}, ("lead",))
    one = recipe(dynamics="linearised")
    found = compared(lead, (member(5), member(2)), ({}, {}), (one, dataclasses.replace(one, initialisation=1)))
    assert found.series["lead"].values.tolist() == [3.0]


def test_the_loss_of_two_linear_models_is_no_common_one():
    def measure(first, second):
        return {"loss": first.objective().loss() - second.objective().loss()}

    one = recipe(dynamics="linearised")
    other = dataclasses.replace(one, initialisation=1)
    found = compared(
        Comparison("losses", ("a", "b"), measure, ("loss",)), (member(0), member(0)), ({}, {}), (one, other)
    )
    assert not found.series


def test_a_linear_model_under_a_mask_has_no_loss_to_compare_at_but_a_network_has():
    sparse = recipe(dynamics="linearised", mask=RandomMask(0.5))
    losses = Comparison("losses", ("a", "b"), lambda a, b: {"loss": a.objective().loss()}, ("loss",))
    for made, expected in ((sparse, set()), (dataclasses.replace(sparse, dynamics="network"), {"loss"})):
        assert set(compared(losses, (member(0), member(0)), ({}, {}), (made, made)).series) == expected
