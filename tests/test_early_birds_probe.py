"""Early birds along training: the series are those of the detector on masks that are read one by one."""

import dataclasses

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.core.trees import packed
from phenoscope.data import dataset
from phenoscope.instruments import channel_masks, early_bird
from phenoscope.models import CNN, MLP
from phenoscope.objective import CrossEntropy
from phenoscope.probes import EarlyBirds, series_units
from phenoscope.training import HeavyBall, Recipe, objective_of, train

MADE = Recipe(
    dataset("digits", train=40, test=20), CNN((4, 6), kernel=3, normalisation="layer"), CrossEntropy(),
    HeavyBall(0.2), 12, batch=20, seed=3,
)  # fmt: skip
PROBE = EarlyBirds(every=2, sparsity=0.3, window=3)


def series(recipes, probe=PROBE):
    found, memory = {}, None
    for state in train(recipes):
        if probe.due(state.step):
            rows, memory = probe.update(state, memory)
            packed(memory, "")  # goes into a checkpoint
            for each in rows:
                found.setdefault(each.name, {})[each.step] = each.values.tolist()
    return found


def test_the_series_are_what_the_detector_says_of_each_network():
    recipes = [dataclasses.replace(MADE, seed=seed) for seed in (3, 4)]
    found = series(recipes)
    assert set(found) == set(series_units((PROBE,)))
    models = [objective_of(recipe).model for recipe in recipes]
    masks: list[list] = [[], []]
    for state in train(recipes):
        if state.step % 2:
            continue
        for row, model in enumerate(models):
            write(state.points[row], model)
            masks[row].append(channel_masks(model, sparsity=0.3))
            shares = [int(mask.sum()) / len(mask) for mask in masks[row][-1].values()]
            assert found["least layer share"][state.step][row] == pytest.approx(min(shares))
            apart = early_bird(masks[row], window=3)
            if state.step < 4:
                assert state.step not in found["channel mask distance"]
                continue
            assert found["channel mask distance"][state.step][row] == pytest.approx(apart.value, abs=1e-12)
            relative = found["channel mask distance / random"][state.step][row]
            assert relative == pytest.approx(apart.value / (2 * 0.3 * 0.7), abs=1e-12)
    assert max(max(values) for values in found["channel mask distance"].values()) > 0


def test_frozen_features_have_gains_too():
    found = series([dataclasses.replace(MADE, dynamics="linearised")])
    assert set(found["channel mask distance"]) == {4, 6, 8, 10, 12}


def test_what_cannot_be_read_is_said():
    with pytest.raises(BadInput, match="a sparsity between 0 and 1 and a window of 2 or more"):
        EarlyBirds(sparsity=1.0)
    flat = dataclasses.replace(MADE.data, flat=True)
    with pytest.raises(BadInput, match="no channels to choose from"):
        PROBE.update(next(train([dataclasses.replace(MADE, data=flat, model=MLP((3,)))])), None)


def test_nothing_moves_without_a_rate_worth_the_name():
    found = series([dataclasses.replace(MADE, rule=HeavyBall(1e-12))])
    assert all(values == [0.0] for values in found["channel mask distance"].values())
    assert torch.isfinite(torch.tensor(list(found["channel mask distance / random"].values()))).all()
