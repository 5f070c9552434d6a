"""Margins and balance along training: row by row what the instruments say of the networks themselves."""

import math

import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.data import Dataset, Digits, Sides
from phenoscope.instruments import margin_conditions, unit_balance
from phenoscope.models import MLP
from phenoscope.probes import LayerBalance, Margins
from phenoscope.training import HeavyBall, Point, Start, train
from small import recipe

DATA = Dataset(Sides(Digits(), plus=(3,), minus=(8,)), train=12, test=0, scaling="centre", flat=True)
RELU = MLP((5,), activation="relu", bias=False)


def made(**options):
    return recipe(0.05, data=DATA, model=RELU, **options)


def along(probe, recipes, **options):
    """Readings by step and name, and the states."""
    found, memory, states = {}, None, list(train(recipes, **options))
    for state in states:
        if probe.due(state.step):
            rows, memory = probe.update(state, memory)
            found[state.step] = {row.name: row.values.tolist() for row in rows}
    return found, states


def test_margins_are_those_of_the_networks():
    rows = [made(steps=4, seed=seed) for seed in (0, 1)]
    found, states = along(Margins(every=2), rows)
    assert sorted(found) == [0, 2, 4]
    for row in (0, 1):
        draw = states[-1].landscape.draws[row].train
        expected = margin_conditions(states[-1].objective(row).model, draw.inputs, draw.targets)
        read = {name: values[row] for name, values in found[4].items()}
        assert read["stationarity"] == expected.stationarity
        assert read["normalised margin"] == expected.margin
        assert read["slackness"] == expected.slackness
        assert read["order"] == pytest.approx(2)
    assert set(found[4]) == set(Margins().units)


def test_margins_need_two_signs_and_a_network():
    with pytest.raises(BadInput, match="targets 1 and -1"):
        along(Margins(every=1), [recipe(steps=1)])
    found, _ = along(Margins(every=1), [made(steps=1, dynamics="quadratic")])
    assert all(math.isnan(values[0]) for values in found[1].values())
    nothing = Start(torch.zeros(1, 64 * 5 + 5, dtype=torch.float64))
    found, _ = along(Margins(every=1), [made(steps=1, start=Point(made(steps=1), 0))], start=nothing)
    assert math.isnan(found[0]["stationarity"][0])


def test_drift_is_since_the_first_reading_and_small_steps_keep_the_balance():
    rows = [made(steps=40, seed=seed) for seed in (0, 1)]
    found, states = along(LayerBalance(every=20), rows)
    assert found[0]["balance drift"] == [0.0, 0.0]
    for row in (0, 1):
        start, end = (unit_balance(states[step].objective(row).model) for step in (0, 40))
        assert found[40]["imbalance"][row] == end.value
        assert found[40]["balance drift"][row] == pytest.approx(end.drift(start), rel=1e-12)
    heavy, _ = along(LayerBalance(every=20), [made(steps=40, rule=HeavyBall(0.05, 0.9))])
    assert heavy[40]["balance drift"][0] > 2 * found[40]["balance drift"][0]
    assert along(LayerBalance(every=1), [made(steps=1, dynamics="quadratic")])[0][1] == {}
