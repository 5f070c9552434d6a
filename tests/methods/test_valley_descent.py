"""Descent along a valley of minima: its geometry against dense Hessians, its steps by hand, its flows by scipy."""

import dataclasses
import math

import pytest
import torch
from scipy.integrate import solve_ivp
from torch.autograd.functional import hessian, jacobian

from phenoscope.core.errors import BadInput
from phenoscope.methods import Computation, Valley, ValleyDescent
from phenoscope.methods.valley_descent import Flow

VALLEY = Valley(0.7, 2.1)
PLACES = [torch.tensor(z, dtype=torch.float64) for z in (-1.0, 0.3, 2.0, 4.5)]


def floor(z):
    return torch.stack((VALLEY.middle(z), torch.zeros_like(z), z))


@pytest.mark.parametrize("z", PLACES, ids=lambda z: f"{z:g}")
def test_the_floor_is_of_minima_and_its_walls_are_those_of_the_hessian(z):
    assert VALLEY.loss(floor(z)) == 0
    matrix = hessian(VALLEY.loss, floor(z))
    values = torch.linalg.eigvalsh(matrix)
    assert values[2].item() == pytest.approx(VALLEY.sharpness(z).item(), rel=1e-12)
    assert values.sum().item() == pytest.approx(VALLEY.trace(z).item(), rel=1e-12)
    assert abs(values[0].item()) < 1e-12  # along the valley
    assert 0 < 2 * values[1] < 1.9 * values[2]  # the swing along the sharper wall bears the other one
    along = jacobian(floor, z)
    assert along.square().sum().item() == pytest.approx(VALLEY.bend(z).item(), rel=1e-12)


def test_the_nearest_place_of_the_floor_is_right_to_second_order():
    z = PLACES[1]
    across = torch.stack((torch.ones_like(z), torch.zeros_like(z), -torch.cos(z + VALLEY.q) / 2))
    errors = [abs(VALLEY.nearest(floor(z) + away * across) - z).item() for away in (0.02, 0.01)]
    assert errors[0] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def by_hand(made):
    """The points of the rule, with the gradient written out."""
    valley, start = made.drawn()
    a, b, z = start.tolist()
    found = [(a, b, z)]
    for _ in range(made.steps):
        s, k = math.sin(z + valley.p), math.cos(z + valley.p)
        off, bend = a - math.sin(z + valley.q) / 2, math.cos(z + valley.q) / 2
        h, g = 6 + s, 2.5 - 1.5 * s
        slope = (h * off, g * b, k * off * off / 2 - h * off * bend - 1.5 * k * b * b / 2)
        root = math.sqrt((h * off * off + g * b * b) / 2)
        size = {"plain": 1.0, "normalised": math.hypot(*slope), "square root": 2 * root}[made.rule]
        a, b, z = (x - made.rate * d / size for x, d in zip((a, b, z), slope, strict=True))
        found.append((a, b, z))
    return valley, torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize("rule", ["normalised", "square root", "plain"])
def test_it_moves_as_by_hand_and_is_read_between_two_steps(rule):
    made = ValleyDescent(rule, 0.05, 100, seed=3)
    valley, points = by_hand(made)
    found = list(made.readings())
    assert [each.step for each in found] == list(range(10, 101, 2))
    for each in found:
        place = valley.nearest((points[each.step] + points[each.step - 1]) / 2)
        assert each.values["place"] == pytest.approx(place.item(), rel=1e-9)
        assert each.values["drift"] == pytest.approx((place - found[0].values["place"]).item(), abs=1e-9)
        assert each.values["sharpness"] == pytest.approx(valley.sharpness(place).item(), rel=1e-9)
    assert {name for each in found for name in each.values} == set(made.units)


def test_what_is_foretold_is_the_flow_from_the_first_place():
    made = ValleyDescent("normalised", 0.06, 600, seed=1)
    valley, _ = made.drawn()
    found = list(made.readings())
    time = made.rate**2 * (found[-1].step - found[0].step)

    def slope(of, z):
        return (of(z + 1e-6) - of(z - 1e-6)) / 2e-6

    def number(of):
        return lambda z: of(torch.tensor(z, dtype=torch.float64)).item()

    sharpness, trace = number(valley.sharpness), number(valley.trace)
    laws = {
        "drift by log sharpness": lambda z: -slope(lambda x: math.log(sharpness(x)), z) / 4,
        "drift by sharpness": lambda z: -slope(sharpness, z) / 8,
        "drift by log trace": lambda z: -slope(lambda x: math.log(trace(x)), z) / 4,
    }
    for name, law in laws.items():
        start = found[0].values["place"]
        end = solve_ivp(
            lambda t, z, law=law: [law(z[0]) / number(valley.bend)(z[0])], (0, time), [start], rtol=1e-10, atol=1e-12
        )
        assert found[-1].values[name] == pytest.approx(end.y[0, -1] - start, rel=1e-6)
    # along the arc of the valley: without its bend the flow would be another one
    assert Flow(valley, "normalised", "sharpness")(PLACES[0]).item() != pytest.approx(
        laws["drift by log sharpness"](-1.0)
    )


def test_one_that_seeds_decide_and_that_is_the_same_again():
    made = ValleyDescent("normalised", 0.08, 80)
    assert isinstance(made, Computation)
    assert list(made.readings()) == list(made.readings())
    assert list(dataclasses.replace(made, seed=1).readings()) != list(made.readings())


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"rate": 0.3}, {"steps": 20}, {"rule": "adam"}], ids=str)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadInput, match=r"a descent in the valley needs|rule.* must be one of"):
        ValleyDescent(**wrong)
