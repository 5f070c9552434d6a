"""The worst case in a ball against the trust-region problem solved in closed form; lower bounds; invariance."""

import itertools
import math

import pytest
import torch
from scipy.optimize import brentq
from torch import nn
from torch.testing import assert_close

from oracles import CE, PROBLEMS, drawn, labels, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import write
from phenoscope.instruments import Outcome, sam_gap, sharpness, worst_case_sharpness
from phenoscope.objective import Objective
from quadratics import bowl, spread, turned

SPECTRA = {"convex": spread(6.0, 2.0, 1.0, 0.5), "saddle": spread(4.0, 1.0, -2.0, -3.0), "concave": -spread(1, 2, 3, 4)}


def largest_rise(hessian, slope, radius) -> float:
    """Max gᵀδ + δᵀHδ/2 on ‖δ‖ ≤ ρ: δ = (μ - H)⁻¹ g with μ ≥ λ_max, μ ≥ 0, on the edge or at μ = 0."""
    values, vectors = torch.linalg.eigh(hessian)
    along = vectors.T @ slope

    def excess(mu):
        return (along / (mu - values)).norm().item() - radius

    lowest = max(values[-1].item(), 0.0)
    if values[-1] < 0 and excess(0.0) <= 0:
        delta = along / -values
    else:
        mu = brentq(excess, lowest + 1e-9, lowest + along.norm().item() / radius + 1.0, xtol=1e-14)
        delta = along / (mu - values)
    return (along @ delta + (values * delta * delta).sum() / 2).item()


@pytest.mark.parametrize("radius", [0.05, 1.0])
@pytest.mark.parametrize("name", SPECTRA)
def test_on_a_quadratic_it_is_the_trust_regions_solution(name, radius):
    hessian, slope = turned(SPECTRA[name]), normal(4, seed=3)
    reading = worst_case_sharpness(bowl(hessian, slope), radius, steps=300, tol=1e-7)
    assert_close(reading.value, largest_rise(hessian, slope, radius), rtol=1e-7, atol=0)
    assert reading.converged
    assert reading.vector.norm() <= radius * (1 + 1e-12)
    assert reading.residual <= 1e-7 * reading.value
    top = sharpness(bowl(hessian, slope), 1e-8).value.item()
    assert_close(reading.predicted, radius * slope.norm().item() + radius**2 * max(top, 0) / 2, rtol=1e-3, atol=0)
    assert reading.one_step <= reading.value <= reading.predicted * (1 + 1e-3)
    unit = slope / slope.norm()
    assert_close(reading.one_step, (radius * slope.norm() + radius**2 * (unit @ hessian @ unit) / 2).item())
    assert_close(sam_gap(bowl(hessian, slope), radius).value, reading.one_step, rtol=1e-12, atol=1e-15)


def test_without_a_gradient_random_starts_find_the_top_eigenvector():
    hessian = turned(SPECTRA["saddle"])
    reading = worst_case_sharpness(bowl(hessian), 0.5, steps=200, tol=1e-10)
    assert_close(reading.value, 4.0 * 0.25 / 2, rtol=1e-8, atol=0)
    assert sam_gap(bowl(hessian), 0.5).value == 0.0


@pytest.mark.parametrize("region", ["ball", "box"])
@pytest.mark.parametrize("size", [1e-25, 1e-30])
def test_slopes_whose_squares_are_below_the_smallest_number(size, region):
    hessian, slope = turned(SPECTRA["convex"]), normal(4, seed=3)
    tiny, whole = bowl((size * hessian).float(), (size * slope).float()), bowl(hessian, slope)
    reading = worst_case_sharpness(tiny, 0.4, region=region, steps=100, tol=1e-6)
    assert reading.value / size == pytest.approx(worst_case_sharpness(whole, 0.4, region=region).value, rel=1e-3)
    assert (reading.vector.norm() if region == "ball" else reading.vector.abs().max()) <= 0.4 * (1 + 1e-6)


def test_in_a_box_it_is_the_best_corner_of_a_convex_loss():
    hessian, slope = turned(SPECTRA["convex"]), 0.3 * normal(4, seed=3)
    corners = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=4)), dtype=torch.float64) * 0.4
    rises = corners @ slope + ((corners @ hessian) * corners).sum(dim=1) / 2
    reading = worst_case_sharpness(bowl(hessian, slope), 0.4, region="box", starts=8)
    assert_close(reading.value, rises.max().item(), rtol=1e-12, atol=0)
    assert reading.vector.abs().max() <= 0.4 + 1e-15
    first = 0.4 * slope.sign()
    assert_close(reading.predicted, (first @ slope + first @ hessian @ first / 2).item())
    assert worst_case_sharpness(bowl(hessian, slope), 0.4).value < reading.value


