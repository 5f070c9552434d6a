"""How long training stays lazy: against descent written out by hand, and the first correction to its linearisation."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from phenoscope.core.errors import BadInput
from phenoscope.core.seeds import stream
from phenoscope.methods import Computation, LazyHorizon
from phenoscope.methods.initial_kernel import digits
from phenoscope.methods.lazy_descent import Moment, Start
from phenoscope.methods.lazy_horizon import _timed

SMALL = LazyHorizon(seed=3, steps=30, alpha=0.7, width=9, examples=8)


def ends(made):
    return list(made.readings())[-1].values


def network(spec):
    """f(θ), less nothing, as a function of the point, and the point that is drawn."""
    x = spec.task.inputs
    generator = stream(spec.seed, "initialisation")
    w = torch.randn(spec.width, x.shape[1], generator=generator, dtype=torch.float64)
    a = torch.randn(spec.width, generator=generator, dtype=torch.float64)
    copy = torch.cat([w.flatten(), a])

    def outputs(theta):
        parts = theta.split(len(copy))
        made = [torch.erf(x @ p[: w.numel()].reshape(w.shape).T / x.shape[1] ** 0.5) @ p[w.numel() :] for p in parts]
        return (made[0] if len(made) == 1 else (made[0] - made[1]) / 2**0.5) / spec.width**0.5

    return outputs, copy if spec.start == "subtracted" else torch.cat([copy, copy])


def jacobian(outputs, theta):
    return torch.autograd.functional.jacobian(outputs, theta)


def by_hand(spec):
    """Gap, displacement and what is left after every step, by the expansion's own parameters."""
    outputs, start = network(spec)
    y, zero, first = spec._start().task.targets, outputs(start), jacobian(outputs, start)
    rate = spec.rate / float(torch.linalg.matrix_norm(first, 2)) ** 2
    theta, moved, gap, found = start, torch.zeros_like(start), 0.0, []
    for _ in range(spec.steps):
        theta = theta - rate / spec.alpha * (spec.alpha * (outputs(theta) - zero) - y) @ jacobian(outputs, theta)
        moved = moved - rate / spec.alpha * (spec.alpha * first @ moved - y) @ first
        now = spec.alpha * (outputs(theta) - zero)
        gap = max(gap, float((now - spec.alpha * first @ moved).norm() / y.norm()))
        found.append((gap, float((theta - start).norm() / start.norm()), float((now - y).norm() / y.norm())))
    lefts = [left for *_, left in found]
    assert lefts == sorted(lefts, reverse=True)  # so that no rate is halved here
    return np.array(found)


@pytest.mark.parametrize("start", ["symmetric", "subtracted"])
@pytest.mark.parametrize("target", ["every mode", "digits"])
def test_descent_by_hand(start, target):
    spec = dataclasses.replace(SMALL, start=start, target=target, rate=0.4)
    expected, read = by_hand(spec), list(spec.readings())
    assert [found.step for found in read][:6] == [1, 2, 3, 4, 5, 6]
    assert read[-1].step == 30
    for found in read:
        assert list(found.values.values()) == pytest.approx(expected[found.step - 1].tolist(), rel=1e-7)


def test_the_gap_is_the_first_correction_over_alpha():
    """Of θ = θ₀ + Δ/α + Ψ/α², with second derivatives of the outputs."""
    spec = dataclasses.replace(SMALL, alpha=1e4, width=6, examples=5, steps=60)
    outputs, start = network(spec)
    first, y = jacobian(outputs, start), spec._start().task.targets
    bends = torch.func.hessian(outputs)(start)  # (n, p, p)
    rate = spec.rate / float(torch.linalg.matrix_norm(first, 2)) ** 2
    way, more, most = torch.zeros_like(start), torch.zeros_like(start), 0.0
    for _ in range(spec.steps):
        left, apart = y - first @ way, first @ more + torch.einsum("nij,i,j->n", bends, way, way) / 2
        more = more + rate * (left @ (bends @ way) - apart @ first)
        way = way + rate * left @ first
        apart = first @ more + torch.einsum("nij,i,j->n", bends, way, way) / 2
        most = max(most, float(apart.norm() / y.norm()))
    assert ends(spec)["gap"] * spec.alpha == pytest.approx(most, rel=1e-3)
    assert ends(dataclasses.replace(spec, start="symmetric"))["gap"] * spec.alpha < 1e-3 * most  # they cancel


@pytest.mark.parametrize(("start", "exponent"), [("symmetric", -2.0), ("subtracted", -1.0)])
def test_the_exponents_in_alpha(start, exponent):
    scales = (20.0, 80.0)
    gaps = [ends(dataclasses.replace(SMALL, start=start, alpha=alpha))["gap"] for alpha in scales]
    assert math.log(gaps[1] / gaps[0]) / math.log(4) == pytest.approx(exponent, abs=0.05)


def test_the_loss_pays_for_the_way():
    """‖θ - θ₀‖² ≤ T (L₀ - L)/(1 - η/2), which is what the bound by T rests on."""
    for steps in (3, 30, 300):
        spec = dataclasses.replace(SMALL, alpha=50.0, steps=steps)
        outputs, start = network(spec)
        found, size = ends(spec), float(spec._start().task.targets.square().sum())
        paid = (1 - found["left"] ** 2) * size / 2 / (1 - spec.rate / 2)
        time = steps * spec.rate / float(torch.linalg.matrix_norm(jacobian(outputs, start), 2)) ** 2
        assert 0 < spec.alpha * found["displacement"] * float(start.norm()) <= math.sqrt(time * paid)


