"""Norms of the weights and of their product against the margin: by loops over examples, and under rescaling."""

import math

import pytest
import torch
from torch import nn

from oracles import drawn, labels, normal
from phenoscope.core.errors import BadInput
from phenoscope.instruments import INSTRUMENTS, Bench, margin_norm, weight_norm
from phenoscope.objective import Objective

INPUTS, TARGETS = normal(21, 4), labels(3, 21)


def network():
    return drawn(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)))


def objective(model, data=(INPUTS, TARGETS)):
    return Objective(model, nn.CrossEntropyLoss(), data)


def margins_by_loops(model):
    found = []
    for x, label in zip(INPUTS, TARGETS.tolist(), strict=True):
        outputs = model(x[None])[0].tolist()
        found.append(outputs[label] - max(value for place, value in enumerate(outputs) if place != label))
    return sorted(found)


def test_the_length_is_of_every_trained_parameter():
    model = network()
    expected = math.sqrt(sum(float(entry) ** 2 for p in model.parameters() for entry in p.detach().flatten()))
    found = weight_norm(objective(model))
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert found.parameters == 4 * 5 + 5 + 5 * 3 + 3
    model[0].weight.requires_grad_(False)
    rest = math.sqrt(expected**2 - float(model[0].weight.detach().square().sum()))
    assert weight_norm(objective(model)).value == pytest.approx(rest, rel=1e-12)


@pytest.mark.parametrize(("quantile", "place"), [(1.0, 20), (0.9, 18), (0.85, 17)])
def test_the_margin_is_that_of_a_loop_over_examples(quantile, place):
    model = network()
    margin = margins_by_loops(model)[place]
    assert margin > 0
    found = margin_norm(objective(model), quantile=quantile)
    product = float(model[0].weight.detach().norm() * model[2].weight.detach().norm())
    assert (found.margin, found.product) == (pytest.approx(margin, rel=1e-12), pytest.approx(product, rel=1e-12))
    assert found.value == pytest.approx(product / margin, rel=1e-12)


def test_the_cut_of_the_data_changes_nothing():
    whole = margin_norm(objective(network()), quantile=0.9)
    pieces = [(INPUTS[low:high], TARGETS[low:high]) for low, high in ((0, 1), (1, 9), (9, 21))]
    assert margin_norm(objective(network(), pieces), quantile=0.9).value == pytest.approx(whole.value, rel=1e-12)


def test_rescaled_layers_and_outputs_have_the_same_one_and_another_length():
    """Without biases the network is homogeneous; the product without the margin is its nearest wrong cousin."""
    model = drawn(nn.Sequential(nn.Linear(4, 5, bias=False), nn.ReLU(), nn.Linear(5, 3, bias=False)))
    before, length = margin_norm(objective(model), quantile=1.0), weight_norm(objective(model)).value
    with torch.no_grad():
        model[0].weight *= 8.0
        model[2].weight *= 0.5
    after = margin_norm(objective(model), quantile=1.0)
    assert after.value == pytest.approx(before.value, rel=1e-12)
    assert after.product == pytest.approx(4 * before.product, rel=1e-12)
    assert weight_norm(objective(model)).value != pytest.approx(length, rel=0.1)


def test_what_has_no_margin_has_no_number():
    model = network()
    assert math.isnan(margin_norm(objective(model), quantile=0.0).value)  # an example is on the wrong side
    regression = Objective(drawn(nn.Linear(4, 2)), nn.MSELoss(), (INPUTS, normal(21, 2)))
    assert math.isnan(margin_norm(regression).value)
    assert weight_norm(regression).value > 0
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(BadInput, match="a quantile lies from 0 to 1"):
            margin_norm(objective(model), quantile=wrong)


def test_they_stand_in_the_registry_and_leave_the_model_as_it_was():
    model = network().eval()
    model[2].bias.data[0] += 100.0  # so that all are of the first class
    before = [p.clone() for p in model.parameters()]
    bench = Bench(objective(model, (INPUTS, torch.zeros_like(TARGETS))))
    assert INSTRUMENTS["margin_norm"].read(bench, None) == margin_norm(bench.objective)
    assert margin_norm(bench.objective).value > 0
    assert INSTRUMENTS["weight_norm"].read(bench, None) == weight_norm(bench.objective)
    assert not model.training
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


def test_ignored_targets_have_no_margin_and_no_accuracy():
    """As if they were not among the data."""
    model, ignored = network(), torch.arange(21) % 4 == 1
    targets = TARGETS.masked_fill(ignored, -100)
    some, rest = objective(model, (INPUTS, targets)), objective(model, (INPUTS[~ignored], TARGETS[~ignored]))
    assert margin_norm(some, quantile=0.9) == margin_norm(rest, quantile=0.9)
    guesses = [int(model(x[None]).argmax()) for x in INPUTS[~ignored]]
    right = [guess == label for guess, label in zip(guesses, TARGETS[~ignored].tolist(), strict=True)]
    assert float(some.accuracy()) == pytest.approx(sum(right) / len(right))
    assert float(some.accuracy()) != pytest.approx(sum(right) / len(targets))
