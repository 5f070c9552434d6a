"""Masks on untrained weights, against networks put together by hand; and a search that leaves the weights alone."""

import dataclasses

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.data import dataset
from phenoscope.methods import EdgePopup, Supermask
from phenoscope.methods.supermasks import CRITERIA, largest_share
from phenoscope.training import train

DATA = dataset("digits", train=120, test=80, flat=True)
MASK = Supermask(DATA, kept=0.4, width=14, depth=1, steps=25, seed=3)
SEARCH = EdgePopup(DATA, kept=0.5, width=30, depth=1, steps=40, batch=40, seed=4)


def last(made):
    return list(made.readings())[-1].values


@pytest.mark.parametrize("criterion", ["large final, same sign", "large final", "movement", "magnitude increase"])
def test_untrained_accuracies_are_those_of_networks_put_together_by_hand(criterion):
    states = list(train([MASK.recipe]))
    layout, draw = states[0].landscape.network.layout, states[0].landscape.draws[0]
    first, final = ([v.numpy() for v in layout.unravel(s.points[0]).values()] for s in (states[0], states[-1]))
    scores = {
        "large final, same sign": lambda a, b: np.abs(b) * (np.sign(a) == np.sign(b)),
        "large final": lambda a, b: np.abs(b),
        "movement": lambda a, b: np.abs(b - a),
        "magnitude increase": lambda a, b: np.abs(b) - np.abs(a),
    }[criterion]

    def accuracy(layers):
        hidden = np.maximum(draw.test.inputs.numpy() @ layers[0].T, 0)
        return float(((hidden @ layers[1].T).argmax(axis=1) == draw.test.targets.numpy()).mean())

    masks = []
    for a, b in zip(first, final, strict=True):
        score = scores(a, b)
        masks.append(score >= np.sort(score.ravel())[-round(0.4 * score.size)])
    plain = [a * mask for a, mask in zip(first, masks, strict=True)]
    signs = [np.sign(a) * np.sqrt((a**2).mean()) * mask for a, mask in zip(first, masks, strict=True)]
    found = last(dataclasses.replace(MASK, criterion=criterion))
    assert found["untrained accuracy"] == pytest.approx(accuracy(plain))
    assert found["constant accuracy"] == pytest.approx(accuracy(signs))
    assert found["trained accuracy"] == pytest.approx(accuracy(final))


def test_criteria_by_hand():
    first, final = torch.tensor([1.0, -2.0, 0.5, -0.1]), torch.tensor([1.5, 0.5, -0.5, -3.0])
    expected = {
        "large final, same sign": [1.5, 0, 0, 3],
        "large final": [1.5, 0.5, 0.5, 3],
        "magnitude increase": [0.5, -1.5, 0, 2.9],
        "movement": [0.5, 2.5, 1, 2.9],
        "large start": [1, 2, 0.5, 0.1],
        "chance": [0, 0, 0, 0],
    }
    for name, score in CRITERIA.items():
        assert score(first, final).tolist() == pytest.approx(expected[name])


def test_ties_fall_by_chance():
    made = dataclasses.replace(MASK, criterion="chance")
    generator = torch.Generator().manual_seed(0)
    kept = made._mask(torch.ones(200, 50), torch.ones(200, 50), generator)
    assert int(kept.sum()) == 4000
    halves = kept.view(2, -1).double().mean(dim=1)
    assert (halves - 0.4).abs().max() < 0.03  # by place the first half would have all of them


def test_a_search_keeps_its_share_and_scores_get_the_gradient_of_their_weight_times_the_weight():
    scores = torch.rand(6, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
    weight = torch.randn(6, 5, generator=torch.Generator().manual_seed(2))
    passed = weight * SEARCH._straight(scores)
    kept = largest_share(scores.detach(), 0.5)
    assert int(kept.sum()) == 15
    assert torch.equal(passed.detach(), weight * kept)  # to the bit
    inputs = torch.randn(4, 5, generator=torch.Generator().manual_seed(3))
    (inputs @ passed.T).square().sum().backward()
    own = (weight * kept).requires_grad_()
    (inputs @ own.T).square().sum().backward()
    torch.testing.assert_close(scores.grad, own.grad * weight)
    assert (scores.grad[~kept] != 0).any()  # also for what is left out now


@pytest.mark.parametrize("weights", ["constant", "normal"])
def test_a_search_learns_and_leaves_the_weights_alone(weights):
    made = dataclasses.replace(SEARCH, weights=weights, steps=80)
    readings = [found.values["test accuracy"] for found in made.readings()]
    assert readings[0] < 0.35
    assert readings[-1] > readings[0] + 0.3
    assert last(made)["changed weights"] == 0
    drawn, again = made.drawn(), made.drawn()
    assert all(torch.equal(one, other) for one, other in zip(drawn, again, strict=True))
    expected = 2 / (0.5 * 64)
    assert drawn[0].square().mean() == pytest.approx(expected, rel=0.1 if weights == "normal" else 1e-5)


def test_with_all_weights_kept_nothing_is_learned():
    accuracies = {found.values["test accuracy"] for found in dataclasses.replace(SEARCH, kept=1.0).readings()}
    assert len(accuracies) == 1


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput, match="the criterion of a supermask must be one of"):
        Supermask(DATA, criterion="largest")
    with pytest.raises(BadInput, match="keeps a share above 0 and at most 1"):
        Supermask(DATA, kept=0.0)
    with pytest.raises(BadInput, match="the weights of a subnetwork must be one of"):
        EdgePopup(DATA, weights="ternary")
    with pytest.raises(BadInput, match="a positive rate"):
        EdgePopup(DATA, rate=0.0)
