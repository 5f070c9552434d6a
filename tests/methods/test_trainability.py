"""Pictures of trainability: against networks trained one at a time by hand; zooms; precision."""

import dataclasses

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, TrainabilityGrid, View

SMALL = TrainabilityGrid(pixels=128, updates=25, steps=2, width=3, examples=5, seed=4)


def drawn(grid):
    def normal(name, *shape):
        return torch.randn(*shape, generator=stream(grid.seed, name), dtype=torch.float64)

    width = grid.width
    first, second = normal("first", width, width) / width**0.5, normal("second", width, 1) / width**0.5
    return normal("inputs", grid.examples, width), normal("targets", grid.examples, 1), first, second


def trains(grid, first_rate, second_rate):
    """One network by autograd and an explicit list of losses."""
    inputs, targets, *weights = drawn(grid)
    start = [weight.clone() for weight in weights]
    found = []

    def outputs(first, second):
        return torch.tanh(inputs @ first) @ second

    for _ in range(grid.updates):
        leaves = [weight.detach().requires_grad_() for weight in weights]
        if grid.features == "frozen":
            away = tuple(leaf - at for leaf, at in zip(leaves, start, strict=True))
            value, change = torch.func.jvp(outputs, tuple(start), away)
            guess = value + change
        else:
            guess = outputs(*leaves)
        loss = (guess - targets).square().sum() / (2 * len(inputs))
        found.append(loss.item())
        slopes = torch.autograd.grad(loss, leaves)
        rates = (first_rate, second_rate)
        weights = [leaf - rate * slope for leaf, rate, slope in zip(leaves, rates, slopes, strict=True)]
    return sum(found[-20:]) / 20 < found[0]


@pytest.mark.parametrize("features", ["learned", "frozen"])
def test_pixels_are_those_of_networks_trained_one_at_a_time(features):
    grid = dataclasses.replace(SMALL, features=features)
    view = View((0.5, 0.5), 3.0)
    picture = grid.picture(view, torch.float64)
    first, second = (rate.reshape(128, 128) for rate in view.rates(128))
    assert 0.05 < picture.double().mean().item() < 0.95
    for row, column in torch.randint(128, (25, 2), generator=stream(0)).tolist():
        expected = trains(grid, first[row, column].item(), second[row, column].item())
        assert bool(picture[row, column]) == expected


def test_rates_rise_along_both_sides_and_a_zoom_holds_its_pixel():
    view = View((1.0, -1.0), 4.0)
    first, second = (rate.log10().reshape(128, 128) for rate in view.rates(128))
    assert first[0, 0].item() == pytest.approx(-1 + 2 / 128)
    assert second[0, -1].item() == pytest.approx(1 - 2 / 128)
    nearer = view.inside((10, 100), 128, 8.0)
    assert nearer.side == 0.5
    assert nearer.centre == pytest.approx((first[10, 100].item(), second[10, 100].item()))


def test_what_it_finds():
    grid = dataclasses.replace(SMALL, width=8, examples=16)
    assert isinstance(grid, Computation)
    found, again = list(grid.readings()), list(grid.readings())
    assert [one.values for one in found] == [one.values for one in again]
    assert [one.step for one in found] == [1, 2]
    assert found[0].values["agreement away from the boundary"] > 0.99
    assert found[0].values["agreement near it"] <= found[0].values["agreement away from the boundary"]
    assert "agreement near it" not in found[1].values
    share = grid.picture(View((1.0, 1.0), 4.0), torch.float64).double().mean().item()
    assert found[0].values["trainable share"] == share
    assert 0.8 < found[0].values["boundary dimension"] < 2


@pytest.mark.parametrize("wrong", [{"updates": 20}, {"zoom": 1.0}, {"features": "lazy"}, {"width": 0}], ids=str)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadInput):
        TrainabilityGrid(**wrong)
