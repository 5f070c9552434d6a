"""Training with fewer channels: which are held, what that means for the network, and that it lasts."""

import dataclasses

import pytest
import torch
from torch.testing import assert_close

from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.data import dataset
from phenoscope.instruments import channel_masks
from phenoscope.models import CNN, MLP
from phenoscope.objective import CrossEntropy
from phenoscope.training import Adam, Channels, HeavyBall, Point, Recipe, Start, objective_of, train

DENSE = Recipe(
    dataset("digits", train=40, test=20), CNN((4, 6), kernel=3, normalisation="layer"), CrossEntropy(),
    HeavyBall(0.05), 4, batch=20, seed=3, dtype="float64",
)  # fmt: skip
HALF = dataclasses.replace(DENSE, start=Point(DENSE, 4), mask=Channels(0.5))


def forked(recipe, parent=DENSE):
    (*_, last) = train([parent])
    return last, list(train([recipe], start=Start(last.points)))


def layers(model):
    return model.body[2], model.body[6]


def test_the_largest_gains_of_the_start_stay_and_the_others_are_held_at_0_with_their_biases():
    last, states = forked(HALF)
    model = objective_of(DENSE).model
    write(last.points[0], model)
    kept = channel_masks(model, sparsity=0.5)
    assert sum(int(mask.sum()) for mask in kept.values()) == 5
    for state in (states[0], states[-1]):
        write(state.points[0], model)
        for (name, mask), layer in zip(kept.items(), layers(model), strict=True):
            assert model.get_parameter(name) is layer.weight
            assert torch.equal(layer.weight != 0, mask)
            assert torch.equal(layer.bias != 0, mask)
    assert int((states[-1].points == 0).sum()) == 2 * 5  # nothing else is held


def test_what_goes_into_such_a_channel_and_out_of_it_is_without_effect():
    _, states = forked(HALF)
    objective = objective_of(DENSE)
    model = objective.model
    write(states[-1].points[0], model)
    (inputs, _), = objective.terms.passes()  # fmt: skip
    expected = model(inputs)
    gone = layers(model)[0].weight == 0
    with torch.no_grad():
        model.body[5].weight[:, gone] = 7.0  # the second convolution's weights behind them
    assert_close(model(inputs), expected, rtol=0, atol=1e-12)
    with torch.no_grad():
        model.body[5].weight[:, ~gone] += 1.0
    assert not torch.allclose(model(inputs), expected)


def test_at_random_each_layer_keeps_as_many():
    counts = []
    for how in ("gains", "random"):
        _, states = forked(dataclasses.replace(HALF, mask=Channels(0.5, how)))
        model = objective_of(DENSE).model
        write(states[0].points[0], model)
        counts.append([layer.weight != 0 for layer in layers(model)])
    assert [int(mask.sum()) for mask in counts[0]] == [int(mask.sum()) for mask in counts[1]]
    assert any(not torch.equal(one, other) for one, other in zip(*counts, strict=True))


def test_frozen_features_have_the_same_channels():
    plain = list(train([dataclasses.replace(DENSE, mask=Channels(0.5))]))
    frozen = list(train([dataclasses.replace(DENSE, mask=Channels(0.5), dynamics="linearised")]))
    assert torch.equal(plain[0].points, frozen[0].points)
    assert torch.equal(plain[-1].points == 0, frozen[-1].points == 0)


def test_what_has_no_channels_is_refused():
    made = dataclasses.replace(DENSE, model=MLP((4,)), rule=Adam(0.1), mask=Channels(0.5))
    made = dataclasses.replace(made, data=dataclasses.replace(made.data, flat=True))
    with pytest.raises(BadInput, match="no channels to choose from"):
        next(train([made]))
    with pytest.raises(BadInput, match=r"above 0 and at most 1, got 0\.0"):
        Channels(0.0)
    with pytest.raises(BadInput, match="how channels are chosen"):
        Channels(0.5, "smallest")
