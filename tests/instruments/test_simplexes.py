"""Simplexes: volumes by the determinant of Cayley and Menger, losses inside in closed form and by a loop."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import phenoscope as ps
from oracles import CE, drawn, labels, mlp, normal, seeded
from phenoscope.core.errors import BadInput
from phenoscope.core.points import point, write
from phenoscope.instruments import Outcome, log_volume, uniform_shares
from phenoscope.objective import Objective


def cayley_menger(points):
    """V² = (-1)^(j+1) / (2^j (j!)²) times the determinant of the bordered matrix of squared distances."""
    count = len(points)
    bordered = torch.ones(count + 1, count + 1, dtype=torch.float64)
    bordered[0, 0] = 0
    bordered[1:, 1:] = torch.cdist(points, points).square()
    factor = (-1) ** count / (2 ** (count - 1) * math.factorial(count - 1) ** 2)
    return math.sqrt(factor * float(torch.linalg.det(bordered)))


@given(st.integers(2, 6), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_volumes_are_those_of_cayley_and_menger(count, seed):
    points = normal(count, 9, seed=seed)
    assert math.exp(log_volume(points)) == pytest.approx(cayley_menger(points), rel=1e-6)


def test_volumes_known_by_heart():
    assert math.exp(log_volume(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))) == pytest.approx(5.0)
    assert math.exp(log_volume(torch.cat([torch.zeros(1, 3), torch.eye(3)]))) == pytest.approx(1 / 6)
    assert log_volume(torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])) == -math.inf


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_regular_simplex_is_fat_and_a_flat_one_is_not(count):
    objective = Objective(nn.Linear(7, 1, bias=False).double(), nn.MSELoss(), (normal(6, 7), normal(6, 1)))
    regular = 2.5 * torch.eye(7, dtype=torch.float64)[:count]  # all edges 2.5 √2
    found = ps.simplex(objective, regular, draws=10)
    assert found.fatness == pytest.approx(1.0, rel=1e-9)
    assert found.edge == pytest.approx(2.5 * math.sqrt(2))
    scaled = ps.simplex(objective, 10 * regular, draws=10)
    assert scaled.fatness == pytest.approx(1.0, rel=1e-9)
    assert scaled.log_volume == pytest.approx(found.log_volume + (count - 1) * math.log(10))
    if count > 2:
        flat = torch.arange(count, dtype=torch.float64)[:, None] * torch.ones(1, 7, dtype=torch.float64)
        assert ps.simplex(objective, flat, draws=10).fatness < 1e-3


def test_the_mean_inside_is_that_of_the_flat_dirichlet_distribution():
    """‖w‖² over the simplex of the unit vectors: k (E b²) = 2 / (k + 1); its standard error covers it."""
    model = nn.Linear(4, 1, bias=False, dtype=torch.float64)
    eye = torch.eye(4, dtype=torch.float64)
    objective = Objective(model, lambda outputs, _: outputs.square().sum(), (eye, eye[:, :1]))
    off = []
    for seed in range(60):
        found = ps.simplex(objective, eye, draws=100, generator=seeded(seed))
        off.append((found.value - 2 / 5) / found.standard_error)
    within = sum(abs(each) < 1.96 for each in off)
    assert 50 <= within <= 60
    assert found.rise < 0  # a convex function is largest at a vertex
    assert_close(found.vertices, torch.ones(4, dtype=torch.float64))


def test_shares_are_uniform_on_the_simplex():
    """The share of each vertex has the law of Beta(1, k - 1): mean 1/k and P(b > ½) = 2^(1-k)."""
    shares = uniform_shares(40_000, 4)
    assert_close(shares.sum(dim=1), torch.ones(40_000, dtype=torch.float64))
    assert_close(shares.mean(dim=0), torch.full((4,), 0.25, dtype=torch.float64), rtol=0, atol=0.005)
    assert_close((shares > 0.5).double().mean(dim=0), torch.full((4,), 1 / 8, dtype=torch.float64), rtol=0, atol=0.008)


def test_losses_inside_are_those_of_a_loop_and_models_may_be_vertices():
    objective, models = Objective(mlp(), CE, (normal(40, 4), labels(3, 40))), [mlp(seed=s) for s in (3, 4, 5)]
    found, again = ps.simplex(objective, models, draws=15), ps.simplex(objective, models, draws=15)
    vertices = torch.stack([point(each) for each in models])
    start = objective.point
    for shares, loss in zip(found.shares, found.losses, strict=True):
        write(shares @ vertices, objective.model)
        assert_close(loss, objective.loss(), rtol=1e-9, atol=0)
    write(start, objective.model)
    assert_close(found.vertices, torch.stack([objective.loss(each) for each in vertices]), rtol=0, atol=0)
    assert torch.equal(found.losses, again.losses)


def test_normalisation_statistics_are_those_of_each_point():
    def normalised(seed):
        return drawn(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)), seed).eval()

    objective = Objective(normalised(1), CE, (normal(40, 4), labels(3, 40)))
    models = [normalised(seed) for seed in (1, 2, 3)]
    found, stored = (ps.simplex(objective, models, draws=5, statistics=kind) for kind in ("recomputed", "stored"))
    assert "recomputed" in found.evidence
    assert (found.losses - stored.losses).abs().max() > 1e-3


def test_what_is_not_finite_and_what_makes_no_sense():
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    ones = torch.ones(1, 1, dtype=torch.float64)
    objective = Objective(model, lambda y, _: torch.where(y > 0.5, y / 0.0, y).mean(), (ones, ones))
    assert ps.simplex(objective, torch.tensor([[0.0], [1.0]])).outcome is Outcome.NOT_FINITE
    for vertices, draws in ((torch.zeros(1, 1), 5), (torch.zeros(2, 1), 1)):
        with pytest.raises(BadInput, match="at least 2 vertices and 2 draws"):
            ps.simplex(objective, vertices, draws=draws)
    with pytest.raises(BadInput, match="`vertices` must be a point"):
        ps.simplex(objective, torch.zeros(2, 3))
