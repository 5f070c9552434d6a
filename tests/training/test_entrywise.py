"""Rules that take every parameter by itself: some parameters at a time, the same bits; and which rules are not so."""

import dataclasses

import pytest
import torch

from oracles import normal
from phenoscope.training import (
    Adam,
    AdamW,
    AmplifiedNoise,
    Clipped,
    GradientDescent,
    HeavyBall,
    Nesterov,
    Projected,
    RMSProp,
    Sam,
    WeightDecay,
    entrywise,
)
from phenoscope.training.loop import _finite
from phenoscope.training.stacking import stacked

RULES = {
    "descent": GradientDescent(0.1),
    "momentum": HeavyBall(0.1),
    "nesterov": Nesterov(0.1),
    "rmsprop": RMSProp(0.01),
    "adam": Adam(0.01),
    "adamw": AdamW(0.01, 0.1),
    "adam and decay": WeightDecay(Adam(0.01), 0.1),
}
POINTS = normal(3, 50, seed=1).float()
MASK = normal(3, 50, seed=2) > 0


def walked(rule, step, mask=None):
    """Points and memory after four steps along gradients of many sizes, each step made by `step`."""
    held = torch.ones_like(MASK) if mask is None else mask
    points, rows = POINTS * held, stacked([rule, rule, dataclasses.replace(rule)], POINTS)
    memory = rows.init(points)
    for number in range(4):
        gradient = normal(3, 50, seed=10 + number).float() * 10.0 ** torch.arange(-25, 25).clamp(-25, 3)
        points, memory = step(rows, gradient, points, memory, number, mask=mask)
    return {"points": points} | memory


def plainly(rule, gradient, points, memory, step, *, mask):
    return rule.update(gradient if mask is None else gradient * mask, points, memory, step)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_parts_have_the_bits_of_the_whole(name, masked, monkeypatch):
    mask = MASK if masked else None
    expected = walked(RULES[name], plainly, mask)
    monkeypatch.setattr(entrywise, "FEW", 0)
    monkeypatch.setattr(entrywise, "TOGETHER", 21)  # seven columns of three rows: the last part is shorter
    found = walked(RULES[name], entrywise.updated, mask)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[one], expected[one]) for one in expected)
    assert mask is None or bool((found["points"][~mask] == 0).all())


@pytest.mark.parametrize("name", RULES)
def test_an_entry_depends_on_no_other(name):
    rule, changed = RULES[name], POINTS.clone()
    changed[:, 7] += 1.0
    one, other = (rule.update(slope, POINTS, rule.init(POINTS), 0)[0] for slope in (POINTS, changed))
    differ = (one != other).any(dim=0)
    assert entrywise.entrywise(rule)
    assert differ.nonzero().flatten().tolist() in ([7], [])  # Adam's first step knows only the sign


@pytest.mark.parametrize(
    "rule",
    [
        Clipped(GradientDescent(0.1), 0.1),
        Sam(GradientDescent(0.1), 0.1),
        WeightDecay(Clipped(Adam(0.1), 1.0), 0.1),
        AmplifiedNoise(GradientDescent(0.1), 2.0),
        Projected(GradientDescent(0.1), 1, "bulk"),
    ],
    ids=["clipped", "sam", "decay of clipped", "noise", "projected"],
)
def test_rules_that_look_at_the_whole_row_are_not_taken_apart(rule):
    assert not entrywise.entrywise(rule)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zeros_and_denormal_squares_change_no_bit(dtype):
    """Against Adam as it is written down, with the root of what is there, and no number written over."""
    rule, points = Adam(0.01), normal(2, 400, seed=3).to(dtype)
    memory, mean, square, expected = rule.init(points), torch.zeros_like(points), torch.zeros_like(points), points
    tiny = 0
    for step in range(1, 6):
        sizes = 10.0 ** torch.linspace(-45, 2, 400, dtype=torch.float64)
        gradient = (normal(2, 400, seed=20 + step) * sizes).to(dtype)
        gradient[:, ::3] = 0.0
        mean, square = 0.9 * mean + (1 - 0.9) * gradient, 0.999 * square + (1 - 0.999) * gradient.square()
        least = torch.finfo(dtype).tiny
        tiny += int(((square > 0) & (square < least)).sum())
        one, two = (torch.full((2, 1), 1 - beta**step, dtype=torch.float64).to(dtype) for beta in (0.9, 0.999))
        expected = expected - 0.01 * (mean / one) / ((square / two).sqrt() + 1e-8)
        points, memory = rule.update(gradient, points, memory, step - 1)
        assert torch.equal(points, expected)
    assert tiny > 0 or dtype == torch.float64
    assert (square == 0).any()


def test_a_row_is_finite_though_its_sum_is_not():
    points = torch.full((4, 5), 3e38)
    points[1, 2], points[2, 3] = torch.nan, -torch.inf
    points[3] = 1.0
    assert _finite(points).tolist() == [True, False, False, True]
    assert _finite(torch.ones(2, 3)).tolist() == [True, True]