def test_a_box_like_that_of_keskar():
    hessian, at = turned(SPECTRA["convex"]), spread(2.0, -1.0, 0.0, 0.5)
    objective = bowl(hessian, at=at)
    reading = worst_case_sharpness(objective, 1e-3, scale=at.abs() + 1, region="box", starts=4)
    assert_close(reading.vector.abs(), 1e-3 * (at.abs() + 1))
    assert_close(reading.value, (objective.loss(at + reading.vector) - objective.loss()).item())


def rescaled(model: nn.Sequential, c: float) -> nn.Sequential:
    """The same function: one layer of a ReLU net times c, the next one's weights divided by it."""
    with torch.no_grad():
        model[0].weight *= c
        model[0].bias *= c
        model[2].weight /= c
    return model


def relu(dtype=torch.float64) -> tuple[nn.Sequential, tuple]:
    model = drawn(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))).to(dtype)
    return model, (normal(20, 4).to(dtype), labels(3, 20))


def test_what_is_scaled_by_magnitude_is_unchanged_under_layer_rescaling():
    found = []
    for c in (1.0, 8.0, 1 / 16):
        model, data = relu()
        objective = Objective(rescaled(model, c), CE, data)
        adaptive = worst_case_sharpness(objective, 0.5, scale="magnitude", tol=1e-6, steps=100)
        gap = sam_gap(objective, 0.5, scale="magnitude")
        found.append((adaptive.value, adaptive.one_step, gap.value, worst_case_sharpness(objective, 0.5).value))
    for other in found[1:]:
        assert_close(other[:3], found[0][:3], rtol=1e-4, atol=0)
        assert abs(other[3] / found[0][3] - 1) > 0.3


@pytest.mark.parametrize("scale", [None, "magnitude"])
@pytest.mark.parametrize("name", ["encoder layer, training", "tied, ignoring targets", "frozen", "unused", "sum"])
def test_it_is_a_rise_that_is_there_and_at_least_that_of_one_step(name, scale):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    at, here = objective.point, problem.total().item()
    reading = worst_case_sharpness(objective, 0.1, scale=scale)
    factors = at.abs() if scale else torch.ones_like(at)
    assert (reading.vector / factors).norm() <= 0.1 * (1 + 1e-9)
    write(at + reading.vector, problem.model)
    assert_close(reading.value, problem.total().item() - here, rtol=1e-8, atol=1e-12)
    write(at, problem.model)
    gap = sam_gap(objective, 0.1, scale=scale)
    assert_close(gap.value, reading.one_step, rtol=1e-6, atol=1e-12)
    assert reading.value >= reading.one_step


def test_weights_of_zero_stay_so_when_scaled_by_magnitude():
    hessian = turned(SPECTRA["convex"])
    nothing = worst_case_sharpness(bowl(hessian), scale="magnitude")
    assert (nothing.value, nothing.predicted) == (0.0, 0.0)
    at = spread(1.0, 0.0, -2.0, 0.0)
    reading = worst_case_sharpness(bowl(hessian, normal(4), at), scale="magnitude", steps=300, tol=1e-9)
    assert not reading.vector[[1, 3]].any()
    kept, half = torch.tensor([0, 2]), torch.diag(spread(1.0, 2.0))
    inner, slope = half @ hessian[kept][:, kept] @ half, half @ (hessian @ at + normal(4))[kept]
    # in the coordinates stretched by |θ|, the sign of a weight is not part of the stretch
    assert_close(reading.value, largest_rise(inner, slope, 0.05), rtol=1e-7, atol=0)


def test_an_ascent_that_ended_early_says_so():
    objective = bowl(turned(SPECTRA["saddle"]), 1e-3 * normal(4, seed=3))
    early = worst_case_sharpness(objective, 1.0, steps=2)
    late = worst_case_sharpness(objective, 1.0, steps=300)
    assert early.outcome is Outcome.NOT_CONVERGED
    assert late.converged
    assert early.residual > late.residual
    assert early.value < late.value
    assert "lower bound" in early.evidence


def test_same_generator_same_reading_and_both_precisions():
    model, data = relu()
    readings = [worst_case_sharpness(Objective(model, CE, data), generator=seeded(seed)) for seed in (3, 3, 4)]
    assert readings[0].value == readings[1].value
    assert torch.equal(readings[0].vector, readings[1].vector)
    model, data = relu(torch.float32)
    single = worst_case_sharpness(Objective(model, CE, data), generator=seeded(3))
    assert single.value == pytest.approx(readings[0].value, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"radius": 0.0}, "`radius` must be positive"),
        ({"radius": math.inf}, "`radius` must be positive"),
        ({"steps": 0}, "at least 1"),
        ({"starts": 0}, "at least 1"),
        ({"scale": -torch.ones(4)}, "not negative and of shape"),
        ({"scale": torch.ones(3)}, "not negative and of shape"),
    ],
)
def test_bad_options(options, says):
    with pytest.raises(BadInput, match=says):
        worst_case_sharpness(bowl(turned(SPECTRA["convex"])), **options)
