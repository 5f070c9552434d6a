"""Recipes: settings by name, ids that stay, refusals, and which of them advance together."""

import dataclasses

import pytest

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import from_json, identity, to_json
from phenoscope.data import Dataset, GaussianClusters
from phenoscope.models import CNN, MLP
from phenoscope.objective import CrossEntropy, SquaredError
from phenoscope.training import (
    Adam,
    CentralFlow,
    Clipped,
    Cosine,
    Drop,
    GradientDescent,
    GradientFlow,
    HeavyBall,
    Point,
    Recipe,
    Warmup,
    WeightDecay,
    cohorts,
    settings,
    shape_of,
    with_setting,
)

DATA = Dataset(GaussianClusters(3, 8, 1.5, 40), train=25, test=10)
BASE = Recipe(DATA, MLP((4,)), SquaredError(), GradientDescent(0.1), 20)


def recipe(**changes):
    return dataclasses.replace(BASE, **changes)


def test_equal_recipes_have_equal_ids():
    assert identity(recipe()) == identity(recipe())
    assert identity(recipe(rule=GradientDescent(1))) == identity(recipe(rule=GradientDescent(1.0)))
    different = [
        recipe(),
        recipe(seed=1),
        recipe(steps=21),
        recipe(batch=5),
        recipe(dtype="float64"),
        recipe(dynamics="linearised"),
        recipe(loss=CrossEntropy()),
        recipe(rule=GradientDescent(0.2)),
        recipe(rule=HeavyBall(0.1)),
        recipe(model=MLP((5,))),
        recipe(start=Point(recipe(), 3)),
        recipe(start=Point(recipe(), 4)),
        recipe(start=Point(recipe(seed=1), 3)),
    ]
    assert len({identity(one) for one in different}) == len(different)
    for one in different:
        assert from_json(to_json(one)) == one


def test_golden_ids():
    """A field, a default or a version that changes shows here: raise the version where behaviour did."""
    assert identity(recipe()) == "1d324faadbe37fc0"
    forked = recipe(rule=WeightDecay(Clipped(Adam(Cosine(0.1, 10)), 1.0), 0.1), start=Point(recipe(), "edge"), batch=5)
    assert identity(forked) == "b2b63fdb2d9c725b"


def test_settings_are_set_by_name_wherever_they_lie():
    assert with_setting(recipe(), "lr", 0.3).rule == GradientDescent(0.3)
    assert with_setting(recipe(), "seed", 4).seed == 4
    assert with_setting(recipe(), "widths", (7, 7)).model.widths == (7, 7)
    assert with_setting(recipe(), "separation", 2.0).data.source.separation == 2.0
    wrapped = recipe(rule=WeightDecay(Clipped(HeavyBall(0.1), 1.0), 0.1))
    assert with_setting(wrapped, "momentum", 0.5).rule.of.of.momentum == 0.5
    assert with_setting(wrapped, "decay", 0.0).rule.decay == 0.0
    assert recipe() == BASE


def test_parents_follow_except_in_their_length():
    fork = recipe(start=Point(recipe(steps=9), 3))
    assert with_setting(fork, "seed", 5).start.recipe.seed == 5
    assert with_setting(fork, "widths", (6,)).start.recipe.model.widths == (6,)
    assert with_setting(fork, "steps", 100).start.recipe.steps == 9
    other = recipe(rule=HeavyBall(0.1), start=Point(recipe(), 3))
    assert with_setting(other, "momentum", 0.5).start.recipe.rule == GradientDescent(0.1)


def test_where_a_fork_leaves_is_a_setting_of_its_own():
    fork = recipe(steps=4, start=Point(recipe(start=Point(recipe(steps=9), 2)), 3), order=1)
    moved = with_setting(with_setting(fork, "at", 7), "order", 2)
    assert (moved.start.at, moved.order) == (7, 2)
    assert (moved.start.recipe.start.at, moved.start.recipe.order) == (2, None)
    assert with_setting(fork, "initialisation", 5).start.recipe.initialisation == 5
    assert settings(moved).items() >= {"start.at": 7.0, "order": 2.0, "steps": 4.0}.items()
    assert "start.at" not in settings(recipe(start=Point(recipe(), "mark")))
    assert "order" not in settings(recipe())


