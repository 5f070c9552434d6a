"""Every phenomenon with frozen features: what is frozen, what stays, and what has nothing to freeze."""

import dataclasses

import pytest

from phenoscope import atlas
from phenoscope.atlas import find, frozen
from phenoscope.atlas.freezing import WHY_NOT
from phenoscope.core.errors import BadInput
from phenoscope.engine import resume, run
from phenoscope.methods import Freezable
from phenoscope.objective import CrossEntropy
from phenoscope.training import GradientDescent, Inherited, Point, RandomMask, Recipe
from small import Growth, arm, phenomenon, recipe


def dynamics(made) -> list[str]:
    """Of a recipe and of those that it starts from."""
    parents = [each.recipe for each in (made.start, made.mask) if isinstance(each, Point | Inherited)]
    return [made.dynamics, *(found for parent in parents for found in dynamics(parent))]


def trains(made) -> bool:
    return any(isinstance(arm.recipe, Recipe | Freezable) for arm in made.arms)


@pytest.mark.parametrize("name", sorted(atlas.ATLAS))
def test_every_phenomenon_has_a_frozen_twin_or_says_why_not(name):
    plain = find(name, scale="smoke")
    if not trains(plain):
        with pytest.raises(BadInput, match=f"{name} has no twin with frozen features: ") as refused:
            find(name, scale="smoke", control="linearised")
        assert all(WHY_NOT[type(arm.recipe)] in str(refused.value) for arm in plain.arms)
        return
    twin = frozen(plain)
    assert twin.claims is plain.claims  # the same sentences, statistics and regions
    assert twin.comparisons is plain.comparisons
    found = find(name, scale="smoke", control="linearised")
    assert found.options == twin.options == {**plain.options, "control": "linearised"}
    assert [arm.recipe for arm in found.arms] == [arm.recipe for arm in twin.arms]
    assert twin.pilot_seeds == plain.pilot_seeds
    for mine, its in zip(twin.arms, plain.arms, strict=True):
        assert dataclasses.replace(mine, recipe=its.recipe) == its
        if isinstance(mine.recipe, Recipe):
            assert set(dynamics(mine.recipe)) == {"linearised"}
            own = {"dynamics": its.recipe.dynamics, "start": its.recipe.start, "mask": its.recipe.mask}
            assert dataclasses.replace(mine.recipe, **own) == its.recipe
        elif isinstance(its.recipe, Freezable):
            assert mine.recipe == its.recipe.frozen() == mine.recipe.frozen()
        else:
            assert mine.recipe is its.recipe
    with pytest.raises(BadInput, match="linear already"):
        frozen(twin)


def test_computations_of_others_are_refused_by_their_name():
    with pytest.raises(BadInput, match=r"no arm trains a network by a recipe, and its members are computed \(Growth\)"):
        frozen(phenomenon(arm("grown", Growth()), claims=()))


def test_what_only_computes_is_left_alone_beside_what_trains():
    twin = frozen(phenomenon(arm(), arm("grown", Growth())))
    assert twin.arm("grown").recipe == Growth()
    assert twin.arm("main").recipe == recipe(dynamics="linearised")


def test_a_quadratic_model_is_a_linear_network_with_squared_error_only():
    assert frozen(phenomenon(arm(made=recipe(dynamics="quadratic")))).arms[0].recipe.dynamics == "linearised"
    with pytest.raises(BadInput, match="another loss than squared error"):
        frozen(phenomenon(arm(made=recipe(dynamics="quadratic", loss=CrossEntropy()))))


def test_masks_are_taken_over_from_frozen_runs_too():
    sparse = recipe(mask=RandomMask(0.5))
    heir = recipe(mask=Inherited(sparse, 0))
    found = frozen(phenomenon(arm(made=sparse), arm("heir", heir))).arm("heir").recipe
    assert dynamics(found) == ["linearised", "linearised"]


def test_unknown_controls_are_refused_with_those_there_are():
    with pytest.raises(BadInput, match="`control` must be one of linearised, got 'lazy'"):
        find("edge_of_stability", control="lazy")


def test_a_frozen_run_has_a_folder_of_its_own_and_can_be_gone_on_with(tmp_path, monkeypatch):
    parent = recipe(steps=4)
    child = arm("later", recipe(steps=2, start=Point(parent, 4)))

    def made(scale: str):
        return phenomenon(arm(made=parent), child, name="small_one", scale=scale)

    monkeypatch.setitem(atlas.ATLAS, "small_one", made)
    plain = run("small_one", scale="smoke", out=tmp_path, jobs=1)
    twin = run("small_one", scale="smoke", control="linearised", out=tmp_path, jobs=1)
    assert (plain.path.name, twin.path.name) == ("small_one-smoke", "small_one-smoke-linearised")
    assert "--control linearised" in twin.command
    assert {arm.recipe["dynamics"] for arm in twin.arms} == {"linearised"}
    again = resume(twin.path, jobs=1)
    assert [verdict.estimate for verdict in again.verdicts] == [verdict.estimate for verdict in twin.verdicts]
    longer = run(
        phenomenon(arm(made=recipe(steps=6, dynamics="linearised", rule=GradientDescent(0.1)))), out=tmp_path, jobs=1
    )
    # the child goes on where a longer run of the same linear model would: its expansion point is its parent's
    last = [record.series["loss"].values[-1] for record in twin.records["later"]]
    assert last == pytest.approx([record.series["loss"].values[-1] for record in longer.records["main"]], rel=1e-12)