def test_every_mode_has_an_equal_share_and_slow_ones_may_stand_alone():
    for spec in (SMALL, dataclasses.replace(SMALL, slower=30.0)):
        outputs, start = network(spec)
        slopes = jacobian(outputs, start)
        values, vectors = torch.linalg.eigh(slopes @ slopes.T)
        slow = values * spec.slower <= values[-1]
        targets = spec._start().task.targets
        shares = (vectors.T @ targets).abs()
        assert shares[slow] == pytest.approx(np.full(int(slow.sum()), (8 / int(slow.sum())) ** 0.5))
        assert not slow[-1] or spec is SMALL
        assert float(shares[~slow].sum()) < 1e-9
        assert targets.square().mean() == pytest.approx(1)
    with pytest.raises(BadInput, match=r"no mode takes a time of 1e\+30"):
        ends(dataclasses.replace(SMALL, slower=1e30))


def test_digits_are_even_or_odd():
    targets = dataclasses.replace(SMALL, target="digits")._start().task.targets
    assert targets.tolist() == pytest.approx(digits(3, 8)[1].tolist())


def test_frozen_features_have_no_gap():
    frozen, found = SMALL.frozen(), ends(SMALL.frozen())
    outputs, start = network(SMALL)
    slopes, y = jacobian(outputs, start), frozen._start().task.targets
    values, vectors = torch.linalg.eigh(slopes @ slopes.T)
    left = (1 - SMALL.rate * values / values[-1]) ** SMALL.steps * (vectors.T @ y)
    way = slopes.T @ vectors @ ((vectors.T @ y - left) / values) / SMALL.alpha
    assert found["gap"] == 0
    assert found["left"] == pytest.approx(float(left.norm() / y.norm()))
    assert found["displacement"] == pytest.approx(float(way.norm() / start.norm()))
    assert frozen == frozen.frozen()
    assert ends(SMALL)["gap"] > 0.01


def test_time_is_kept_where_rates_are_halved():
    nothing = torch.zeros(1)
    moments = [Moment(nothing, nothing, 1.0, nothing, rate, nothing, nothing) for rate in (4.0, 4.0, 2.0, 2.0, 0.5)]
    assert [elapsed for elapsed, _ in _timed(iter(moments))] == [0, 1, 1.5, 2, 2.125]
    rich = dataclasses.replace(SMALL, alpha=0.05)
    start = rich._start()
    first = start.moment()
    *_, last = start.trained(first, 30)
    assert last.rate < first.rate
    assert [found.step for found in rich.readings()] == [found.step for found in SMALL.readings()]
    assert ends(rich)["left"] ** 2 < last.loss / first.loss  # more than so many steps were made


def test_what_does_not_come_to_its_end_has_diverged(monkeypatch):
    """Rather than leaving the last reading before as if it were the last."""
    monkeypatch.setattr(Start, "trained", lambda self, now, steps: iter([now] * 8))
    read = list(dataclasses.replace(SMALL, steps=20).readings())
    assert [found.diverged for found in read[-2:]] == [False, True]
    assert read[-1].step <= 7


def test_it_ends_where_nothing_is_left(monkeypatch):
    """Far below rounding the loss rises as often as it falls, and every rate would be halved."""
    spec = dataclasses.replace(SMALL, dimensions=40, examples=4, width=60, alpha=100.0, steps=800)
    looked = []
    descend = Start._at
    monkeypatch.setattr(Start, "_at", lambda *given: (looked.append(1), descend(*given))[1])
    read = list(spec.readings())
    assert read[-1].step == 800
    assert len(looked) < 500
    assert read[-1].values["left"] <= 1e-10
    assert read[-1].values["gap"] == read[-8].values["gap"] > 0


def test_a_rate_that_is_not_small_changes_little():
    """The linearisation takes the same steps, so that the gap between them is that of the flow."""
    spec = dataclasses.replace(SMALL, alpha=100.0, steps=60)
    finer = dataclasses.replace(spec, rate=spec.rate / 4, steps=240)
    assert ends(spec)["gap"] == pytest.approx(ends(finer)["gap"], rel=0.05)
    assert ends(spec)["gap"] != pytest.approx(ends(dataclasses.replace(spec, steps=240))["gap"], rel=0.3)


def test_the_same_seed_gives_the_same_and_units_name_every_series():
    found = list(SMALL.readings())
    assert found == list(SMALL.readings())
    assert all(set(each.values) == set(SMALL.units) for each in found)
    assert isinstance(SMALL, Computation)
    assert ends(SMALL) != ends(dataclasses.replace(SMALL, seed=4))


def test_what_makes_no_sense_is_refused():
    for wrong in ({"alpha": 0.0}, {"rate": 2.0}, {"steps": 0}, {"examples": 1}, {"slower": -1.0}, {"dimensions": 1}):
        with pytest.raises(BadInput, match="a horizon needs a positive alpha"):
            dataclasses.replace(SMALL, **wrong)
    with pytest.raises(BadInput, match="target must be one of"):
        dataclasses.replace(SMALL, target="isotropic")
    with pytest.raises(BadInput, match="start must be one of"):
        dataclasses.replace(SMALL, start="other")
