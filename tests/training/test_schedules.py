"""Schedules against their closed forms."""

import math

import pytest

from phenoscope.core.errors import BadInput
from phenoscope.core.specs import from_json, to_json
from phenoscope.training import Clipped, Cosine, Drop, GradientDescent, PerSharpness, Warmup
from phenoscope.training.schedules import per_sharpness, rate_at, resolved


def test_cosine():
    schedule = Cosine(0.4, 100, 0.1)
    assert rate_at(schedule, 0) == 0.4
    assert rate_at(schedule, 50) == pytest.approx(0.25)
    assert rate_at(schedule, 25) == pytest.approx(0.1 + 0.3 * math.cos(math.pi / 8) ** 2)
    assert rate_at(schedule, 100) == pytest.approx(0.1)
    assert rate_at(schedule, 1000) == pytest.approx(0.1)


def test_warmup_then_what_follows():
    assert [rate_at(Warmup(4, 0.8), step) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    both = Warmup(2, Cosine(1.0, 10))
    assert rate_at(both, 0) == pytest.approx(0.5)
    assert rate_at(both, 5) == pytest.approx(0.5)


def test_drop():
    schedule = Drop(1.0, 3, Drop(0.1, 5, Cosine(0.01, 10)))
    assert [rate_at(schedule, step) for step in (0, 2, 3, 4)] == [1.0, 1.0, 0.1, 0.1]
    assert rate_at(schedule, 5) == pytest.approx(0.005)


def test_numbers_and_json():
    assert rate_at(2, 7) == 2.0
    rule = GradientDescent(Warmup(2, Drop(Cosine(1, 10), 3, 0.1)))
    assert from_json(to_json(rule)) == rule


@pytest.mark.parametrize("make", [lambda: Cosine(0.0, 10), lambda: Cosine(1.0, 0), lambda: Warmup(0, 1.0)])
def test_mistakes_are_refused(make):
    with pytest.raises(BadInput, match="must be positive"):
        make()


def test_a_rate_per_sharpness_becomes_a_number_wherever_it_stands():
    rate = Warmup(2, Drop(PerSharpness(3.0), 5, PerSharpness(2.0, "gauss_newton")))
    rule = Clipped(GradientDescent(rate), 1.0)
    assert per_sharpness(rule) == {"hessian", "gauss_newton"}
    assert per_sharpness(GradientDescent(Warmup(2, 0.1))) == set()
    made = resolved(rule, {"hessian": 6.0, "gauss_newton": 8.0})
    assert made == Clipped(GradientDescent(Warmup(2, Drop(0.5, 5, 0.25))), 1.0)
    assert from_json(to_json(rule)) == rule


def test_a_rate_per_sharpness_needs_one():
    with pytest.raises(BadInput, match="known only where training starts"):
        rate_at(PerSharpness(2.0), 0)
    with pytest.raises(BadInput, match="the largest curvature at the start is -1, so no rate can be 2 over it"):
        resolved(PerSharpness(2.0), {"hessian": -1.0})
    with pytest.raises(BadInput, match="curvature must be one of 'gauss_newton', 'hessian', got 'fisher'"):
        PerSharpness(2.0, "fisher")
    with pytest.raises(BadInput, match="must be positive"):
        PerSharpness(0.0)