@pytest.mark.parametrize(
    ("name", "says"),
    [("height", "names no field"), ("classes", r"names 2 fields \(data.source.classes, data.classes\)")],
)
def test_a_setting_names_one_field(name, says):
    with pytest.raises(BadInput, match=says):
        with_setting(recipe(), name, 1)


def test_settings_with_bad_values_are_refused_by_their_spec():
    with pytest.raises(BadInput, match="`lr` of GradientDescent"):
        with_setting(recipe(), "lr", -1.0)


def test_the_numbers_of_a_recipe():
    found = settings(recipe(rule=WeightDecay(Clipped(HeavyBall(0.1, 0.8), 2.0), 0.3), batch=5, seed=6))
    wanted = {
        "steps": 20,
        "seed": 6,
        "batch": 5,
        "decay": 0.3,
        "norm": 2.0,
        "lr": 0.1,
        "momentum": 0.8,
        "data.train": 25,
    }
    assert found.items() >= wanted.items()
    assert "batch" not in settings(recipe())
    assert "lr" not in settings(recipe(rule=GradientDescent(Cosine(0.1, 10))))
    scheduled = settings(recipe(rule=WeightDecay(GradientDescent(Warmup(5, Drop(0.4, 10, 0.2))), 0.3)))
    wanted = {"lr.steps": 5.0, "lr.then.before": 0.4, "lr.then.when": 10.0, "lr.then.after": 0.2, "decay": 0.3}
    assert {name: value for name, value in scheduled.items() if name.startswith(("lr", "decay"))} == wanted
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"steps": 0}, "steps and batch of at least 1"),
        ({"batch": 0}, "steps and batch of at least 1"),
        ({"dynamics": "quadratic", "batch": 5}, "leave `batch` out"),
        ({"rule": CentralFlow(0.1), "batch": 5}, "theory of CentralFlow is about the loss on all data"),
        ({"rule": Clipped(GradientFlow(0.1), 1.0), "batch": 5}, "leave `batch` out"),
        ({"start": Point(recipe(model=MLP((5,))), 1)}, "same model"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(changes, says):
    with pytest.raises(BadInput, match=says):
        recipe(**changes)


def test_a_shape_is_all_but_seeds_parents_wrong_labels_and_the_rules_numbers():
    shape = shape_of(recipe())
    for same in (
        recipe(seed=3),
        recipe(order=2),
        recipe(initialisation=2),
        recipe(rule=GradientDescent(Cosine(0.1, 5))),
        recipe(data=dataclasses.replace(DATA, label_noise=0.2)),
    ):
        assert shape_of(same) == shape
    changes = ({"steps": 3}, {"batch": 5}, {"rule": HeavyBall(0.1)}, {"model": MLP((5,))}, {"dtype": "float64"},
               {"data": dataclasses.replace(DATA, train=24)})  # fmt: skip
    for different in (*changes, {"rule": WeightDecay(GradientDescent(0.1), 0.0)}, {"start": Point(recipe(), 3)}):
        assert shape_of(recipe(**different)) != shape
    wrapped = [recipe(rule=WeightDecay(rule, 0.1)) for rule in (GradientDescent(0.1), HeavyBall(0.1))]
    assert shape_of(wrapped[0]) != shape_of(wrapped[1])
    fork = recipe(start=Point(recipe(), 3))
    assert shape_of(recipe(start=Point(recipe(seed=1, steps=9), 3))) == shape_of(fork)
    assert shape_of(recipe(start=Point(recipe(), 4))) != shape_of(fork)


def test_recipes_are_grouped():
    a, b, linear = recipe(), recipe(rule=HeavyBall(0.1)), recipe(dynamics="linearised")
    many = [a, b, a, linear, linear, b, a]
    assert cohorts(many, [1] * 7) == [[0, 2, 6], [1, 5], [3, 4]]
    assert cohorts(many, [1] * 7, most=2) == [[0, 2], [6], [1, 5], [3, 4]]
    assert cohorts([a, a, a], [10**9, 1, 1]) == [[0], [1, 2]]
    assert cohorts([a] * 7, [17_000_000] * 7) == [[0, 1, 2, 3, 4], [5, 6]]  # no more than fill a core
    mapped = dataclasses.replace(a, model=CNN())
    assert cohorts([mapped, mapped, a, a], [3_000_000] * 4) == [[0], [1], [2, 3]]
    assert cohorts([dataclasses.replace(mapped, dynamics="linearised")] * 2, [1] * 2) == [[0], [1]]
    assert cohorts([], []) == []
