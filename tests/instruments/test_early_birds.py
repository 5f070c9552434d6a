"""Channels chosen by their gains, and whether that choice has come to rest: against loops and simulation."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from oracles import normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import channel_masks, early_bird, largest_gains


def network(first, second):
    model = nn.Sequential(
        nn.Conv2d(1, len(first), 3), nn.BatchNorm2d(len(first)), nn.ReLU(),
        nn.Conv2d(len(first), len(second), 3), nn.GroupNorm(1, len(second)), nn.Flatten(), nn.LazyLinear(2),
    )  # fmt: skip
    model(torch.zeros(2, 1, 8, 8))
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor(first))
        model[4].weight.copy_(torch.tensor(second))
    return model


SIZES = st.lists(st.floats(-4, 4, width=32), min_size=2, max_size=6)


@settings(deadline=None, max_examples=25)
@given(SIZES, SIZES, st.floats(0, 0.9))
def test_the_largest_gains_of_all_layers_stay_whatever_their_sign(first, second, sparsity):
    sizes = np.abs(np.float32(first + second))
    kept = max(1, round(len(sizes) * (1 - sparsity)))
    found = largest_gains({"a": torch.tensor(first), "b": torch.tensor(second)}, 1 - kept / len(sizes))
    flags = torch.cat(list(found.values())).numpy()
    assert flags.sum() == kept
    assert np.sort(sizes[flags]).tolist() == np.sort(sizes)[len(sizes) - kept :].tolist()


def test_gains_are_those_of_normalisation_one_a_channel():
    masks = channel_masks(network([0.1, -2.0, 0.3], [1.0, 0.2]), sparsity=0.6)
    assert {name: mask.tolist() for name, mask in masks.items()} == {
        "1.weight": [False, True, False],
        "4.weight": [True, False],
    }


def test_equal_gains_are_decided_by_chance_and_each_time_alike():
    model = network([1.0] * 8, [1.0] * 8)
    once, again = (channel_masks(model, sparsity=0.5) for _ in range(2))
    assert early_bird([once, again], window=2).value == 0
    assert all(0 < int(mask.sum()) < 8 for mask in once.values())
    other = channel_masks(model, sparsity=0.5, generator=seeded(5))
    assert early_bird([once, other], window=2).value > 0


def test_the_model_stays_as_it_is():
    model = network([0.1, 2.0, -3.0], [0.5, 0.4])
    before = copy.deepcopy(model.state_dict())
    channel_masks(model, sparsity=0.4)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training


def test_what_cannot_be_chosen_is_said():
    with pytest.raises(BadInput, match="no channels to choose from"):
        channel_masks(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), sparsity=0.5)
    with pytest.raises(BadInput, match=r"a sparsity of 1\.0 leaves none of 4 channels"):
        channel_masks(network([1.0, 2.0], [1.0, 2.0]), sparsity=1.0)
    with pytest.raises(BadInput, match="a gain is not finite"):
        channel_masks(network([1.0, math.nan], [1.0, 2.0]), sparsity=0.5)


def rows(history):
    return [{"b": torch.tensor(row[2:]), "a": torch.tensor(row[:2])} for row in history]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=7),
    st.integers(2, 4),
    st.sampled_from([0.0, 0.2, 0.4]),
)
def test_distances_and_the_draw_are_those_of_loops(history, window, below):
    found = early_bird(rows(history), window=window, below=below)
    for i, j in itertools.product(range(len(history)), repeat=2):
        differing = sum(one != other for one, other in zip(history[i], history[j], strict=True)) / 5
        assert found.distances[i, j].item() == pytest.approx(differing, abs=1e-12)
    drawn, last = None, math.nan
    for end in range(window - 1, len(history)):
        pairs = itertools.combinations(history[end - window + 1 : end + 1], 2)
        last = max(sum(a != b for a, b in zip(one, other, strict=True)) for one, other in pairs) / 5
        if drawn is None and last <= below + 1e-12:
            drawn = end
    assert found.drawn == drawn
    assert found.value == pytest.approx(last, abs=1e-12, nan_ok=True)


def test_masks_that_drift_are_not_at_rest_though_each_is_near_the_one_before():
    """One entry in ten changes at a time: neighbours are a tenth apart, five masks four tenths."""
    history = [[place < moved for place in range(10)] for moved in range(8)]
    found = early_bird(rows(history))
    assert (found.value, found.drawn) == (pytest.approx(0.4), None)
    assert early_bird(rows(history), window=2).drawn == 1


def test_random_masks_are_as_far_apart_as_is_said():
    keeps, generator = (12, 18), seeded(1)
    flags = [torch.arange(40) < kept for kept in keeps]
    masks = [{"m": flag[torch.randperm(40, generator=generator)]} for flag in flags * 400]
    means = [early_bird([a, b], window=2).value for a, b in zip(masks[::2], masks[1::2], strict=True)]
    expected = 0.3 * 0.55 + 0.7 * 0.45
    assert np.mean(means) == pytest.approx(expected, abs=4 * np.std(means) / 20)
    steady = early_bird([masks[0]] * 3, window=3)
    assert steady.random == pytest.approx(2 * 0.3 * 0.7)
    assert steady.relative == 0


def test_a_reading_says_what_it_rests_on():
    steady = {"m": torch.tensor([True, False])}
    assert "drawn at the mask in place 4" in str(early_bird([steady] * 6))
    early = early_bird([steady] * 3)
    assert math.isnan(early.value)
    assert "not drawn yet" in early.evidence
    with pytest.raises(BadInput, match=r"masks and a window of 2 or more, got 0 and 5"):
        early_bird([])
    with pytest.raises(BadInput, match="of different ones"):
        early_bird([steady, {"m": torch.tensor([True])}])


def test_any_masks_do():
    """Those of weights, too, of every shape."""
    masks = [{"w": normal(3, 2, seed=seed) > 0} for seed in range(3)]
    found = early_bird(masks, window=2)
    assert found.distances[0, 1].item() == pytest.approx((masks[0]["w"] != masks[1]["w"]).double().mean().item())
