"""The volume of low loss against the ellipsoid's closed form; honest where it is heavy-tailed or endless."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from oracles import PROBLEMS, drawn, seeded
from phenoscope.core.errors import BadInput
from phenoscope.instruments import Outcome, epsilon_volume
from phenoscope.instruments.flatness import volume as module
from phenoscope.objective import Objective
from quadratics import bowl, spread, turned


def ellipsoid(values: torch.Tensor, epsilon: float) -> float:
    return math.log(2 * epsilon) / 2 - values.log().sum().item() / (2 * len(values))


@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_on_a_quadratic_it_is_that_of_the_ellipsoid(epsilon):
    values = spread(3.0, 1.5, 1.0, 0.8)
    reading = epsilon_volume(bowl(turned(values)), epsilon, directions=200)
    assert abs(reading.value - ellipsoid(values, epsilon)) <= 3.5 * reading.standard_error + 1e-3
    assert reading.converged
    assert reading.standard_error < 0.03
    ball = math.log(math.pi**2 / 2)
    assert_close(reading.log_volume, 4 * reading.value + ball, rtol=1e-12, atol=0)
    assert reading.reached == 0
    assert 10 <= reading.effective <= 200


def test_on_a_sphere_every_direction_counts_alike():
    reading = epsilon_volume(bowl(2.0 * torch.eye(6, dtype=torch.float64)), 0.25, directions=20)
    assert_close(reading.value, math.log(0.5), rtol=0, atol=1e-3)
    assert_close((reading.effective, reading.median), (20.0, math.log(0.5)), rtol=0.01, atol=0)
    assert reading.passes < 20 * 5 + 80  # after the first ray the parabola is right at once


def test_its_error_covers():
    """Radii of an ellipsoid, r⁻² = uᵀHu / 2ε, without a search."""
    values, covered = spread(2.0, 1.5, 1.0, 0.7), []
    for seed in range(400):
        units = torch.nn.functional.normalize(torch.randn(100, 4, generator=seeded(seed), dtype=torch.float64), dim=1)
        reading = module._reading((units.square() @ values / 2).rsqrt(), 4, 1e9, 0)
        covered.append(abs(reading.value - ellipsoid(values, 1.0)) <= 1.96 * reading.standard_error)
    assert 0.91 <= np.mean(covered) <= 0.98


def test_where_a_few_radii_decide_it_says_so():
    """400 dimensions, eigenvalues over two decades: the value is too small, and no error can know by how much."""
    values = torch.logspace(-1, 1, 400, dtype=torch.float64)
    units = torch.nn.functional.normalize(torch.randn(300, 400, generator=seeded(0), dtype=torch.float64), dim=1)
    radii = (units.square() @ values / 2).rsqrt()
    reading = module._reading(radii, 400, 1e9, 0)
    assert reading.value < ellipsoid(values, 1.0) - 2 * reading.standard_error
    assert_close(reading.standard_error, radii.log().std().item())
    assert reading.effective < 10
    assert reading.outcome is Outcome.NOT_CONVERGED
    assert f"rests on {reading.effective:.1f} of 300 directions" in reading.evidence


def test_behind_a_dead_unit_half_of_all_directions_never_end():
    """L = relu(w₁)·w₂ squared, with w₁ < 0: whatever w₂ does, for every direction that does not raise w₁."""
    dead = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU(), nn.Linear(1, 1, bias=False)).double()
    with torch.no_grad():
        dead[0].weight.fill_(-1.0)
        dead[2].weight.fill_(1.0)
    ones = torch.ones(4, 1, dtype=torch.float64)
    objective = Objective(dead, nn.MSELoss(), (ones, 0 * ones))
    near, far = (epsilon_volume(objective, 0.1, limit=limit, directions=48) for limit in (1e3, 1e6))
    assert 14 <= near.reached == far.reached <= 34
    assert_close(far.value - near.value, math.log(1e3), rtol=1e-3, atol=0)
    assert near.outcome is Outcome.NOT_CONVERGED
    assert "without an end within the limit" in near.evidence


def test_the_radius_is_the_first_where_the_loss_is_too_high():
    """A double well: beyond the ridge the loss is low again."""

    class Wells(nn.Module):
        def __init__(self):
            super().__init__()
            self.at = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))

        def forward(self, x):
            return ((self.at**2 - 1) ** 2).expand(len(x))

    objective = Objective(Wells(), lambda o, t: o.mean(), (torch.ones(4, 1), torch.ones(4)))
    reading = epsilon_volume(objective, 0.5, directions=50)
    ends = [math.sqrt(1 + math.sqrt(0.5)) - 1, 1 - math.sqrt(1 - math.sqrt(0.5))]
    assert_close(math.exp(reading.value), sum(ends) / 2, rtol=0.05, atol=0)


@pytest.mark.parametrize("name", ["tanh perceptron", "tied, ignoring targets", "unused"])
def test_any_network_in_both_precisions(name):
    problem = PROBLEMS[name]()
    objective = Objective(problem.model, problem.loss, problem.data, 4)
    one, two = (epsilon_volume(objective, directions=8, generator=seeded(seed)) for seed in (1, 1))
    assert one == two
    assert math.isfinite(one.value)
    wide = drawn(nn.Linear(3, 1)).float()
    data = torch.randn(9, 3, generator=seeded(1)), torch.randn(9, 1, generator=seeded(2))
    single = epsilon_volume(Objective(wide, nn.MSELoss(), data), directions=8)
    double = epsilon_volume(Objective(wide.double(), nn.MSELoss(), (data[0].double(), data[1].double())), directions=8)
    assert_close(single.value, double.value, rtol=0, atol=2e-3)


@pytest.mark.parametrize("options", [{"epsilon": 0.0}, {"directions": 1}, {"limit": math.inf}, {"tol": 1.0}], ids=str)
def test_bad_options(options):
    with pytest.raises(BadInput, match="must be positive"):
        epsilon_volume(bowl(turned(spread(1.0, 2.0))), **options)
