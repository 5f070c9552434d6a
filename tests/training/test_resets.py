"""What a sparse network begins with: signs, sizes and places apart, each kept exactly where it is said to be kept."""

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from oracles import normal
from phenoscope.core.errors import BadInput
from phenoscope.core.points import Layout, layout
from phenoscope.core.seeds import stream
from phenoscope.core.specs import from_json, identity, to_json
from phenoscope.data import Dataset, GaussianClusters
from phenoscope.models import MLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import (
    Adam,
    AdamW,
    GradientDescent,
    HeavyBall,
    RandomMask,
    Recipe,
    Reset,
    Rounds,
    Sam,
    WeightDecay,
    layers,
    prunable,
    shape_of,
    train,
)
from phenoscope.training.resets import CHANGES, RESTS

WIDE: Layout = layout(MLP((6,)).build(stream(0, "init"), inputs=(5,), outputs=3))
WEIGHTS = prunable(WIDE)
POINT = normal(WIDE.size, seed=1)
MASK = (normal(WIDE.size, seed=2) > 0) | ~WEIGHTS
DATA = Dataset(GaussianClusters(classes=3, dimensions=5, separation=1.0, examples=30), train=20, test=10)


def begun(reset, seed=0, mask=MASK):
    return reset.begun(POINT, mask, WIDE, torch.Generator().manual_seed(seed))


def recipe(**changes):
    plain = Recipe(DATA, MLP((6,)), CrossEntropy(), Adam(0.05), 8, dtype="float64", mask=RandomMask(0.4))
    return dataclasses.replace(plain, **changes)


def multiset(values):
    return values.sort().values


@pytest.mark.parametrize("to", CHANGES)
def test_only_trained_weights_change(to):
    found = begun(Reset(to, rest="start"))
    assert torch.equal(found[~MASK | ~WEIGHTS], POINT[~MASK | ~WEIGHTS])
    if to != "as drawn":
        zero = begun(Reset(to))
        assert (zero[~MASK] == 0).all()
        assert torch.equal(zero[MASK], found[MASK])
        assert not torch.equal(zero[MASK], POINT[MASK])


def test_signs_and_sizes_are_taken_apart():
    found = {to: begun(Reset(to, rest="start")) for to in CHANGES}
    for _, place in layers(WIDE):
        kept = MASK[place]
        own = POINT[place][kept]
        now = {to: values[place][kept] for to, values in found.items()}
        size = (POINT[place].square().sum() / kept.numel()).sqrt()
        assert_close(now["signs"], torch.where(own > 0, size, -size), rtol=1e-12, atol=0)
        assert_close(now["constant"].abs(), size.expand_as(own), rtol=1e-12, atol=0)
        assert torch.equal(now["random signs"].abs(), own.abs())
        assert torch.equal(now["other sizes"].sign(), own.sign())
        assert torch.isin(now["other sizes"].abs(), POINT[place].abs()).all()
        assert len(now["other sizes"].abs().unique()) == len(own)
        assert not torch.isin(now["other sizes"].abs(), own.abs()).all()  # of the whole layer, not of what is trained
        assert torch.equal(multiset(now["reshuffled"]), multiset(own))
    trained = MASK & WEIGHTS
    for to in ("random signs", "constant"):
        same = (found[to].sign() == POINT.sign())[trained]
        assert same.any()
        assert not same.all()


@pytest.mark.parametrize("to", [to for to in CHANGES if to != "as drawn"])
def test_the_stream_decides(to):
    assert torch.equal(begun(Reset(to), 3), begun(Reset(to), 3))
    assert torch.equal(begun(Reset(to), 3), begun(Reset(to), 4)) == (to == "signs")


@given(seed=st.integers(0, 50), density=st.floats(0.02, 1.0))
def test_as_many_weights_are_trained_and_no_other_layer_is_touched(seed, density):
    mask = (torch.rand(WIDE.size, generator=torch.Generator().manual_seed(seed)) < density) | ~WEIGHTS
    for to in ("signs", "random signs", "reshuffled", "other sizes", "constant"):
        found = begun(Reset(to), seed, mask)
        assert torch.equal(found != 0, mask)


@pytest.mark.parametrize(
    "rule", [GradientDescent(0.1), HeavyBall(0.1), AdamW(0.05, 0.3), WeightDecay(Adam(0.05), 0.3)],
    ids=["descent", "momentum", "decoupled decay", "decay"],
)  # fmt: skip
def test_what_is_held_at_its_start_stays_there_under_any_decay(rule):
    states = list(train([recipe(rule=rule, reset=Reset(rest="start"), seed=seed) for seed in (0, 1)]))
    first, last = states[0], states[-1]
    held = ~first.mask
    assert (first.points[held] != 0).all()
    assert torch.equal(last.points[held], first.points[held])
    assert not torch.equal(last.points[~held], first.points[~held])
    plain = next(iter(train([recipe(rule=rule)])))
    assert torch.equal(plain.points[0][plain.mask[0]], first.points[0][plain.mask[0]])
    for name in ("momentum", "mean", "square"):
        assert name not in last.memory or (last.memory[name][held] == 0).all()


def test_a_network_whose_others_are_held_is_trained_as_by_hand():
    asked = recipe(rule=GradientDescent(0.1), reset=Reset(rest="start"))
    states = list(train([asked]))
    point, mask, objective = states[0].points[0], states[0].mask[0], states[0].objective(0)
    for state in states[1:]:
        point = point - 0.1 * objective.gradient(point) * mask
        assert_close(state.points[0], point, rtol=1e-10, atol=1e-12)


def test_resets_of_many_kinds_advance_together():
    kinds = [recipe(reset=None if to == "as drawn" else Reset(to)) for to in CHANGES]
    assert len({shape_of(one) for one in kinds}) == 1
    assert shape_of(kinds[0]) != shape_of(recipe(reset=Reset(rest="start")))
    together = list(train(kinds))[-1].points
    for row, one in enumerate(kinds):
        assert_close(together[row], list(train([one]))[-1].points[0], rtol=1e-9, atol=1e-11)


def test_a_recipe_without_a_reset_is_what_it_was():
    assert '"reset"' not in to_json(recipe())
    asked = recipe(reset=Reset("signs"))
    assert from_json(to_json(asked)) == asked
    assert len({identity(one) for one in (recipe(), asked, recipe(reset=Reset("constant")))}) == 3


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Reset("louder"), "what weights are reset to"),
        (lambda: Reset("signs", "somewhere"), "where the rest is held"),
        (Reset, "changes nothing"),
        (lambda: recipe(mask=None, reset=Reset("signs")), "`mask`"),
        (lambda: recipe(pruning=Rounds(2, 2), reset=Reset("signs")), "no `pruning`"),
        (lambda: recipe(rule=Sam(GradientDescent(0.1), 0.1), reset=Reset(rest="start")), "Hold them at zero"),
    ],
    ids=["kind", "rest", "nothing", "dense", "rounds", "sam"],
)
def test_what_makes_no_sense_is_refused(make, says):
    with pytest.raises(BadInput, match=says):
        make()
    assert RESTS == ("zero", "start")
